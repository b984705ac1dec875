"""Pools and waits that the tests of PostgreSQL share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from tantrum_kit import postgres
from tantrum_kit.errors import UnavailableError
from tantrum_kit.postgres import Database, Limits, Server

FEW = Limits(size_min=0, size_max=12)


class AwayError(UnavailableError):
    """What the pools of these tests raise for a server that does not answer."""

    def __init__(self) -> None:
        super().__init__("away")


@contextlib.asynccontextmanager
async def opened(server: Server, limits: Limits = FEW) -> AsyncIterator[Database]:
    async with postgres.opened(server, limits, unavailable=AwayError) as pool:
        yield pool


async def eventually(holds: Callable[[], Awaitable[bool]], *, within_seconds: float = 10.0) -> None:
    """Return once *holds* says yes."""
    async with asyncio.timeout(within_seconds):
        while not await holds():
            await asyncio.sleep(0.01)
