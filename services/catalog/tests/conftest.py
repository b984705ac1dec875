from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import hypothesis
import pytest
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.memory import MemoryCatalogStore
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_catalog.storage.postgres import PostgresCatalogStore
from tantrum_catalog.storage.stores import memory_stores as make_memory_stores
from tantrum_catalog.storage.stores import postgres_stores as make_postgres_stores
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Limits, Server, opened

from .editors.fakes import FakeClock

# Machines that are shared have slow moments; time is what benchmarks are for.
hypothesis.settings.register_profile("catalog", deadline=None, max_examples=50)
hypothesis.settings.load_profile("catalog")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def store(request):
    """Every store of the catalogue, empty: what the contract suite runs against."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def memory_store():
    return MemoryCatalogStore()


@pytest.fixture
async def postgres_store(migrated_server):
    async with opened(
        migrated_server, Limits(size_min=0, size_max=12), unavailable=CatalogUnavailableError
    ) as pool:
        yield PostgresCatalogStore(
            Databases(pool), now=lambda: dt.datetime.now(dt.UTC), batches_kept=1_000
        )


@pytest.fixture
def migrated_server(postgres_server, migrated_template):
    """A server whose database has the schema, and nothing else."""
    database = postgres_server.new_database(migrated_template)
    yield Server(url=database.url, password=database.password)
    postgres_server.drop(database)


@pytest.fixture(scope="session")
def migrated_template(postgres_server):
    """The name of a database to copy: a tenth of the time that migrating takes."""
    database = postgres_server.new_database()
    server = Server(url=database.url, password=database.password)
    # In a thread, so that the tests' own event loop is left alone.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, migrate(server, SCHEMA)).result()
    return database.name


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def stores(request):
    """All stores, of each kind, on one clock: what the contracts of editing run against."""
    return request.getfixturevalue(f"{request.param}_stores")


@pytest.fixture
def memory_stores(clock):
    return make_memory_stores(now=clock.now)


@pytest.fixture
async def postgres_stores(migrated_server, clock):
    async with opened(
        migrated_server, Limits(size_min=0, size_max=12), unavailable=CatalogUnavailableError
    ) as pool:
        yield make_postgres_stores(Databases(pool), batches_kept=1_000, now=clock.now)
