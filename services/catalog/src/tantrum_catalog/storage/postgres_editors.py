"""Editors in PostgreSQL; the throttle holds over restarts and all replicas."""

from __future__ import annotations

import datetime as dt
from typing import Final

from tantrum_kit.postgres import Database, Record

from tantrum_catalog.domain.editors import (
    Account,
    AccountKey,
    Editor,
    EditorExistsError,
    EditorId,
    account_digest,
    account_key,
)

_FIND: Final = "SELECT * FROM catalog.editor WHERE account_key = $1"

_ADD: Final = """
INSERT INTO catalog.editor (email, account_key, name, password_hash, create_time, password_time)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (account_key) DO NOTHING
RETURNING *
"""

_REPLACE_HASH: Final = """
UPDATE catalog.editor
SET password_hash = $2, password_time = coalesce($4, password_time)
WHERE id = $1 AND password_hash = $3
RETURNING *
"""

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

_FORGIVE: Final = "DELETE FROM catalog.sign_in_debt WHERE account_digest = $1"


class PostgresEditorStore:
    """An `EditorStore`. Always on the primary: a password counts from when it is set."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: AccountKey) -> Account | None:
        rows = await self._database.fetch(_FIND, key)
        return _account_of(rows[0]) if rows else None

    async def add(
        self, *, email: str, name: str, password_hash: str, create_time: dt.datetime
    ) -> Editor:
        rows = await self._database.fetch(
            _ADD, email, account_key(email), name, password_hash, create_time
        )
        if not rows:
            raise EditorExistsError
        return _account_of(rows[0]).editor

    async def set_password(
        self,
        editor_id: EditorId,
        *,
        password_hash: str,
        replaces: str,
        password_time: dt.datetime | None,
    ) -> Editor | None:
        rows = await self._database.fetch(
            _REPLACE_HASH, editor_id, password_hash, replaces, password_time
        )
        return _account_of(rows[0]).editor if rows else None

    async def take_attempt(
        self, key: AccountKey, *, now: dt.datetime, cost: dt.timedelta, limit: dt.timedelta
    ) -> dt.timedelta:
        digest = account_digest(key)
        async with self._database.transaction() as connection:
            if await connection.fetchval(_TAKE_ATTEMPT, digest, now, cost, limit):
                return dt.timedelta()
            paid_off_time: dt.datetime = await connection.fetchval(_PAID_OFF_TIME, digest)
            return paid_off_time + cost - now - limit

    async def forgive(self, key: AccountKey) -> None:
        await self._database.fetch(_FORGIVE, account_digest(key))


def _account_of(row: Record) -> Account:
    editor = Editor(
        id=EditorId(row["id"]),
        email=row["email"],
        name=row["name"],
        create_time=row["create_time"],
        password_time=row["password_time"],
    )
    return Account(editor=editor, password_hash=row["password_hash"])
