"""
The answers to requests with an idempotency key, so that a repetition gets the same one.

A request that was begun and never finished is lost after a minute: whoever did it has died.
The next one begins anew, as another attempt, and what the lost one may still want to store
is refused.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from tantrum_kit import errors

from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.editor import EditorId
from tantrum_catalog.domain.tokens import check_digest

KEPT: Final = dt.timedelta(days=1)
LOST_AFTER: Final = dt.timedelta(minutes=1)

# What an `int64` and a `bigint` hold; two alike in a minute of one key is out of the question.
_ATTEMPT_ID_MAX: Final = 2**63 - 1

BODY_BYTES_MAX: Final = 256 * 1024
_HEADERS_MAX: Final = 20
_HEADER_CHARACTERS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Names a request. Making one raises `InvalidInputError`."""

    editor_id: EditorId
    text: str

    def __post_init__(self) -> None:
        checks = Checks("")
        checks.line("key", self.text, at_least=1, at_most=255)
        checks.require(self.text.isascii(), "key", "must be ASCII")
        checks.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """An HTTP answer. Making one raises `InvalidInputError`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __post_init__(self) -> None:
        checks = Checks("response")
        checks.number("status", self.status, at_least=200, at_most=499)
        checks.require(len(self.headers) <= _HEADERS_MAX, "headers", "has more than 20 entries")
        for name, value in self.headers.items():
            checks.line(f"headers[{name!r}]", value, at_most=_HEADER_CHARACTERS_MAX)
        checks.require(len(self.body) <= BODY_BYTES_MAX, "body", "has more than 256 KiB")
        checks.finish()


class State(StrEnum):
    """What became of a request."""

    BEGUN = "begun"
    RUNNING = "running"
    COMPLETED = "completed"
    OTHER_PAYLOAD = "other_payload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What whoever has a request has to do with it."""

    state: State
    attempt_id: int = 0
    """When it is `BEGUN`."""
    response: StoredResponse | None = None
    """When it is `COMPLETED`."""


class RequestLostError(errors.ConflictError):
    reason = "REQUEST_LOST"

    def __init__(self) -> None:
        super().__init__("the request took so long that another was begun in its place")


class IdempotencyStore(Protocol):
    """
    Keeps requests, for `KEPT` from when they were begun.

    Every method may raise `UnavailableError` and is atomic.
    """

    async def begin(
        self, key: Key, *, attempt_id: int, payload_digest: bytes, now: dt.datetime
    ) -> Begun:
        """
        Begin a request that nobody has begun, or whose last attempt is lost or this one.

        Raises `EditorNotFoundError`.
        """

    async def complete(self, key: Key, *, attempt_id: int, response: StoredResponse) -> bool:
        """Store the answer of an attempt; false if that is not the last one, or over."""

    async def abandon(self, key: Key, *, attempt_id: int) -> None:
        """Forget an attempt that is not completed, if it is the last one."""


class Requests:
    """What can be asked about requests with a key. Safe to share."""

    def __init__(self, store: IdempotencyStore, *, now: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._now = now

    async def begin(self, key: Key, *, payload_digest: bytes, attempt_id: int = 0) -> Begun:
        """
        Begin a request, or return what became of the one before.

        Beginning an attempt again, by the *attempt_id* that its caller chose, is the same
        attempt; with 0 each is another.
        """
        check_digest(payload_digest, field="payload_digest")
        if attempt_id < 0:
            raise errors.InvalidInputError("attempt_id must not be negative")
        return await self._store.begin(
            key,
            attempt_id=attempt_id or secrets.randbelow(_ATTEMPT_ID_MAX) + 1,
            payload_digest=payload_digest,
            now=self._now(),
        )

    async def complete(self, key: Key, *, attempt_id: int, response: StoredResponse) -> None:
        """Raises `RequestLostError`."""
        if not await self._store.complete(key, attempt_id=attempt_id, response=response):
            raise RequestLostError

    async def abandon(self, key: Key, *, attempt_id: int) -> None:
        """Let the next one begin at once."""
        await self._store.abandon(key, attempt_id=attempt_id)
