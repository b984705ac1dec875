"""API tokens in PostgreSQL. Always on the primary: what is revoked is so at once."""

from __future__ import annotations

import datetime as dt
from typing import Final

from tantrum_kit.postgres import Database, Record

from tantrum_catalog.domain.api_tokens import (
    PER_EDITOR_MAX,
    USE_NOTED_EVERY,
    ApiToken,
    ApiTokenFacts,
    ApiTokenId,
    Scope,
    TooManyApiTokensError,
)
from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.editor import Editor, EditorId, EditorNotFoundError
from tantrum_catalog.storage.postgres_audit import append_audit
from tantrum_catalog.storage.postgres_editors import editor_of

# The editor's row is locked: of two that are made at once, one counts the other.
_EDITOR: Final = "SELECT id FROM catalog.editor WHERE id = $1 FOR NO KEY UPDATE"
_FORGET: Final = "DELETE FROM catalog.api_token WHERE editor_id = $1 AND expire_time <= $2"
_COUNT: Final = "SELECT count(*) FROM catalog.api_token WHERE editor_id = $1"

_ADD: Final = """
INSERT INTO catalog.api_token
    (editor_id, token_digest, prefix, name, scopes, create_time, expire_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING *
"""

_LISTED: Final = """
SELECT * FROM catalog.api_token WHERE editor_id = $1 AND expire_time > $2 ORDER BY id DESC
"""

_REVOKE: Final = """
DELETE FROM catalog.api_token WHERE editor_id = $1 AND id = $2 AND expire_time > $3 RETURNING *
"""

_USE: Final = """
SELECT token.id AS token_id, token.editor_id, token.prefix, token.scopes, token.expire_time,
    token.use_time, token.name AS token_name, token.create_time AS token_create_time, editor.*
FROM catalog.api_token AS token JOIN catalog.editor ON editor.id = token.editor_id
WHERE token_digest = $1 AND expire_time > $2 AND editor.active
"""

_NOTE_USE: Final = "UPDATE catalog.api_token SET use_time = greatest(use_time, $2) WHERE id = $1"


class PostgresApiTokenStore:
    """An `ApiTokenStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        editor_id: EditorId,
        facts: ApiTokenFacts,
        *,
        digest: bytes,
        prefix: str,
        now: dt.datetime,
    ) -> ApiToken:
        async with self._database.transaction() as connection:
            if await connection.fetchval(_EDITOR, editor_id) is None:
                raise EditorNotFoundError(editor_id)
            await connection.execute(_FORGET, editor_id, now)
            if await connection.fetchval(_COUNT, editor_id) >= PER_EDITOR_MAX:
                raise TooManyApiTokensError
            values = (facts.name, facts.scopes, now, facts.expire_time)
            row = await connection.fetchrow(_ADD, editor_id, digest, prefix, *values)
            made = _token_of(row)
            record = record_of(AuditAction.CREATE, after=made)
            await append_audit(connection, [record], time=now)
            return made

    async def listed(self, editor_id: EditorId, *, now: dt.datetime) -> list[ApiToken]:
        rows = await self._database.fetch(_LISTED, editor_id, now)
        return [_token_of(row) for row in rows]

    async def revoke(self, editor_id: EditorId, token_id: ApiTokenId, *, now: dt.datetime) -> bool:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_REVOKE, editor_id, token_id, now)
            if row is None:
                return False
            record = record_of(AuditAction.DELETE, before=_token_of(row))
            await append_audit(connection, [record], time=now)
            return True

    async def use(self, digest: bytes, *, now: dt.datetime) -> tuple[ApiToken, Editor] | None:
        rows = await self._database.fetch(_USE, digest, now)
        if not rows:
            return None
        [row] = rows
        if row["use_time"] is None or row["use_time"] <= now - USE_NOTED_EVERY:
            await self._database.fetch(_NOTE_USE, row["token_id"], now)
        own = {
            **dict(row.items()),
            "id": row["token_id"],
            "name": row["token_name"],
            "create_time": row["token_create_time"],
        }
        return _token_of(own), editor_of(row)


def _token_of(row: Record) -> ApiToken:
    facts = ApiTokenFacts(
        name=row["name"],
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        expire_time=row["expire_time"],
    )
    return ApiToken(
        id=ApiTokenId(row["id"]),
        editor_id=EditorId(row["editor_id"]),
        facts=facts,
        prefix=row["prefix"],
        create_time=row["create_time"],
        use_time=row["use_time"],
    )
