"""Editors in memory, for tests and for a service without a database."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from tantrum_catalog.domain.api_tokens import ApiToken
from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.editor import (
    Account,
    AccountKey,
    Editor,
    EditorChangedError,
    EditorExistsError,
    EditorId,
    EditorNotFoundError,
    account_key,
)
from tantrum_catalog.domain.ports import Page
from tantrum_catalog.domain.sessions import Session
from tantrum_catalog.storage.memory_audit import MemoryAuditLog


@dataclass(slots=True, kw_only=True)
class MemoryAccess:
    """What gives editors access, by digest; the stores of each share it."""

    audit: MemoryAuditLog = field(default_factory=MemoryAuditLog)
    session_by_digest: dict[bytes, Session] = field(default_factory=dict)
    token_by_digest: dict[bytes, ApiToken] = field(default_factory=dict)

    def take(self, editor_id: EditorId) -> None:
        """Leave an editor no sessions and no API tokens."""
        for digest, session in list(self.session_by_digest.items()):
            if session.editor.id == editor_id:
                del self.session_by_digest[digest]
        for digest, token in list(self.token_by_digest.items()):
            if token.editor_id == editor_id:
                del self.token_by_digest[digest]


class MemoryEditorStore:
    """An `EditorStore` that no method of awaits in, so each is atomic."""

    def __init__(
        self,
        access: MemoryAccess | None = None,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._access = MemoryAccess() if access is None else access
        self._audit = self._access.audit
        self._now = now
        self._hash_by_id: dict[EditorId, str] = {}
        self._paid_off_time_by_key: dict[AccountKey, dt.datetime] = {}

    async def find(self, key: AccountKey) -> Account | None:
        for editor in self._audit.editors.values():
            if account_key(editor.email) == key:
                return await self.account(editor.id)
        return None

    async def account(self, editor_id: EditorId) -> Account:
        if editor_id not in self._audit.editors:
            raise EditorNotFoundError(editor_id)
        return Account(
            editor=self._audit.editors[editor_id], password_hash=self._hash_by_id[editor_id]
        )

    async def page(self, *, after: EditorId | None, limit: int) -> Page[Editor]:
        editors = self._audit.editors
        rest = [editors[number] for number in sorted(editors) if number > (after or 0)]
        return Page(items=tuple(rest[:limit]), has_more=len(rest) > limit, total=len(editors))

    async def add(
        self, *, email: str, name: str, password_hash: str, create_time: dt.datetime
    ) -> Editor:
        self._audit.require_writer()
        self._require_free(email, EditorId(0))
        editor = Editor(
            id=EditorId(len(self._audit.editors) + 1),
            email=email,
            name=name,
            create_time=create_time,
            password_time=create_time,
        )
        self._audit.editors[editor.id] = editor
        self._hash_by_id[editor.id] = password_hash
        self._audit.append([record_of(AuditAction.CREATE, after=editor)], time=create_time)
        return editor

    async def put(self, editor: Editor, *, expected_revision: int) -> Editor:
        self._audit.require_writer()
        before = (await self.account(editor.id)).editor
        if before.revision != expected_revision:
            raise EditorChangedError(editor.id, expected=expected_revision, stored=before.revision)
        self._require_free(editor.email, editor.id)
        after = dataclasses.replace(
            before,
            email=editor.email,
            name=editor.name,
            active=editor.active,
            revision=before.revision + 1,
        )
        self._audit.editors[editor.id] = after
        if not after.active:
            self._access.take(editor.id)
        record = record_of(AuditAction.UPDATE, before=before, after=after)
        self._audit.append([record], time=self._now())
        return after

    async def set_password(
        self,
        editor_id: EditorId,
        *,
        password_hash: str,
        replaces: str,
        password_time: dt.datetime | None,
    ) -> Editor | None:
        account = await self.account(editor_id)
        if account.password_hash != replaces:
            return None
        before = account.editor
        if password_time is None:
            self._hash_by_id[editor_id] = password_hash
            return before
        self._audit.require_writer()
        after = dataclasses.replace(
            before, password_time=password_time, revision=before.revision + 1
        )
        self._hash_by_id[editor_id] = password_hash
        self._audit.editors[editor_id] = after
        self._access.take(editor_id)
        record = record_of(AuditAction.SET_PASSWORD, before=before, after=after)
        self._audit.append([record], time=password_time)
        return after

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

    async def give_back(self, key: AccountKey, *, cost: dt.timedelta) -> None:
        if key in self._paid_off_time_by_key:
            self._paid_off_time_by_key[key] -= cost

    async def forgive(self, key: AccountKey) -> None:
        self._paid_off_time_by_key.pop(key, None)

    def _require_free(self, email: str, editor_id: EditorId) -> None:
        for other in self._audit.editors.values():
            if other.id != editor_id and account_key(other.email) == account_key(email):
                raise EditorExistsError
