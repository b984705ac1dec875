"""
What can be asked about editors: who they are, and whether somebody is one.

A stranger learns nothing from a refusal. An unknown e-mail, one of an editor who is not
active, and a wrong password cost the same work and get the same words, and all count against
the same throttle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from tantrum_kit import errors

from tantrum_catalog.domain import actor, passwords
from tantrum_catalog.domain.editor import (
    EMAIL_CHARACTERS_MAX,
    Account,
    AccountKey,
    Editor,
    EditorChangedError,
    EditorExistsError,
    EditorId,
    OwnAccountError,
    account_key,
    check_email,
    check_name,
)
from tantrum_catalog.domain.ports import Page
from tantrum_catalog.domain.throttle import DebtStore, Throttle, address_key


class SignInError(errors.UnauthenticatedError):
    reason = "WRONG_EMAIL_OR_PASSWORD"

    def __init__(self) -> None:
        super().__init__("the e-mail or the password is wrong")


class PasswordChangedError(errors.ConflictError):
    reason = "PASSWORD_CHANGED"

    def __init__(self) -> None:
        super().__init__("the password was changed meanwhile")


class EditorStore(DebtStore, Protocol):
    """
    Keeps editors and their password hashes.

    Every method may raise `UnavailableError` and is atomic: of two calls at
    once, one sees what the other did. Writes are in the audit log, and may raise
    `EditorInactiveError` about whoever writes.
    """

    async def find(self, key: AccountKey) -> Account | None: ...

    async def account(self, editor_id: EditorId) -> Account:
        """Raises `EditorNotFoundError`."""

    async def page(self, *, after: EditorId | None, limit: int) -> Page[Editor]:
        """The editors by ascending id."""

    async def add(
        self, *, email: str, name: str, password_hash: str, create_time: dt.datetime
    ) -> Editor:
        """Make an editor with a new id. Raises `EditorExistsError`."""

    async def put(self, editor: Editor, *, expected_revision: int) -> Editor:
        """
        Store e-mail, name and whether active, if the revision is *expected_revision*.

        Who is not active then has no sessions and no API tokens any more. Raises
        `EditorNotFoundError`, `EditorChangedError`, `EditorExistsError`.
        """

    async def set_password(
        self,
        editor_id: EditorId,
        *,
        password_hash: str,
        replaces: str,
        password_time: dt.datetime | None,
    ) -> Editor | None:
        """
        Store *password_hash* if the present one is *replaces*; else return None.

        The editor then has no sessions and no API tokens any more. A
        *password_time* of None keeps the time and those, since the password is
        the same; that is not in the audit log.
        """


class PasswordHasher(Protocol):
    """Hashes passwords, slowly and off the event loop. May raise `UnavailableError`."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Compare; with no hash do the same work, and return false."""

    def outdated(self, password_hash: str) -> bool:
        """Say whether `hash` would make another kind of hash today."""


class Editors:
    """What can be asked about editors. Safe to share."""

    def __init__(
        self, store: EditorStore, hasher: PasswordHasher, *, now: Callable[[], dt.datetime]
    ) -> None:
        self._store = store
        self._throttle = Throttle(store)
        self._hasher = hasher
        self._now = now

    async def sign_in(self, email: str, password: str, *, client_address: str = "") -> Editor:
        """
        Return the editor whom e-mail and password prove.

        A hash of an older kind is replaced on the way.

        Raises:
            SignInError: no such editor, not an active one, or another password.
            TooManyFailuresError: the account or the address has to wait.
            InvalidInputError: something is missing, too long or no address.
        """
        account = await self._proven(email, password, client_address, field="password")
        if self._hasher.outdated(account.password_hash):
            # Lost to somebody who sets a password at this moment, as it should be.
            await self._store.set_password(
                account.editor.id,
                password_hash=await self._hasher.hash(password),
                replaces=account.password_hash,
                password_time=None,
            )
        return account.editor

    async def create(self, *, email: str, password: str, name: str = "") -> Editor:
        """Make an editor. Raises `InvalidInputError` and `EditorExistsError`."""
        email, name = email.strip(), name.strip()
        check_email(email)
        check_name(name)
        passwords.check_new(password, field="password")
        # Known before the slow part; `add` decides.
        if await self._store.find(account_key(email)) is not None:
            raise EditorExistsError
        return await self._store.add(
            email=email,
            name=name,
            password_hash=await self._hasher.hash(password),
            create_time=self._now(),
        )

    async def get(self, editor_id: EditorId) -> Editor:
        """Raises `EditorNotFoundError`."""
        return (await self._store.account(editor_id)).editor

    async def update(
        self,
        editor_id: EditorId,
        change: Callable[[Editor], Editor],
        *,
        expected_revision: int | None,
    ) -> Editor:
        """
        Store what *change* makes of an editor's e-mail, name, and whether active.

        Raises:
            InvalidInputError: the e-mail or the name cannot be one.
            OwnAccountError: editors would make themselves inactive.
            EditorNotFoundError, EditorExistsError: as they say.
            EditorChangedError: the revision is not *expected_revision*, or
                somebody else wrote in between.
        """
        present = (await self._store.account(editor_id)).editor
        changed = change(present)
        changed = replace(changed, email=changed.email.strip(), name=changed.name.strip())
        check_email(changed.email)
        check_name(changed.name)
        if not changed.active and editor_id == actor.current().editor_id:
            raise OwnAccountError("make an editor inactive")
        return await self._store.put(
            changed, expected_revision=expected_revision or present.revision
        )

    async def change_password(
        self, *, email: str, current: str, new: str, client_address: str = ""
    ) -> Editor:
        """
        Set a new password, given the present one.

        Raises:
            PasswordChangedError: somebody else set it in between.
            SignInError, TooManyFailuresError, InvalidInputError: as `sign_in`.
        """
        passwords.check_new(new, field="new_password")
        account = await self._proven(email, current, client_address, field="current_password")
        with actor.acting_as(account.editor.id):
            return await self._set_password(account, new)

    async def reset_password(
        self, editor_id: EditorId, *, new: str, expected_revision: int | None
    ) -> Editor:
        """
        Set a new password for another editor.

        Raises:
            OwnAccountError: it is one's own, which takes the present one.
            EditorChangedError: the revision is not *expected_revision*.
            InvalidInputError, EditorNotFoundError, PasswordChangedError: as they say.
        """
        passwords.check_new(new, field="new_password")
        if editor_id == actor.current().editor_id:
            raise OwnAccountError("reset a password")
        account = await self._store.account(editor_id)
        if expected_revision not in (None, account.editor.revision):
            raise EditorChangedError(
                editor_id, expected=expected_revision, stored=account.editor.revision
            )
        editor = await self._set_password(account, new)
        await self._store.forgive(account_key(editor.email))
        return editor

    async def _set_password(self, account: Account, new: str) -> Editor:
        editor = await self._store.set_password(
            account.editor.id,
            password_hash=await self._hasher.hash(new),
            replaces=account.password_hash,
            password_time=self._now(),
        )
        if editor is None:
            raise PasswordChangedError
        return editor

    async def _proven(
        self, email: str, password: str, client_address: str, *, field: str
    ) -> Account:
        if not email.strip():
            raise errors.InvalidInputError.of("email", "is required")
        if len(email) > EMAIL_CHARACTERS_MAX:
            raise errors.InvalidInputError.of("email", "is too long")
        passwords.check_given(password, field=field)
        key, address = account_key(email), address_key(client_address)
        await self._throttle.take(key, address, now=self._now())
        account = await self._store.find(key)
        known_hash = account.password_hash if account else None
        matches = await self._hasher.matches(password, known_hash)
        if account is None or not matches or not account.editor.active:
            raise SignInError
        await self._throttle.succeeded(key, address)
        return account
