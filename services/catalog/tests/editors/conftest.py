from __future__ import annotations

import pytest
from tantrum_catalog.storage import pool
from tantrum_catalog.storage.migrate import migrate
from tantrum_catalog.storage.postgres_editors import PostgresEditorStore


@pytest.fixture
async def editor_database(database):
    """A database with its schema, of which this is a pool."""
    server = pool.Server(url=database.url, password=database.password)
    await migrate(server)
    async with pool.opened(server, pool.Limits(size_min=0, size_max=8)) as opened:
        yield opened


@pytest.fixture
def postgres_editor_store(editor_database):
    return PostgresEditorStore(editor_database)


@pytest.fixture
async def another_store(database, editor_database):
    """The store of another replica."""
    server = pool.Server(url=database.url, password=database.password)
    async with pool.opened(server, pool.Limits(size_min=0, size_max=2)) as opened:
        yield PostgresEditorStore(opened)
