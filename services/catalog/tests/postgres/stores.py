"""Stores and waits that the tests of PostgreSQL share."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
from collections.abc import AsyncIterator, Awaitable, Callable

from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.postgres import PostgresCatalogStore
from tantrum_kit import postgres
from tantrum_kit.postgres import Database, Limits, Server

FEW = Limits(size_min=0, size_max=12)

opened = functools.partial(postgres.opened, unavailable=CatalogUnavailableError)


def store_on(
    primary: Database, replica: Database | None = None, *, batches_kept: int = 1_000
) -> PostgresCatalogStore:
    return PostgresCatalogStore(
        Databases(primary, replica),
        now=lambda: dt.datetime.now(dt.UTC),
        batches_kept=batches_kept,
    )


@contextlib.asynccontextmanager
async def store_opened(server: Server, limits: Limits = FEW) -> AsyncIterator[PostgresCatalogStore]:
    async with opened(server, limits) as pool:
        yield store_on(pool)


async def eventually(holds: Callable[[], Awaitable[bool]], *, within_seconds: float = 10.0) -> None:
    """Return once *holds* says yes."""
    async with asyncio.timeout(within_seconds):
        while not await holds():
            await asyncio.sleep(0.01)
