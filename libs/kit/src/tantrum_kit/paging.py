"""
Opaque page tokens: where the next page starts, signed and bound to the question.

A token is `base64url(tag || JSON of the cursor)`. The tag is the first 16 bytes
of HMAC-SHA-256 over the question and the cursor, so that a token that was made
up, changed or made for other arguments is refused, and needs no storage.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from tantrum_kit import errors

_TAG_BYTES = 16

Scalar = str | int | float | bool | None

Cursor = Sequence[Scalar]
"""The sort key of the last item on a page."""


class PageTokenError(errors.InvalidInputError):
    """The page token is not one that this service made for this question."""

    reason = "PAGE_TOKEN"

    def __init__(self) -> None:
        description = "not a token of this list with these arguments"
        super().__init__(
            f"page_token: {description}",
            violations=[errors.Violation(field="page_token", description=description)],
        )


class PageTokens:
    """Makes and reads tokens. All replicas of a service need the same *key*, 16 bytes or more."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _TAG_BYTES:
            raise ValueError(f"a page token key needs {_TAG_BYTES} bytes or more, not {len(key)}")
        self._key = key

    def seal(self, cursor: Cursor, *, question: bytes) -> str:
        """
        Return the token of *cursor*.

        The *question* is all else that the list depends on, in any encoding that
        is the same for the same arguments.
        """
        body = json.dumps(cursor, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(self._tag(body, question) + body).rstrip(b"=").decode()

    def open(self, token: str, *, question: bytes) -> list[Scalar]:
        """Return the cursor. Raises `PageTokenError`."""
        try:
            sealed = base64.b64decode(
                token + "=" * (-len(token) % 4), altchars=b"-_", validate=True
            )
        except (binascii.Error, ValueError) as error:
            raise PageTokenError from error
        tag, body = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(body, question)):
            raise PageTokenError
        cursor: list[Scalar] = json.loads(body)
        return cursor

    def _tag(self, body: bytes, question: bytes) -> bytes:
        # The question's digest has a fixed length, so no two pairs run together.
        message = hashlib.sha256(question).digest() + body
        return hmac.digest(self._key, message, "sha256")[:_TAG_BYTES]
