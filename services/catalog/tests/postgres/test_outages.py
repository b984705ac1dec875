"""What the store does while its database is away, and once it is back."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from tantrum_catalog.domain.change import At
from tantrum_catalog.domain.errors import CatalogUnavailableError, RevisionNotReachedError
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_kit import deadline
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Limits, Server

from ..make import make_catalogue, make_facts, make_new_show
from .engines import primary_running, replica_running
from .stores import FEW, eventually, opened, store_on

pytestmark = pytest.mark.integration

WHERE = "SELECT revision, pg_is_in_recovery() AS on_replica FROM catalog.head"


@pytest.fixture
async def primary():
    async with primary_running() as (engine, place):
        await migrate(engine.server, SCHEMA)
        yield engine, place


@contextlib.asynccontextmanager
async def replicated(engine, place, *, apply_delay="0"):
    """A replica of *engine*, and pools on both."""
    async with (
        replica_running(engine, place, apply_delay=apply_delay) as replica,
        opened(engine.server, FEW) as first,
        opened(replica.server, FEW) as second,
    ):
        yield replica, first, second


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


async def where(connection):
    """A query that says which server answers it."""
    row = await connection.fetchrow(WHERE)
    return At(value="replica" if row["on_replica"] else "primary", revision=row["revision"])


async def test_a_database_that_nobody_has_migrated_yet_is_an_outage_until_somebody_has(
    empty_server,
):
    async with opened(empty_server, FEW) as pool:
        store = store_on(pool)
        for _ in range(2):
            with pytest.raises(CatalogUnavailableError):
                await store.ready()

        await migrate(empty_server, SCHEMA)

        assert await store.ready()


async def test_a_database_that_comes_back_is_used_again_without_a_restart(primary):
    engine, _ = primary
    async with opened(engine.server, Limits(size_min=2, size_max=5)) as pool:
        store = store_on(pool)
        await store.load(make_catalogue(make_new_show(1)))

        await engine.stop()
        with pytest.raises(CatalogUnavailableError):
            await store.show(1, min_revision=0)
        with pytest.raises(CatalogUnavailableError):
            await store.create_show(make_facts(), slug="two", request=None)
        with pytest.raises(CatalogUnavailableError):
            await store.ready()
        await engine.start()

        assert (await store.show(1, min_revision=1)).value.id == 1
        assert (await store.create_show(make_facts(), slug="two", request=None)).revision == 2


async def test_calls_under_way_when_the_database_stops_fail_as_unavailable(primary):
    engine, _ = primary
    async with opened(engine.server, FEW) as pool:
        sleeping = [asyncio.create_task(pool.fetch("SELECT pg_sleep(60)")) for _ in range(4)]
        await eventually(lambda: _sleep(pool, 4))

        await engine.stop()

        for outcome in await asyncio.gather(*sleeping, return_exceptions=True):
            assert isinstance(outcome, CatalogUnavailableError)


async def test_a_store_opened_while_the_database_is_away_works_once_it_is_there(primary):
    engine, _ = primary
    await engine.stop()
    async with opened(engine.server, Limits(size_min=2, size_max=5)) as pool:
        with pytest.raises(CatalogUnavailableError):
            await pool.fetch("SELECT 1")

        await engine.start()

        assert await store_on(pool).ready()


async def test_a_replica_that_never_answers_is_tried_by_one_call_a_second(server, silent_server):
    async with opened(server, FEW) as first, opened(silent_server, FEW) as second:
        databases = Databases(first, second)
        started = time.monotonic()

        with deadline.running_for(1):
            assert (await databases.read(where, min_revision=0)).value == "primary"
        first_seconds = time.monotonic() - started
        for _ in range(20):
            assert (await databases.read(where, min_revision=0)).value == "primary"

        assert first_seconds < 0.9
        assert time.monotonic() - started - first_seconds < 0.9


async def test_reads_go_to_a_replica_that_has_what_is_asked_for(primary):
    engine, place = primary
    async with replicated(engine, place) as (_, first, second):
        store, databases = store_on(first, second), Databases(first, second)
        revision = await store.load(make_catalogue(make_new_show(1)))

        async def caught_up():
            [row] = await second.fetch(WHERE)
            return row["revision"] == revision

        await eventually(caught_up)

        assert (await databases.read(where, min_revision=revision)).value == "replica"
        assert (await store.show(1, min_revision=revision)).value.id == 1
        with pytest.raises(RevisionNotReachedError):
            await databases.read(where, min_revision=revision + 1)


async def test_a_replica_that_lags_is_given_20_ms_and_then_the_primary_answers(primary):
    engine, place = primary
    async with replicated(engine, place, apply_delay="1h") as (_, first, second):
        store, databases = store_on(first, second), Databases(first, second)
        revision = await store.load(make_catalogue(make_new_show(1)))
        await databases.read(where, min_revision=0)
        started = time.monotonic()

        written = await databases.read(where, min_revision=revision)

        assert (written.value, written.revision) == ("primary", revision)
        assert 0.02 <= time.monotonic() - started < 1
        stale = await databases.read(where, min_revision=0)
        assert (stale.value, stale.revision) == ("replica", 0)
        assert (await store.show(1, min_revision=revision)).value.id == 1


async def test_a_replica_that_lacks_the_last_migration_is_done_without():
    async with (
        primary_running() as (engine, place),
        replicated(engine, place, apply_delay="1h") as (_, first, second),
    ):
        await migrate(engine.server, SCHEMA)

        assert (await Databases(first, second).read(where, min_revision=0)).value == "primary"


async def test_a_replica_that_is_gone_is_done_without_and_used_again_once_it_is_back(primary):
    engine, place = primary
    async with replicated(engine, place) as (replica, first, second):
        databases = Databases(first, second)
        assert (await databases.read(where, min_revision=0)).value == "replica"

        await replica.stop()
        with deadline.running_for(2):
            assert (await databases.read(where, min_revision=0)).value == "primary"
        await replica.start()

        async def on_replica():
            return (await databases.read(where, min_revision=0)).value == "replica"

        await eventually(on_replica)


async def _sleep(pool, count):
    [row] = await pool.fetch(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
    )
    return row["count"] == count
