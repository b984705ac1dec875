"""
Editing: sessions, API tokens, idempotency keys, the audit log.

The release before writes editors, themes and platforms without the new columns, so they have
defaults; it writes no audit log.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COLUMNS = (
    "ALTER TABLE catalog.editor ADD COLUMN IF NOT EXISTS active boolean NOT NULL DEFAULT true",
    *(
        f"ALTER TABLE catalog.{table} ADD COLUMN IF NOT EXISTS "
        "revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0)"
        for table in ("editor", "theme", "platform")
    ),
)

_SESSION = """
CREATE TABLE catalog.session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    editor_id integer NOT NULL REFERENCES catalog.editor,
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    create_time timestamptz NOT NULL,
    use_time timestamptz NOT NULL,
    user_agent text NOT NULL CHECK (length(user_agent) <= 200)
)
"""

_TABLE_OF_API_TOKENS = """
CREATE TABLE catalog.api_token (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    editor_id integer NOT NULL REFERENCES catalog.editor,
    token_digest bytea NOT NULL UNIQUE CHECK (length(token_digest) = 32),
    prefix text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL CHECK (expire_time > create_time),
    use_time timestamptz
)
"""

_IDEMPOTENCY_KEY = """
CREATE TABLE catalog.idempotency_key (
    editor_id integer NOT NULL REFERENCES catalog.editor,
    key text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    payload_digest bytea NOT NULL CHECK (length(payload_digest) = 32),
    -- Names the last attempt: an earlier one that comes late can store nothing.
    attempt_id bigint GENERATED ALWAYS AS IDENTITY,
    begin_time timestamptz NOT NULL,
    -- The answer; no status while it is under way.
    status smallint CHECK (status BETWEEN 200 AND 499),
    headers jsonb,
    body bytea CHECK (length(body) <= 262144),
    PRIMARY KEY (editor_id, key)
)
"""

_AUDIT = """
CREATE TABLE catalog.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    write_time timestamptz NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('editor', 'service', 'command')),
    editor_id integer REFERENCES catalog.editor,
    -- Of a token that may be gone by now.
    api_token_id integer,
    request_id text NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    resource_name text NOT NULL,
    before jsonb,
    after jsonb,
    revision bigint NOT NULL CHECK (revision >= 0),
    CHECK ((actor_kind = 'editor') = (editor_id IS NOT NULL))
)
"""

# What is logged stays as it is, whatever a mistake in the code may ask for.
_APPEND_ONLY = (
    """
    CREATE OR REPLACE FUNCTION catalog.refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
    """,
    """
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON catalog.audit
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_rewriting()
    """,
)

_INDEXES = (
    "session_by_editor ON catalog.session (editor_id, use_time)",
    "session_by_use_time ON catalog.session (use_time)",
    "api_token_by_editor ON catalog.api_token (editor_id, id)",
    "idempotency_key_by_time ON catalog.idempotency_key (begin_time)",
    "audit_by_editor ON catalog.audit (editor_id, id)",
    "audit_by_resource ON catalog.audit (kind, resource_id, id)",
    "audit_by_time ON catalog.audit (write_time)",
)


def upgrade() -> None:
    for statement in (
        *_COLUMNS,
        *(_SESSION, _TABLE_OF_API_TOKENS, _IDEMPOTENCY_KEY, _AUDIT),
        *_APPEND_ONLY,
        *(f"CREATE INDEX {index}" for index in _INDEXES),
    ):
        op.execute(statement)
