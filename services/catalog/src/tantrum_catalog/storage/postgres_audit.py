"""The audit log in PostgreSQL."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Final

from tantrum_kit.postgres import Connection, Database, Record

from tantrum_catalog.domain import actor
from tantrum_catalog.domain.actor import Actor, ActorKind
from tantrum_catalog.domain.audit import (
    AuditAction,
    AuditedKind,
    AuditEntry,
    AuditFilter,
    AuditRecord,
    Snapshot,
)
from tantrum_catalog.domain.change import NO_REVISION, Revision
from tantrum_catalog.domain.editor import EditorId, EditorInactiveError

# Locked, so that an editor who is made inactive at this moment has either written before
# that, or not at all.
_ACTIVE: Final = "SELECT active FROM catalog.editor WHERE id = $1 FOR SHARE"

_APPEND: Final = """
INSERT INTO catalog.audit (
    write_time, actor_kind, editor_id, api_token_id, request_id, revision,
    action, kind, resource_id, resource_name, before, after
)
SELECT $1, $2, $3, $4, $5, $6, action, kind, resource_id, resource_name, before, after
FROM unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[])
    WITH ORDINALITY
    AS record (action, kind, resource_id, resource_name, before, after, ordinal)
ORDER BY ordinal
"""

_NEWEST: Final = """
SELECT audit.*, coalesce(editor.email, '') AS editor_email
FROM catalog.audit LEFT JOIN catalog.editor ON editor.id = audit.editor_id
WHERE ($1::bigint IS NULL OR audit.id < $1)
    AND ($2::int IS NULL OR audit.editor_id = $2)
    AND ($3::text IS NULL OR audit.kind = $3)
    AND ($4::text IS NULL OR audit.resource_id = $4)
    AND ($5::text IS NULL OR audit.action = $5)
    AND ($6::timestamptz IS NULL OR audit.write_time >= $6)
    AND ($7::timestamptz IS NULL OR audit.write_time < $7)
ORDER BY audit.id DESC
LIMIT $8::int
"""


async def append_audit(
    connection: Connection,
    records: Sequence[AuditRecord],
    *,
    time: dt.datetime,
    revision: Revision = NO_REVISION,
) -> None:
    """
    Log what a transaction wrote, for who is `actor.current()`; the last thing in it.

    Raises `EditorInactiveError`, upon which the transaction has to be rolled back.
    """
    who = actor.current()
    if who.kind is ActorKind.EDITOR and not await connection.fetchval(_ACTIVE, who.editor_id):
        raise EditorInactiveError
    await connection.execute(
        _APPEND,
        *(time, who.kind, who.editor_id, who.api_token_id, who.request_id, revision),
        [record.action for record in records],
        [record.kind for record in records],
        [record.resource_id for record in records],
        [record.resource_name for record in records],
        [_json(record.before) for record in records],
        [_json(record.after) for record in records],
    )


class PostgresAuditLog:
    """An `AuditLog`. On the primary: whoever looks has often just written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(
        self, wanted: AuditFilter, *, before: int | None, limit: int
    ) -> list[AuditEntry]:
        rows = await self._database.fetch(
            _NEWEST,
            *(before, wanted.editor_id, wanted.kind, wanted.resource_id, wanted.action),
            *(wanted.from_time, wanted.to_time, limit),
        )
        return [_entry_of(row) for row in rows]


def _entry_of(row: Record) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        write_time=row["write_time"],
        actor=Actor(
            kind=ActorKind(row["actor_kind"]),
            editor_id=None if row["editor_id"] is None else EditorId(row["editor_id"]),
            api_token_id=row["api_token_id"],
            request_id=row["request_id"],
        ),
        editor_email=row["editor_email"],
        record=AuditRecord(
            action=AuditAction(row["action"]),
            kind=AuditedKind(row["kind"]),
            resource_id=row["resource_id"],
            resource_name=row["resource_name"],
            before=_snapshot(row["before"]),
            after=_snapshot(row["after"]),
        ),
        revision=Revision(row["revision"]),
    )


def _json(snapshot: Snapshot | None) -> str | None:
    return None if snapshot is None else json.dumps(snapshot)


def _snapshot(stored: str | None) -> Snapshot | None:
    snapshot: Snapshot | None = None if stored is None else json.loads(stored)
    return snapshot
