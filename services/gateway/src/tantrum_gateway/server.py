"""
granian inside our own event loop: one process, and its stop is ours to time.

granian's ordinary server is a second process that drops idle connections at
SIGTERM; embedded, it serves on until it is told, after the drain.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from tantrum_gateway import first_step

log = structlog.get_logger()

_START_TIMEOUT_SECONDS: Final = 10.0
# Through the root logger, as all others.
_LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


@contextlib.asynccontextmanager
async def listening(
    application: Any,
    *,
    address: str,
    backlog: int,
    max_connections: int,
    max_head_bytes: int,
    header_timeout_seconds: float,
    grace_seconds: float,
) -> AsyncIterator[int]:
    """
    Serve the ASGI *application* on *address* (`host:port`) and yield the port.

    A head of more than *max_head_bytes* gets 414 or 431 with an empty body from granian,
    whose buffer it does not fit.

    A connection is closed without a word when the head of a request is not complete
    within *header_timeout_seconds* of the one before: granian has one timer for slow
    headers and for idle connections.

    On exit connections that are idle are closed; those with a request under way
    have *grace_seconds* to finish it.

    Raises:
        OSError: the address cannot be used; most often, the port is taken.
    """
    host, port = _free_address(address)
    server = Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=backlog,
        backpressure=max_connections,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(header_timeout_seconds * 1000), max_buffer_size=max_head_bytes
        ),
        # Its lines on every start and stop say nothing that ours do not.
        log_level=LogLevels.error,
        log_dictconfig=_LOGGING,
    )
    serving = asyncio.ensure_future(first_step.serve(server))
    try:
        await _until_listening(host, port, serving)
        yield port
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian has no types here
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(serving, timeout=grace_seconds + 1.0)


def split_address(address: str) -> tuple[str, int]:
    """Return host, without the brackets of IPv6, and port."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _free_address(address: str) -> tuple[str, int]:
    """Return host and a free port. granian itself would share a taken one (SO_REUSEPORT)."""
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise OSError(f"cannot listen on {address}: {error.strerror}") from error
        port = probe.getsockname()[1]
    return socket.gethostbyname(host) if family == socket.AF_INET else host, port


async def _until_listening(host: str, port: int, serving: asyncio.Future[None]) -> None:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where it listens
    async with asyncio.timeout(_START_TIMEOUT_SECONDS):
        while not serving.done():
            try:
                _, writer = await asyncio.open_connection(reachable, port)
            except OSError:
                await asyncio.sleep(0.005)
                continue
            writer.close()
            await writer.wait_closed()
            return
    await serving
    raise OSError(f"the HTTP server ended before it listened on {host}:{port}")
