"""The backends that the contract suite runs against."""

from __future__ import annotations

import contextlib

from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.storage.migrate import migrate
from tantrum_search.storage.pool import Server, opened
from tantrum_search.storage.postgres import PostgresBackend


def server_of(database) -> Server:
    return Server(url=database.url, password=database.password)


@contextlib.asynccontextmanager
async def memory():
    yield MemoryBackend()


@contextlib.asynccontextmanager
async def postgres(database, *, size: int = 4, timeout_seconds: float = 5):
    """A backend on *database*, whose schema is brought up to date."""
    server = server_of(database)
    await migrate(server)
    async with opened(server, size=size) as pool:
        yield PostgresBackend(
            pool, timeout_seconds=timeout_seconds, load_timeout_seconds=timeout_seconds * 2
        )
