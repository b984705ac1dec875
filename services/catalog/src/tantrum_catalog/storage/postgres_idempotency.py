"""Requests with an idempotency key, in PostgreSQL."""

from __future__ import annotations

import datetime as dt
import json
from typing import Final

import asyncpg
from tantrum_kit.postgres import Database, Record

from tantrum_catalog.domain.editor import EditorNotFoundError
from tantrum_catalog.domain.idempotency import (
    KEPT,
    LOST_AFTER,
    Begun,
    Key,
    State,
    StoredResponse,
)

_FORGET: Final = """
DELETE FROM catalog.idempotency_key WHERE (editor_id, key) IN (
    SELECT editor_id, key FROM catalog.idempotency_key
    WHERE begin_time <= $1 ORDER BY begin_time LIMIT 100 FOR UPDATE SKIP LOCKED
)
"""

# Takes over what is lost, what is too old to be kept, and the same attempt's own; locks the
# row even where it does none of these.
_BEGIN: Final = """
INSERT INTO catalog.idempotency_key AS known (
    editor_id, key, payload_digest, begin_time, attempt_id
) VALUES ($1, $2, $3, $4, $7)
ON CONFLICT (editor_id, key) DO UPDATE
SET payload_digest = $3, begin_time = $4, attempt_id = $7,
    status = NULL, headers = NULL, body = NULL
WHERE known.begin_time <= $6
    OR (known.status IS NULL AND known.payload_digest = $3
        AND (known.begin_time <= $5 OR known.attempt_id = $7))
RETURNING attempt_id
"""

_KNOWN: Final = "SELECT * FROM catalog.idempotency_key WHERE editor_id = $1 AND key = $2"

_COMPLETE: Final = """
UPDATE catalog.idempotency_key SET status = $4, headers = $5, body = $6
WHERE editor_id = $1 AND key = $2 AND attempt_id = $3 AND status IS NULL
RETURNING attempt_id
"""

_ABANDON: Final = """
DELETE FROM catalog.idempotency_key
WHERE editor_id = $1 AND key = $2 AND attempt_id = $3 AND status IS NULL
"""


class PostgresIdempotencyStore:
    """An `IdempotencyStore`. Always on the primary."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, key: Key, *, attempt_id: int, payload_digest: bytes, now: dt.datetime
    ) -> Begun:
        oldest = now - KEPT
        async with self._database.transaction() as connection:
            await connection.execute(_FORGET, oldest)
            try:
                begun = await connection.fetchval(
                    _BEGIN,
                    *(key.editor_id, key.text, payload_digest),
                    *(now, now - LOST_AFTER, oldest, attempt_id),
                )
            except asyncpg.ForeignKeyViolationError as error:
                raise EditorNotFoundError(key.editor_id) from error
            if begun is not None:
                return Begun(state=State.BEGUN, attempt_id=begun)
            known = await connection.fetchrow(_KNOWN, key.editor_id, key.text)
        if known["payload_digest"] != payload_digest:
            return Begun(state=State.OTHER_PAYLOAD)
        if known["status"] is None:
            return Begun(state=State.RUNNING)
        return Begun(state=State.COMPLETED, response=_response_of(known))

    async def complete(self, key: Key, *, attempt_id: int, response: StoredResponse) -> bool:
        rows = await self._database.fetch(
            _COMPLETE,
            *(key.editor_id, key.text, attempt_id),
            *(response.status, json.dumps(dict(response.headers)), response.body),
        )
        return bool(rows)

    async def abandon(self, key: Key, *, attempt_id: int) -> None:
        await self._database.fetch(_ABANDON, key.editor_id, key.text, attempt_id)


def _response_of(row: Record) -> StoredResponse:
    return StoredResponse(
        status=row["status"], headers=json.loads(row["headers"]), body=row["body"]
    )
