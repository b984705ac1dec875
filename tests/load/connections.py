"""
HTTP/1.1 as far as a load generator needs it: over connections that are kept, never retried.

A full client costs ten times the CPU, which the product has to share with it.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_GZIP: Final = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)
_BODYLESS: Final = frozenset({204, 304})


class MalformedAnswerError(Exception):
    """What came is no answer of HTTP/1.1 that this client understands."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer."""

    status: int
    body: bytes
    compressed: bool = False

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400

    @property
    def text(self) -> str:
        body = gzip.decompress(self.body) if self.compressed else self.body
        return body.decode(errors="replace")


class Connections:
    """
    Keeps connections to one server, and asks over them. To be used in one event loop.

    About *kept_count* of them take turns, each for some tens of questions, as the browsers of
    many people would: so every instance behind the address is asked, and new ones get their
    share. More are opened while that many wait for answers; what bounds them is the caller's
    own bound on questions under way.
    """

    def __init__(self, host: str, port: int, *, kept_count: int = 32) -> None:
        self._host = host
        self._port = port
        self._kept_count = kept_count
        self._idle: deque[_Connection] = deque()
        self._open_count = 0

    async def get(self, path: str) -> Answer:
        """Return the answer to GET *path*; as `ask`."""
        return await self.ask("GET", path)

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """
        Return the answer to *method* *path*, whatever its status.

        Cancelling closes the connection.

        Raises:
            OSError: there was no connection, or it broke.
            EOFError: the server closed it before the answer was whole.
            MalformedAnswerError: the answer is none.
        """
        connection = self._take() or await self._opened()
        try:
            answer = await connection.ask(method, path, headers or {}, body)
        except BaseException:
            self._close(connection)
            raise
        if connection.reusable and len(self._idle) < self._kept_count:
            self._idle.append(connection)
        else:
            self._close(connection)
        return answer

    def close(self) -> None:
        """Close what is idle; what is under way is its caller's to cancel."""
        while self._idle:
            self._close(self._idle.popleft())

    def _take(self) -> _Connection | None:
        """Return the connection that has been idle longest, once enough are open."""
        while self._idle and self._open_count >= self._kept_count:
            connection = self._idle.popleft()
            if connection.usable:
                return connection
            self._close(connection)
        return None

    async def _opened(self) -> _Connection:
        self._open_count += 1
        try:
            streams = await asyncio.open_connection(self._host, self._port)
        except BaseException:
            self._open_count -= 1
            raise
        return _Connection(*streams, host=f"{self._host}:{self._port}")

    def _close(self, connection: _Connection) -> None:
        self._open_count -= 1
        connection.abort()


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, host: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = (
            f" HTTP/1.1\r\nHost: {host}\r\nUser-Agent: tantrum-load\r\n"
            "Accept: */*\r\nAccept-Encoding: gzip\r\n"
        )
        self._uses_left = random.randint(10, 50)
        self._closing = False

    @property
    def usable(self) -> bool:
        """Whether the server has left it open, as far as is known here."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    @property
    def reusable(self) -> bool:
        return not self._closing and self._uses_left > 0 and self.usable

    def abort(self) -> None:
        self._writer.transport.abort()

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self._uses_left -= 1
        if body:
            headers = {**headers, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"{method} {path}{self._rest}{lines}\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 ") or not head[9:12].isdigit():
            raise MalformedAnswerError(repr(head[:80]))
        status = int(head[9:12])
        self._closing = _CLOSE.search(head) is not None
        body = await self._body(status, head)
        return Answer(status, body, compressed=_GZIP.search(head) is not None)

    async def _body(self, status: int, head: bytes) -> bytes:
        if status in _BODYLESS:
            return b""
        if length := _LENGTH.search(head):
            return await self._reader.readexactly(int(length[1]))
        if not _CHUNKED.search(head):
            raise MalformedAnswerError("neither Content-Length nor chunks")
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return body
