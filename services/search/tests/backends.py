"""The backends that the contract suite runs against."""

from __future__ import annotations

import contextlib

from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Limits, Server, opened
from tantrum_search.domain.errors import IndexUnavailableError
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.storage.migrations import SCHEMA
from tantrum_search.storage.postgres import PostgresBackend


def server_of(database) -> Server:
    return Server(url=database.url, password=database.password, statement_cache_size=0)


@contextlib.asynccontextmanager
async def memory():
    yield MemoryBackend()


@contextlib.asynccontextmanager
async def postgres(database, *, size: int = 4, timeout_seconds: float = 5):
    """A backend on *database*, whose schema is brought up to date."""
    server = server_of(database)
    await migrate(server, SCHEMA)
    async with opened(
        server, Limits(size_min=0, size_max=size), unavailable=IndexUnavailableError
    ) as pool:
        yield PostgresBackend(
            pool, timeout_seconds=timeout_seconds, load_timeout_seconds=timeout_seconds * 2
        )
