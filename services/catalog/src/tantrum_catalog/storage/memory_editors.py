"""Editors in memory, for tests and for a service without a database."""

from __future__ import annotations

import dataclasses
import datetime as dt

from tantrum_catalog.domain.editors import (
    Account,
    AccountKey,
    Editor,
    EditorExistsError,
    EditorId,
    account_key,
)


class MemoryEditorStore:
    """An `EditorStore` that no method of awaits in, so each is atomic."""

    def __init__(self) -> None:
        self._account_by_key: dict[AccountKey, Account] = {}
        self._paid_off_time_by_key: dict[AccountKey, dt.datetime] = {}

    async def find(self, key: AccountKey) -> Account | None:
        return self._account_by_key.get(key)

    async def add(
        self, *, email: str, name: str, password_hash: str, create_time: dt.datetime
    ) -> Editor:
        key = account_key(email)
        if key in self._account_by_key:
            raise EditorExistsError
        editor = Editor(
            id=EditorId(len(self._account_by_key) + 1),
            email=email,
            name=name,
            create_time=create_time,
            password_time=create_time,
        )
        self._account_by_key[key] = Account(editor=editor, password_hash=password_hash)
        return editor

    async def set_password(
        self,
        editor_id: EditorId,
        *,
        password_hash: str,
        replaces: str,
        password_time: dt.datetime | None,
    ) -> Editor | None:
        for key, account in self._account_by_key.items():
            if account.editor.id == editor_id and account.password_hash == replaces:
                editor = account.editor
                if password_time is not None:
                    editor = dataclasses.replace(editor, password_time=password_time)
                self._account_by_key[key] = Account(editor=editor, password_hash=password_hash)
                return editor
        return None

    async def take_attempt(
        self, key: AccountKey, *, now: dt.datetime, cost: dt.timedelta, limit: dt.timedelta
    ) -> dt.timedelta:
        # What is paid off need not be kept.
        self._paid_off_time_by_key = {
            other: time for other, time in self._paid_off_time_by_key.items() if time > now
        }
        paid_off_time = self._paid_off_time_by_key.get(key, now) + cost
        if paid_off_time > now + limit:
            return paid_off_time - now - limit
        self._paid_off_time_by_key[key] = paid_off_time
        return dt.timedelta()

    async def forgive(self, key: AccountKey) -> None:
        self._paid_off_time_by_key.pop(key, None)
