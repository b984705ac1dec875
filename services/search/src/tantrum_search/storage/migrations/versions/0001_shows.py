"""
The index: a row a show, and the catalogue revision that the rows stand at.

Everything in here is made from the catalogue, and can be made again.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_POSITION = """
CREATE TABLE search.position (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL CHECK (revision >= 0)
)
"""

_FIRST_POSITION = "INSERT INTO search.position (revision) VALUES (0)"

_SHOW = """
CREATE TABLE search.show (
    id integer PRIMARY KEY,
    featured boolean NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    -- Our own terms. Weight A is the name, B aliases, C creator and themes, D description.
    terms tsvector NOT NULL,
    -- Position that the themes begin at: before it, weight C is the creator.
    themes_start integer NOT NULL,
    title_starts integer[] NOT NULL,
    title_ends integer[] NOT NULL,
    min_age smallint NOT NULL,
    max_age smallint,
    stimulation smallint NOT NULL,
    levels smallint[] NOT NULL CHECK (cardinality(levels) = 7),
    themes text[] NOT NULL,
    platforms text[] NOT NULL,
    animation_style text NOT NULL,
    creator text NOT NULL,
    episode_minutes integer,
    release_year integer,
    ongoing boolean NOT NULL,
    youtube boolean NOT NULL,
    -- What highlights need, as [field, text] in the order of places.
    texts jsonb NOT NULL,
    -- tvtantrum.catalog.v1.Show, serialised.
    payload bytea NOT NULL
)
"""

_INDEXES = (
    "CREATE INDEX show_terms ON search.show USING gin (terms)",
    "CREATE INDEX show_themes ON search.show USING gin (themes)",
    "CREATE INDEX show_by_popularity ON search.show ((NOT featured), name_key, id)",
)


def upgrade() -> None:
    for statement in (_POSITION, _FIRST_POSITION, _SHOW, *_INDEXES):
        op.execute(statement)
