"""
Visitors of a site, on loopback: many open connections, few of which ask at any time.

An open model: requests are due at fixed times, however long others take, and every time
counts from when a request was due. So a server that stalls is charged for all who waited.
One connection asks after the other, as thousands of browsers would that each ask now and
then; who is still waiting for an answer is passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

_AT_ONCE: Final = 200
"""Connections opened at a time, well below what a listener holds for its server."""

_SPARE_FILES: Final = 1_000
_LATE_SECONDS: Final = 5.0
_OK: Final = range(200, 400)


@dataclass(slots=True)
class Visit:
    """One request, and what became of it."""

    path: str
    due_seconds: float
    """After the load began."""
    seconds: float = 0.0
    """From when it was due until its answer was whole."""
    status: int = 0
    """0 where no answer came."""
    head: bytes = b""
    """The answer's status line and headers, as they came."""

    @property
    def failed(self) -> bool:
        return self.status not in _OK


@dataclass(frozen=True, slots=True)
class Times:
    """What visits took."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def times(visits: list[Visit]) -> Times:
    """Return figures of *visits*; zeros where there are none."""
    if not visits:
        return Times(0, 0.0, 0.0, 0.0, 0.0)
    ordered = sorted(visit.seconds * 1_000 for visit in visits)

    def rank(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    return Times(len(ordered), rank(0.5), rank(0.95), rank(0.99), ordered[-1])


class Visitors:
    """Open connections to one server. To be used in one event loop."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._idle: deque[_Connection] = deque()
        self._all: set[_Connection] = set()

    async def open(self, count: int) -> None:
        """Open *count* connections. Raises `OSError`."""
        for begun in range(0, count, _AT_ONCE):
            await asyncio.gather(*(self._open_one() for _ in range(min(_AT_ONCE, count - begun))))

    async def load(
        self,
        paths: Iterator[str],
        *,
        per_second: float,
        seconds: float,
        at: dict[float, Callable[[], None]] | None = None,
    ) -> list[Visit]:
        """
        Ask for *paths* at a constant pace for a time, and return the visits in their order.

        *at* holds what is to happen meanwhile, by seconds after the begin.
        """
        loop = asyncio.get_running_loop()
        visits: list[Visit] = []
        under_way: set[asyncio.Future[None]] = set()
        begin_monotonic = loop.time()
        for after_seconds, happen in (at or {}).items():
            loop.call_later(after_seconds, happen)
        # A collection takes longer than most answers, and would be charged to them.
        gc.collect()
        gc.disable()
        try:
            for number in range(int(seconds * per_second)):
                visit = Visit(next(paths), number / per_second)
                due_monotonic = begin_monotonic + visit.due_seconds
                if (wait_seconds := due_monotonic - loop.time()) > 0:
                    await asyncio.sleep(wait_seconds)
                visits.append(visit)
                if not self._idle:
                    continue
                future = self._idle.popleft().ask(visit, due_monotonic)
                under_way.add(future)
                future.add_done_callback(under_way.discard)
            if under_way:
                await asyncio.wait(under_way, timeout=_LATE_SECONDS)
        finally:
            gc.enable()
        return visits

    @property
    def open_count(self) -> int:
        """Connections that the server has left open."""
        return len(self._all)

    def close(self) -> None:
        for connection in tuple(self._all):
            connection.abort()

    async def _open_one(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(
            lambda: _Connection(
                self._idle,
                self._all,
                host=f"{self._host}:{self._port}",
                address=client_address(len(self._all)),
            ),
            self._host,
            self._port,
        )


class _Connection(asyncio.Protocol):
    """One browser's connection: whole answers with a length are all that it understands."""

    def __init__(
        self,
        idle: deque[_Connection],
        connected: set[_Connection],
        *,
        host: str,
        address: str,
    ) -> None:
        self._idle = idle
        self._connected = connected
        self._rest = (
            f" HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: {address}\r\nAccept: */*\r\n"
            "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n"
        ).encode()
        self._buffer = bytearray()
        self._whole_bytes = 0
        self._visit: Visit | None = None
        self._answered: asyncio.Future[None] | None = None
        self._due_monotonic = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._now = asyncio.get_running_loop().time
        self._connected.add(self)
        self._idle.append(self)

    def ask(self, visit: Visit, due_monotonic: float) -> asyncio.Future[None]:
        """Ask for what *visit* is to; the future is done when *visit* says what became of it."""
        self._visit, self._due_monotonic = visit, due_monotonic
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(b"GET " + visit.path.encode() + self._rest)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._whole_bytes:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            self._whole_bytes = end + 4 + int(_header(head, b"content-length") or b"0")
            if self._visit:
                self._visit.head = head
        if len(self._buffer) < self._whole_bytes:
            return
        if self._visit:
            self._visit.status = int(self._buffer[9:12])
        self._buffer.clear()
        self._whole_bytes = 0
        if b"\r\nconnection: close" not in (self._visit.head if self._visit else b""):
            self._idle.append(self)
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connected.discard(self)
        with contextlib.suppress(ValueError):
            self._idle.remove(self)
        self._end()

    def abort(self) -> None:
        self._transport.abort()

    def _end(self) -> None:
        if self._visit and self._answered and not self._answered.done():
            self._visit.seconds = self._now() - self._due_monotonic
            self._answered.set_result(None)
        self._visit = self._answered = None


def client_address(number: int) -> str:
    """Return one of 15,625 addresses: what is limited by address sees that many clients."""
    return f"198.18.{number // 125 % 125}.{number % 125}"


def _header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.split(b"\r\n", 1)[0].strip() if found else b""


def header(visit: Visit, name: str) -> str:
    """Return a header of the visit's answer; empty where it has none."""
    return _header(visit.head, name.encode()).decode("latin-1")


@contextlib.asynccontextmanager
async def at(url: str, *, connections: int) -> AsyncIterator[Visitors]:
    """Yield visitors with so many open connections to *url*; on exit close them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if hard < wanted:
        raise SystemExit(f"bench: {wanted} open files are needed, and this machine allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    visitors = Visitors(url)
    try:
        await visitors.open(connections)
        yield visitors
    finally:
        visitors.close()
