from __future__ import annotations

import datetime as dt

import hypothesis
import pytest
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.memory import MemoryCatalogStore
from tantrum_catalog.storage.migrate import migrate
from tantrum_catalog.storage.pool import Limits, Server, opened
from tantrum_catalog.storage.postgres import PostgresCatalogStore

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
async def postgres_store(database):
    server = Server(url=database.url, password=database.password)
    await migrate(server)
    async with opened(server, Limits(size_min=0, size_max=12)) as pool:
        yield PostgresCatalogStore(
            Databases(pool), now=lambda: dt.datetime.now(dt.UTC), batches_kept=1_000
        )
