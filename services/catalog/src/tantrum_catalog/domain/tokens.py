"""
Secrets that prove a session or an API token: made here, returned once, kept as digests.

A token has 256 random bits, so that a plain SHA-256 is digest enough: there is nothing
to guess at that a slow hash would have to protect.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from tantrum_kit.errors import InvalidInputError

DIGEST_BYTES: Final = 32
_RANDOM_BYTES: Final = 32


def new_token(prefix: str = "") -> str:
    """Return a token that nobody can guess."""
    return prefix + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(token: str) -> bytes:
    """Return what is stored of *token*."""
    return hashlib.sha256(token.encode()).digest()


def check_digest(digest: bytes, *, field: str) -> None:
    """Refuse what is no SHA-256. Raises `InvalidInputError` about *field*."""
    if len(digest) != DIGEST_BYTES:
        raise InvalidInputError.of(field, f"must have {DIGEST_BYTES} bytes, a SHA-256")
