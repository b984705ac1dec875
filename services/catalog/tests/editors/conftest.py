from __future__ import annotations

import pytest
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_catalog.storage.postgres_editors import PostgresEditorStore
from tantrum_kit import postgres
from tantrum_kit.migrations import migrate

from .fakes import START


@pytest.fixture
async def editor_database(database):
    """A database with its schema, of which this is a pool."""
    server = postgres.Server(url=database.url, password=database.password)
    await migrate(server, SCHEMA)
    async with postgres.opened(
        server, postgres.Limits(size_min=0, size_max=8), unavailable=CatalogUnavailableError
    ) as opened:
        yield opened


@pytest.fixture
def postgres_editor_store(editor_database):
    return PostgresEditorStore(editor_database, now=lambda: START)


@pytest.fixture
async def another_store(database, editor_database):
    """The store of another replica."""
    server = postgres.Server(url=database.url, password=database.password)
    async with postgres.opened(
        server, postgres.Limits(size_min=0, size_max=2), unavailable=CatalogUnavailableError
    ) as opened:
        yield PostgresEditorStore(opened, now=lambda: START)
