"""Editors in PostgreSQL; the throttle holds over restarts and all replicas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import asyncpg
from tantrum_kit.postgres import Connection, Database, Record

from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.editor import (
    Account,
    AccountKey,
    Editor,
    EditorChangedError,
    EditorExistsError,
    EditorId,
    EditorNotFoundError,
    account_digest,
    account_key,
)
from tantrum_catalog.domain.ports import Page
from tantrum_catalog.storage.postgres_audit import append_audit

_FIND: Final = "SELECT * FROM catalog.editor WHERE account_key = $1"
_BY_ID: Final = "SELECT * FROM catalog.editor WHERE id = $1"
_LOCK: Final = "SELECT * FROM catalog.editor WHERE id = $1 FOR NO KEY UPDATE"

_PAGE: Final = """
SELECT editor.*, (SELECT count(*) FROM catalog.editor) AS total
FROM catalog.editor WHERE $1::int IS NULL OR id > $1 ORDER BY id LIMIT $2::int
"""

_COUNT: Final = "SELECT count(*) AS total FROM catalog.editor"

_ADD: Final = """
INSERT INTO catalog.editor (email, account_key, name, password_hash, create_time, password_time)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (account_key) DO NOTHING
RETURNING *
"""

_PUT: Final = """
UPDATE catalog.editor
SET email = $2, account_key = $3, name = $4, active = $5, revision = revision + 1
WHERE id = $1
RETURNING *
"""

_REPLACE_HASH: Final = """
UPDATE catalog.editor
SET password_hash = $2, password_time = coalesce($3, password_time),
    revision = revision + CASE WHEN $3::timestamptz IS NULL THEN 0 ELSE 1 END
WHERE id = $1
RETURNING *
"""

_END_SESSIONS: Final = "DELETE FROM catalog.session WHERE editor_id = $1"
_REVOKE_TOKENS: Final = "DELETE FROM catalog.api_token WHERE editor_id = $1"

# Locks the row even where it does not change it. Takes some of what is paid off with it, so
# that guesses at strangers' addresses do not pile up.
_TAKE_ATTEMPT: Final = """
WITH forgotten AS (
    DELETE FROM catalog.sign_in_debt WHERE account_digest IN (
        SELECT account_digest FROM catalog.sign_in_debt
        WHERE paid_off_time <= $2 AND account_digest <> $1
        ORDER BY paid_off_time LIMIT 100
        FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO catalog.sign_in_debt AS debt (account_digest, paid_off_time)
VALUES ($1, $2::timestamptz + $3::interval)
ON CONFLICT (account_digest) DO UPDATE
SET paid_off_time = greatest(debt.paid_off_time, $2) + $3
WHERE greatest(debt.paid_off_time, $2) + $3 <= $2 + $4::interval
RETURNING paid_off_time
"""

_PAID_OFF_TIME: Final = "SELECT paid_off_time FROM catalog.sign_in_debt WHERE account_digest = $1"

_GIVE_BACK: Final = """
UPDATE catalog.sign_in_debt SET paid_off_time = paid_off_time - $2::interval
WHERE account_digest = $1
"""

_FORGIVE: Final = "DELETE FROM catalog.sign_in_debt WHERE account_digest = $1"


class PostgresEditorStore:
    """An `EditorStore`. Always on the primary: a password counts from when it is set."""

    def __init__(self, database: Database, *, now: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._now = now

    async def find(self, key: AccountKey) -> Account | None:
        rows = await self._database.fetch(_FIND, key)
        return _account_of(rows[0]) if rows else None

    async def account(self, editor_id: EditorId) -> Account:
        rows = await self._database.fetch(_BY_ID, editor_id)
        if not rows:
            raise EditorNotFoundError(editor_id)
        return _account_of(rows[0])

    async def page(self, *, after: EditorId | None, limit: int) -> Page[Editor]:
        # One more than asked for says whether there is a next page.
        rows = await self._database.fetch(_PAGE, after, limit + 1)
        counted = rows or await self._database.fetch(_COUNT)
        return Page(
            items=tuple(editor_of(row) for row in rows[:limit]),
            has_more=len(rows) > limit,
            total=counted[0]["total"],
        )

    async def add(
        self, *, email: str, name: str, password_hash: str, create_time: dt.datetime
    ) -> Editor:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                _ADD, email, account_key(email), name, password_hash, create_time
            )
            if row is None:
                raise EditorExistsError
            record = record_of(AuditAction.CREATE, after=editor_of(row))
            await append_audit(connection, [record], time=create_time)
            return editor_of(row)

    async def put(self, editor: Editor, *, expected_revision: int) -> Editor:
        async with self._database.transaction() as connection:
            before = await _locked(connection, editor.id)
            if before.editor.revision != expected_revision:
                raise EditorChangedError(
                    editor.id, expected=expected_revision, stored=before.editor.revision
                )
            key = account_key(editor.email)
            try:
                row = await connection.fetchrow(
                    _PUT, editor.id, editor.email, key, editor.name, editor.active
                )
            except asyncpg.UniqueViolationError as error:
                raise EditorExistsError from error
            if not editor.active:
                await _take_access(connection, editor.id)
            record = record_of(AuditAction.UPDATE, before=before.editor, after=editor_of(row))
            await append_audit(connection, [record], time=self._now())
            return editor_of(row)

    async def set_password(
        self,
        editor_id: EditorId,
        *,
        password_hash: str,
        replaces: str,
        password_time: dt.datetime | None,
    ) -> Editor | None:
        async with self._database.transaction() as connection:
            before = await _locked(connection, editor_id)
            if before.password_hash != replaces:
                return None
            row = await connection.fetchrow(_REPLACE_HASH, editor_id, password_hash, password_time)
            if password_time is not None:
                await _take_access(connection, editor_id)
                record = record_of(
                    AuditAction.SET_PASSWORD, before=before.editor, after=editor_of(row)
                )
                await append_audit(connection, [record], time=password_time)
            return editor_of(row)

    async def take_attempt(
        self, key: AccountKey, *, now: dt.datetime, cost: dt.timedelta, limit: dt.timedelta
    ) -> dt.timedelta:
        digest = account_digest(key)
        async with self._database.transaction() as connection:
            if await connection.fetchval(_TAKE_ATTEMPT, digest, now, cost, limit):
                return dt.timedelta()
            paid_off_time: dt.datetime = await connection.fetchval(_PAID_OFF_TIME, digest)
            return paid_off_time + cost - now - limit

    async def give_back(self, key: AccountKey, *, cost: dt.timedelta) -> None:
        await self._database.fetch(_GIVE_BACK, account_digest(key), cost)

    async def forgive(self, key: AccountKey) -> None:
        await self._database.fetch(_FORGIVE, account_digest(key))


def editor_of(row: Record) -> Editor:
    """Return the editor of a row of `catalog.editor`."""
    return Editor(
        id=EditorId(row["id"]),
        email=row["email"],
        name=row["name"],
        create_time=row["create_time"],
        password_time=row["password_time"],
        active=row["active"],
        revision=row["revision"],
    )


def _account_of(row: Record) -> Account:
    return Account(editor=editor_of(row), password_hash=row["password_hash"])


async def _locked(connection: Connection, editor_id: EditorId) -> Account:
    """Return an account that nobody else writes meanwhile. Raises `EditorNotFoundError`."""
    row = await connection.fetchrow(_LOCK, editor_id)
    if row is None:
        raise EditorNotFoundError(editor_id)
    return _account_of(row)


async def _take_access(connection: Connection, editor_id: EditorId) -> None:
    await connection.execute(_END_SESSIONS, editor_id)
    await connection.execute(_REVOKE_TOKENS, editor_id)
