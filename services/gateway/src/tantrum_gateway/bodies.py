"""
Bodies of requests: bounded in size, in the time they take, and in how deep they nest.

Each mounted application receives through a `BoundedBody`. Once a bound is broken the
request is refused, whatever the application makes of the error that it gets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from tantrum_kit import errors

from tantrum_gateway import problems
from tantrum_gateway.mounts import Receive, Scope

MAX_JSON_DEPTH: Final = 32

_JSON: Final = ("application/json", "application/merge-patch+json")
_CLOSE: Final = [(b"connection", b"close")]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How large a body may be, and how long it may take."""

    size_bytes: int
    upload_size_bytes: int
    """For `image/*`."""
    timeout_seconds: float
    """From the first wish for it to its end."""


class BoundedBody:
    """
    An ASGI `receive` that raises `RefusedError` for what is too large or too slow.

    It keeps no error: that would hold the frames that it passed, and those granian's body,
    and the connection would stay open until the garbage collector comes.
    """

    def __init__(
        self, receive: Receive, headers: Mapping[bytes, bytes], limits: BodyLimits
    ) -> None:
        media_type = headers.get(b"content-type", b"").lower()
        uploads = media_type.startswith(b"image/")
        announced = headers.get(b"content-length", b"0")
        self._receive = receive
        self._max_bytes = limits.upload_size_bytes if uploads else limits.size_bytes
        self._timeout_seconds = limits.timeout_seconds
        self._deadline: float | None = None
        self._size_bytes = int(announced[:20]) if announced.isdigit() else 0
        """As announced; from the first piece on, of all that came."""
        self._complete = False
        self._late = False

    @property
    def refused(self) -> bool:
        """Whether a bound is broken."""
        return self._late or self._size_bytes > self._max_bytes

    def check(self) -> None:
        """Raise `RefusedError` where a bound is broken."""
        if self._late:
            raise problems.RefusedError(problems.TOO_SLOW, 408, headers=_CLOSE)
        if self.refused:
            detail = f"the body may have up to {self._max_bytes} bytes"
            raise problems.RefusedError(problems.TOO_LARGE, 413, detail=detail, headers=_CLOSE)

    async def __call__(self) -> Any:
        self.check()
        if self._complete:  # what comes now is that the client has gone, whenever that is
            return await self._receive()
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + self._timeout_seconds
            self._size_bytes = 0
        try:
            async with asyncio.timeout_at(self._deadline):
                event = await self._receive()
        except TimeoutError:
            self._late = True
            self.check()
            raise
        self._size_bytes += len(event.get("body", b""))
        self.check()
        self._complete = not event.get("more_body", False)
        return event


async def read_json(scope: Scope, receive: Receive, kind: type[T]) -> T:
    """
    Read the body of a request as JSON of a *kind*, which msgspec knows how to decode.

    Raises:
        RefusedError: it is no JSON by its header; too large; too slow.
        InvalidInputError: it is no JSON, nests too deep, or is not of the *kind*.
    """
    headers = dict(scope["headers"])
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode()
    if media_type not in _JSON or headers.get(b"content-encoding", b"identity") != b"identity":
        raise problems.RefusedError(
            problems.UNSUPPORTED_MEDIA_TYPE,
            415,
            detail=f"send one of {', '.join(_JSON)}, without a content coding",
            headers=[(b"accept", ", ".join(_JSON).encode())],
        )
    body, more = bytearray(), True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    return decode_json(bytes(body), kind)


def decode_json(body: bytes, kind: type[T]) -> T:
    """Decode JSON of a *kind*. Raises `InvalidInputError` as `read_json` does."""
    too_deep = errors.InvalidInputError(f"the JSON nests deeper than {MAX_JSON_DEPTH} levels")
    try:
        if _depth(msgspec.json.decode(body)) > MAX_JSON_DEPTH:
            raise too_deep
        return msgspec.json.decode(body, type=kind)
    except RecursionError:
        raise too_deep from None
    except msgspec.ValidationError as error:
        raise problems.InvalidBodyError(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.InvalidInputError(f"the body is not JSON: {error}") from error


def _depth(value: object) -> int:
    """Return how deep *value* nests, by levels, which takes no stack; 0 for a scalar."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [
            child for one in level for child in (one.values() if isinstance(one, dict) else one)
        ]
    return depth
