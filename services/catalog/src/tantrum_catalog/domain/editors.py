"""
Editors: the people who may change the catalogue, and how they prove who they are.

A stranger learns nothing from a refusal. An unknown e-mail and a wrong password
cost the same work and get the same words, and both count against the same
throttle. The throttle is a debt in time: each failure adds `FAILURE_COST`, time
pays it off, and no attempt is made that would lift it over `DEBT_LIMIT`. So ten
failures are free, then there is one more every 90 seconds; refused attempts
cost nothing, so nobody can push an account's next chance away.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NewType, Protocol

from tantrum_kit import errors

from tantrum_catalog.domain import passwords

EditorId = NewType("EditorId", int)

AccountKey = NewType("AccountKey", str)
"""An e-mail address in the one form that all its spellings share."""

FAILURE_COST: Final = dt.timedelta(seconds=90)
DEBT_LIMIT: Final = 10 * FAILURE_COST

_EMAIL_CHARACTERS_MAX: Final = 254
_NAME_CHARACTERS_MAX: Final = 200
_NO_WAIT: Final = dt.timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """A person who may change the catalogue."""

    id: EditorId
    email: str
    """As the editor writes it; compare `account_key` of it."""
    name: str
    """For people; may be empty."""
    create_time: dt.datetime
    password_time: dt.datetime
    """When the password was last set; a rehash does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An editor with what proves the password."""

    editor: Editor
    password_hash: str = field(repr=False)


class SignInError(errors.UnauthenticatedError):
    reason = "WRONG_EMAIL_OR_PASSWORD"

    def __init__(self) -> None:
        super().__init__("the e-mail or the password is wrong")


class TooManyFailuresError(errors.ExhaustedError):
    reason = "TOO_MANY_FAILED_SIGN_INS"

    def __init__(self, wait: dt.timedelta) -> None:
        seconds = math.ceil(wait.total_seconds())
        super().__init__(
            f"too many failed sign-ins; try again in {seconds} seconds", retry_after_seconds=seconds
        )


class EditorExistsError(errors.AlreadyExistsError):
    reason = "EDITOR_EXISTS"

    def __init__(self) -> None:
        super().__init__("the e-mail has an editor already")


class PasswordChangedError(errors.ConflictError):
    reason = "PASSWORD_CHANGED"

    def __init__(self) -> None:
        super().__init__("the password was changed meanwhile")


class EditorStore(Protocol):
    """
    Keeps editors, their password hashes and what their failures cost.

    Every method may raise `UnavailableError` and is atomic: of two calls at
    once, one sees what the other did.
    """

    async def find(self, key: AccountKey) -> Account | None: ...

    async def add(
        self, *, email: str, name: str, password_hash: str, create_time: dt.datetime
    ) -> Editor:
        """Make an editor with a new id. Raises `EditorExistsError`."""

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

        A *password_time* of None keeps the time, since the password is the same.
        """

    async def take_attempt(
        self, key: AccountKey, *, now: dt.datetime, cost: dt.timedelta, limit: dt.timedelta
    ) -> dt.timedelta:
        """
        Add *cost* to the debt of *key* at *now*, unless that would lift it over *limit*.

        Returns how long to wait for that: zero when it was added. *key* need
        not be an editor's.
        """

    async def forgive(self, key: AccountKey) -> None:
        """Forget the debt of *key*."""


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
        self._hasher = hasher
        self._now = now

    async def sign_in(self, email: str, password: str) -> Editor:
        """
        Return the editor whom e-mail and password prove.

        A hash of an older kind is replaced on the way.

        Raises:
            SignInError: no such editor, or another password.
            TooManyFailuresError: the account has to wait.
            InvalidInputError: something is missing or too long.
        """
        account = await self._proven(email, password, field="password")
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

    async def change_password(self, *, email: str, current: str, new: str) -> Editor:
        """
        Set a new password, given the present one.

        Raises:
            PasswordChangedError: somebody else set it in between.
            SignInError, TooManyFailuresError, InvalidInputError: as `sign_in`.
        """
        passwords.check_new(new, field="new_password")
        account = await self._proven(email, current, field="current_password")
        editor = await self._store.set_password(
            account.editor.id,
            password_hash=await self._hasher.hash(new),
            replaces=account.password_hash,
            password_time=self._now(),
        )
        if editor is None:
            raise PasswordChangedError
        return editor

    async def _proven(self, email: str, password: str, *, field: str) -> Account:
        if not email.strip():
            raise errors.InvalidInputError.of("email", "is required")
        if len(email) > _EMAIL_CHARACTERS_MAX:
            raise errors.InvalidInputError.of("email", "is too long")
        passwords.check_given(password, field=field)
        key = account_key(email)
        # Counted before it is known: guesses made at once must not all slip through.
        wait = await self._store.take_attempt(
            key, now=self._now(), cost=FAILURE_COST, limit=DEBT_LIMIT
        )
        if wait > _NO_WAIT:
            raise TooManyFailuresError(wait)
        account = await self._store.find(key)
        known_hash = account.password_hash if account else None
        matches = await self._hasher.matches(password, known_hash)
        if account is None or not matches:
            raise SignInError
        await self._store.forgive(key)
        return account


def account_key(email: str) -> AccountKey:
    """Return what all spellings of an address share: case and Unicode form do not count."""
    folded = unicodedata.normalize("NFKC", email.strip()).casefold()
    return AccountKey(unicodedata.normalize("NFKC", folded))


def account_digest(key: AccountKey) -> bytes:
    """Return 32 bytes to keep a debt under: strangers' addresses are not stored."""
    return hashlib.sha256(key.encode()).digest()


def check_email(email: str) -> None:
    """Refuse what cannot be an address (that it works, only a message shows)."""
    local, at, host = email.rpartition("@")
    if not email:
        raise errors.InvalidInputError.of("email", "is required")
    if len(email) > _EMAIL_CHARACTERS_MAX:
        raise errors.InvalidInputError.of(
            "email", f"must have at most {_EMAIL_CHARACTERS_MAX} characters"
        )
    if not (local and at and host) or not all(c.isprintable() and c != " " for c in email):
        raise errors.InvalidInputError.of("email", "must look like name@example.com")


def check_name(name: str) -> None:
    if len(name) > _NAME_CHARACTERS_MAX or not name.isprintable():
        raise errors.InvalidInputError.of(
            "name", f"must have at most {_NAME_CHARACTERS_MAX} printable characters"
        )
