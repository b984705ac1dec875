"""
What a password may be, whatever keeps it.

Length is what makes a password strong, so there are no rules about kinds of
characters (NIST SP 800-63B, 5.1.1.2). The same keys pressed on another machine
may come as other code points; `normalised` makes them one.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from tantrum_kit.errors import InvalidInputError

MIN_CHARACTERS: Final = 12
MAX_BYTES: Final = 1024
"""Of UTF-8; what is longer would only buy an attacker our time."""


def normalised(password: str) -> str:
    """Return *password* in Unicode's form NFKC, as it is hashed."""
    return unicodedata.normalize("NFKC", password)


def check_given(password: str, *, field: str) -> None:
    """
    Refuse what cannot be anybody's password.

    Says nothing about strength: a password that was set elsewhere, by other
    rules, still has to get in. Raises `InvalidInputError` about *field*.
    """
    if not password:
        raise InvalidInputError.of(field, "is required")
    if _size_bytes(password, field=field) > MAX_BYTES:
        raise InvalidInputError.of(field, f"must have at most {MAX_BYTES:,} bytes")


def check_new(password: str, *, field: str) -> None:
    """Refuse what must not become a password. Raises `InvalidInputError` about *field*."""
    check_given(password, field=field)
    if len(normalised(password)) < MIN_CHARACTERS:
        raise InvalidInputError.of(field, f"must have {MIN_CHARACTERS} characters or more")
    if any(unicodedata.category(character) == "Cc" for character in password):
        raise InvalidInputError.of(field, "must not hold control characters")


def _size_bytes(password: str, *, field: str) -> int:
    try:
        return len(password.encode())
    except UnicodeEncodeError:
        # Not chained: the cause's text would quote the password.
        raise InvalidInputError.of(field, "is not valid Unicode") from None
