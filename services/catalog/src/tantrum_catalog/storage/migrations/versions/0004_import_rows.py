"""What earlier imports of the old application's database left, so that a later one can tell."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_IMPORT_ROW = """
CREATE TABLE catalog.import_row (
    kind text NOT NULL CHECK (
        kind IN ('theme', 'platform', 'show', 'category', 'research', 'editor')
    ),
    -- The old id, or the slug where the old rows of several ids are one here.
    key text COLLATE "C" NOT NULL,
    -- Of all that the source said; another one means that the source changed.
    source_digest bytea NOT NULL CHECK (length(source_digest) = 32),
    -- Of the row as the import left it: its revision, or what else moves when it is written.
    stamp text NOT NULL,
    import_time timestamptz NOT NULL,
    PRIMARY KEY (kind, key)
)
"""


def upgrade() -> None:
    op.execute(_IMPORT_ROW)
