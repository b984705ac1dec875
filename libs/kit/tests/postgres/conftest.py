from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tantrum_kit.postgres import Server

from .pools import opened


@pytest.fixture
def server(database):
    return Server(url=database.url, password=database.password, application_name="kit-test")


@pytest.fixture
async def pool(server):
    async with opened(server) as pool:
        yield pool


@pytest.fixture
async def observer(database):
    """A connection of the test's own."""
    connection = await asyncpg.connect(database.dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def silent_server():
    """Takes connections, and never says a word: what a lost network looks like."""
    over = asyncio.Event()

    async def say_nothing(reader, writer):
        await over.wait()
        writer.close()

    listener = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    yield Server(url=f"postgresql://tantrum@127.0.0.1:{port}/tantrum", connect_seconds=0.5)
    over.set()
    listener.close()
    await listener.wait_closed()
