from __future__ import annotations

import asyncio
import contextlib
import time

import asyncpg
import pytest
from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.storage.pool import Limits, opened
from tantrum_kit import deadline
from tantrum_kit.errors import DeadlineError

from ..make import make_catalogue, make_facts, make_new_show
from .stores import eventually, store_on

pytestmark = pytest.mark.integration

ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'tantrum-catalog' AND state <> 'idle'
"""
OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'tantrum-catalog'
"""


@pytest.fixture
async def observer(server):
    """A connection of the test's own."""
    arguments = server.connect_arguments() | {"server_settings": {"application_name": "test"}}
    connection = await asyncpg.connect(**arguments)
    yield connection
    await connection.close()


async def test_the_callers_deadline_ends_the_query_in_postgresql_too(store, observer):
    await store.load(make_catalogue(make_new_show(1)))
    async with observer.transaction():
        await observer.execute("LOCK TABLE catalog.show IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()

        with deadline.running_for(0.2), pytest.raises(DeadlineError):
            await store.show(1, min_revision=0)

        assert time.monotonic() - started < 2
        await eventually(lambda: _none(observer, ACTIVE))


async def test_a_cancelled_write_is_rolled_back_and_gives_its_revision_back(store, observer):
    await store.load(make_catalogue(make_new_show(1)))
    async with observer.transaction():
        await observer.execute("LOCK TABLE catalog.show IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await store.create_show(make_facts(), slug="two", request=None)
        await eventually(lambda: _none(observer, ACTIVE))

    made = await store.create_show(make_facts(), slug="two", request=None)

    assert (made.revision, await store.head()) == (2, 2)


async def test_who_finds_no_free_connection_waits_for_as_long_as_the_deadline_says(server):
    async with opened(server, Limits(size_min=0, size_max=2)) as pool:
        async with pool.connection(), pool.connection():
            started = time.monotonic()
            with deadline.running_for(0.2), pytest.raises(DeadlineError):
                await pool.fetch("SELECT 1")
            assert 0.15 < time.monotonic() - started < 2

        assert len(await pool.fetch("SELECT 1")) == 1


async def test_who_has_no_deadline_waits_for_the_limit_and_is_told_to_come_again(server):
    async with opened(server, Limits(size_min=0, size_max=1, acquire_seconds=0.2)) as pool:
        async with pool.connection():
            with pytest.raises(CatalogUnavailableError):
                await pool.fetch("SELECT 1")

        assert len(await pool.fetch("SELECT 1")) == 1


async def test_many_callers_share_few_connections(server, observer):
    async with opened(server, Limits(size_min=0, size_max=3)) as pool:
        store = store_on(pool)
        await store.load(make_catalogue(make_new_show(1)))

        await asyncio.gather(*(store.home(shows_per_category=3, min_revision=1) for _ in range(60)))

        assert await observer.fetchval(OPEN) <= 3


async def test_the_minimum_is_kept_open_and_what_is_above_goes_when_idle(server, observer):
    limits = Limits(size_min=3, size_max=8, idle_seconds=0.3)
    async with opened(server, limits) as pool:
        await eventually(lambda: _is(observer, OPEN, 3))
        async with contextlib.AsyncExitStack() as used:
            for _ in range(7):
                await used.enter_async_context(pool.connection())
            assert await observer.fetchval(OPEN) == 7

        await eventually(lambda: _is(observer, OPEN, 3))
        quiet_until = time.monotonic() + 1.0
        while time.monotonic() < quiet_until:
            assert await observer.fetchval(OPEN) == 3

    await eventually(lambda: _none(observer, OPEN))


OUTAGES = {
    "25006": "the primary became a replica",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "53100": "disk full",
    "53300": "too many connections",
    "55P03": "a lock was not to be had",
    "57P01": "shut down by an administrator",
    "57P03": "starting up",
    "08P01": "what PgBouncer says when it gives up",
}


@pytest.mark.parametrize("code", OUTAGES, ids=OUTAGES.values())
async def test_what_postgresql_cannot_help_just_now_is_unavailable(pool, code):
    with pytest.raises(CatalogUnavailableError):
        await pool.fetch(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")

    assert len(await pool.fetch("SELECT 1")) == 1


async def test_a_bug_of_ours_is_let_through(pool):
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.fetch("SELECT 1 / 0")


async def _is(connection, sql, count):
    return await connection.fetchval(sql) == count


async def _none(connection, sql):
    return await _is(connection, sql, 0)
