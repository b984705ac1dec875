"""An editor: a person who may change the catalogue."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import Final, NewType

from tantrum_kit import errors

EditorId = NewType("EditorId", int)

AccountKey = NewType("AccountKey", str)
"""An e-mail address in the one form that all its spellings share."""

EMAIL_CHARACTERS_MAX: Final = 254
_NAME_CHARACTERS_MAX: Final = 200


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
    active: bool = True
    """Whether the editor may sign in and write."""
    revision: int = 1
    """Grows with each write of the editor; a rehash does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An editor with what proves the password."""

    editor: Editor
    password_hash: str = field(repr=False)


class EditorNotFoundError(errors.NotFoundError):
    reason = "EDITOR_NOT_FOUND"

    def __init__(self, editor_id: int) -> None:
        super().__init__(f"no editor {editor_id}", editor=editor_id)


class EditorExistsError(errors.AlreadyExistsError):
    reason = "EDITOR_EXISTS"

    def __init__(self) -> None:
        super().__init__("the e-mail has an editor already")


class EditorChangedError(errors.ConflictError):
    """Somebody else wrote the editor in between."""

    reason = "EDITOR_CHANGED"

    def __init__(self, editor_id: int, *, expected: int, stored: int) -> None:
        super().__init__(
            f"editor {editor_id} is at revision {stored}, not {expected}",
            expected_revision=expected,
            stored_revision=stored,
        )


class EditorInactiveError(errors.UnauthenticatedError):
    """Whoever writes is no editor, or no longer an active one."""

    reason = "EDITOR_INACTIVE"

    def __init__(self) -> None:
        super().__init__("the editor is not active")


class OwnAccountError(errors.PreconditionFailedError):
    """What only another editor may do was asked for by oneself."""

    reason = "OWN_ACCOUNT"

    def __init__(self, what: str) -> None:
        super().__init__(f"another editor has to {what}")


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
    if len(email) > EMAIL_CHARACTERS_MAX:
        raise errors.InvalidInputError.of(
            "email", f"must have at most {EMAIL_CHARACTERS_MAX} characters"
        )
    if not (local and at and host) or not all(c.isprintable() and c != " " for c in email):
        raise errors.InvalidInputError.of("email", "must look like name@example.com")


def check_name(name: str) -> None:
    if len(name) > _NAME_CHARACTERS_MAX or not name.isprintable():
        raise errors.InvalidInputError.of(
            "name", f"must have at most {_NAME_CHARACTERS_MAX} printable characters"
        )
