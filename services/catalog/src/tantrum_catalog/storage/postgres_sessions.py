"""Sessions in PostgreSQL. Always on the primary: what has ended has ended at once."""

from __future__ import annotations

import datetime as dt
from typing import Final

from tantrum_kit.postgres import Database, Record

from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.editor import EditorId, EditorInactiveError
from tantrum_catalog.domain.sessions import (
    PER_EDITOR_MAX,
    USE_NOTED_EVERY,
    Lifetime,
    Session,
    SessionId,
)
from tantrum_catalog.storage.postgres_audit import append_audit
from tantrum_catalog.storage.postgres_editors import editor_of

_COLUMNS: Final = """
    session.id AS session_id, session.create_time AS begin_time, session.use_time,
    session.user_agent, editor.*
"""

# The editor's row is locked: of two that begin at once, one counts the other.
_EDITOR: Final = "SELECT * FROM catalog.editor WHERE id = $1 AND active FOR NO KEY UPDATE"

_BEGIN: Final = f"""
WITH session AS (
    INSERT INTO catalog.session (editor_id, token_digest, create_time, use_time, user_agent)
    VALUES ($1, $2, $3, $3, $4)
    RETURNING *
)
SELECT {_COLUMNS} FROM session JOIN catalog.editor ON editor.id = session.editor_id
"""  # noqa: S608 - from constants

# Takes some of everybody's that are over with it, so that they do not pile up.
_MAKE_ROOM: Final = """
DELETE FROM catalog.session WHERE id IN (
    SELECT id FROM catalog.session WHERE editor_id = $1 ORDER BY use_time DESC, id DESC OFFSET $2
)
"""
_FORGET: Final = """
DELETE FROM catalog.session WHERE id IN (
    SELECT id FROM catalog.session WHERE use_time <= $1 ORDER BY use_time LIMIT 100
    FOR UPDATE SKIP LOCKED
)
"""

_LIVE: Final = "editor.active AND session.create_time > $2 AND session.use_time > $3"

_USE: Final = f"""
SELECT {_COLUMNS} FROM catalog.session JOIN catalog.editor ON editor.id = session.editor_id
WHERE token_digest = $1 AND {_LIVE}
"""  # noqa: S608 - from constants

_NOTE_USE: Final = "UPDATE catalog.session SET use_time = greatest(use_time, $2) WHERE id = $1"

_LISTED: Final = f"""
SELECT {_COLUMNS} FROM catalog.session JOIN catalog.editor ON editor.id = session.editor_id
WHERE editor_id = $1 AND {_LIVE}
ORDER BY session.use_time DESC, session.id DESC
"""  # noqa: S608 - from constants

_END: Final = "DELETE FROM catalog.session WHERE token_digest = $1"
_END_BY_ID: Final = "DELETE FROM catalog.session WHERE editor_id = $1 AND id = $2 RETURNING id"
_END_OTHERS: Final = """
DELETE FROM catalog.session WHERE editor_id = $1 AND id IS DISTINCT FROM $2::bigint RETURNING id
"""


class PostgresSessionStore:
    """A `SessionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        editor_id: EditorId,
        *,
        digest: bytes,
        user_agent: str,
        now: dt.datetime,
        lifetime: Lifetime,
    ) -> Session:
        async with self._database.transaction() as connection:
            if await connection.fetchrow(_EDITOR, editor_id) is None:
                raise EditorInactiveError
            await connection.execute(_FORGET, lifetime.used_after(now))
            await connection.execute(_MAKE_ROOM, editor_id, PER_EDITOR_MAX - 1)
            row = await connection.fetchrow(_BEGIN, editor_id, digest, now, user_agent)
            session = _session_of(row)
            record = record_of(AuditAction.SIGN_IN, after=session.editor)
            await append_audit(connection, [record], time=now)
            return session

    async def use(self, digest: bytes, *, now: dt.datetime, lifetime: Lifetime) -> Session | None:
        ends = (lifetime.begun_after(now), lifetime.used_after(now))
        rows = await self._database.fetch(_USE, digest, *ends)
        if not rows:
            return None
        if rows[0]["use_time"] <= now - USE_NOTED_EVERY:
            await self._database.fetch(_NOTE_USE, rows[0]["session_id"], now)
        return _session_of(rows[0])

    async def listed(
        self, editor_id: EditorId, *, now: dt.datetime, lifetime: Lifetime
    ) -> list[Session]:
        ends = (lifetime.begun_after(now), lifetime.used_after(now))
        rows = await self._database.fetch(_LISTED, editor_id, *ends)
        return [_session_of(row) for row in rows]

    async def end(self, digest: bytes) -> None:
        await self._database.fetch(_END, digest)

    async def end_by_id(self, editor_id: EditorId, session_id: SessionId) -> bool:
        return bool(await self._database.fetch(_END_BY_ID, editor_id, session_id))

    async def end_others(self, editor_id: EditorId, *, keep: SessionId | None) -> int:
        return len(await self._database.fetch(_END_OTHERS, editor_id, keep))


def _session_of(row: Record) -> Session:
    return Session(
        id=SessionId(row["session_id"]),
        editor=editor_of(row),
        create_time=row["begin_time"],
        use_time=row["use_time"],
        user_agent=row["user_agent"],
    )
