from __future__ import annotations

import pytest
from tantrum_kit.postgres import Server

from .stores import FEW, opened, store_on


@pytest.fixture
def empty_server(database):
    """A server whose database has no schema."""
    return Server(url=database.url, password=database.password)


@pytest.fixture
def server(migrated_server):
    """A server whose database has the schema."""
    return migrated_server


@pytest.fixture
async def pool(server):
    async with opened(server, FEW) as pool:
        yield pool


@pytest.fixture
def store(pool):
    return store_on(pool)
