from __future__ import annotations

import asyncio
import time

import asyncpg
import pytest
from tantrum_kit import deadline
from tantrum_kit.errors import DeadlineError

from ..make import make_catalogue, make_facts, make_new_show
from .stores import eventually

pytestmark = pytest.mark.integration

ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@pytest.fixture
async def observer(server):
    """A connection of the test's own."""
    connection = await asyncpg.connect(**server.connect_arguments())
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


async def _none(connection, sql):
    return await connection.fetchval(sql) == 0
