from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time

import asyncpg
import pytest
from tantrum_kit import deadline, tracing
from tantrum_kit.errors import DeadlineError
from tantrum_kit.postgres import Limits, Server

from ..spans import recorded
from .pools import AwayError, eventually, opened

pytestmark = pytest.mark.integration

OPEN = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kit-test'"
PIDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'kit-test'"
ACTIVE = f"{OPEN} AND state <> 'idle'"
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kit-test'
"""


async def test_the_callers_deadline_ends_the_query_in_postgresql_too(pool, observer):
    started = time.monotonic()

    with deadline.running_for(0.2), pytest.raises(DeadlineError):
        await pool.fetch("SELECT pg_sleep(30)")

    assert time.monotonic() - started < 2
    await eventually(lambda: _is(observer, ACTIVE, 0))


async def test_a_connection_that_asyncpg_lost_count_of_is_an_outage_and_not_used_again(pool):
    """asyncpg says so at rare moments of a cut, so the test says it in its place."""
    pids = []

    async def lose_count():
        async with pool.transaction() as connection:
            pids.append(await connection.fetchval("SELECT pg_backend_pid()"))
            raise asyncpg.InternalClientError("cannot switch to state 11")

    with pytest.raises(AwayError):
        await lose_count()

    for _ in range(20):
        async with pool.connection() as connection:
            pids.append(await connection.fetchval("SELECT pg_backend_pid()"))

    assert pids[0] not in pids[1:]


async def test_a_session_with_a_transaction_of_nobodys_is_an_outage_and_not_used_again(pool):
    pids = []

    async def begin_in_another():
        async with pool.connection() as connection:
            pids.append(await connection.fetchval("SELECT pg_backend_pid()"))
            await connection.execute("BEGIN; SELECT 1")
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")

    with pytest.raises(AwayError):
        await begin_in_another()

    assert pids[0] not in [row[0] for row in await pool.fetch("SELECT pg_backend_pid()")]


async def test_a_cancelled_transaction_is_rolled_back(pool, observer):
    await observer.execute("CREATE TABLE one (one int)")

    async def insert_slowly():
        async with pool.transaction() as connection:
            await connection.execute("INSERT INTO one VALUES (1)")
            await connection.execute("SELECT pg_sleep(30)")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(insert_slowly(), timeout=0.2)

    await eventually(lambda: _is(observer, ACTIVE, 0))

    assert await observer.fetchval("SELECT count(*) FROM one") == 0


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
            with pytest.raises(AwayError):
                await pool.fetch("SELECT 1")

        assert len(await pool.fetch("SELECT 1")) == 1


async def test_a_query_that_has_no_deadline_gets_the_limit(server):
    async with opened(server, Limits(size_min=0, size_max=1, query_seconds=0.2)) as pool:
        with pytest.raises(AwayError):
            await pool.fetch("SELECT pg_sleep(30)")

        assert len(await pool.fetch("SELECT 1")) == 1


async def test_what_a_caller_says_bounds_the_wait_and_the_use_together(server, observer):
    async with opened(server, Limits(size_min=0, size_max=1)) as pool:
        started = time.monotonic()
        async with asyncio.TaskGroup() as others:
            others.create_task(_sleep(pool, 0.3))
            await eventually(lambda: _is(observer, ACTIVE, 1))

            with pytest.raises(AwayError):
                await _sleep(pool, 30, at_most_seconds=0.6)

        assert 0.5 < time.monotonic() - started < 0.85


async def test_what_a_caller_says_may_be_more_than_the_limit_and_never_than_the_deadline(server):
    async with opened(server, Limits(size_min=0, size_max=1, query_seconds=0.1)) as pool:
        async with pool.transaction(at_most_seconds=30) as connection:
            await connection.execute("SELECT pg_sleep(0.3)")
        with deadline.running_for(0.2), pytest.raises(DeadlineError):
            await _sleep(pool, 30, at_most_seconds=30)


async def test_a_transaction_takes_options(pool):
    with pytest.raises(AwayError):
        async with pool.transaction(readonly=True) as connection:
            await connection.execute("CREATE TABLE one (one int)")


async def test_many_callers_share_few_connections(server, observer):
    async with opened(server, Limits(size_min=0, size_max=3)) as pool:
        await asyncio.gather(*(pool.fetch("SELECT pg_sleep(0.01)") for _ in range(60)))

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

    await eventually(lambda: _is(observer, OPEN, 0))


async def test_no_connection_grows_older_than_its_lifetime_idle_or_in_use(server, observer):
    limits = Limits(size_min=2, size_max=4, idle_seconds=0.3, lifetime_seconds=0.5)
    async with opened(server, limits) as pool:
        await eventually(lambda: _is(observer, OPEN, 2))
        first = set(await observer.fetch(PIDS))
        [used_first] = await pool.fetch("SELECT pg_backend_pid()")

        async def all_are_others():
            await pool.fetch("SELECT 1")
            return first.isdisjoint(await observer.fetch(PIDS))

        await eventually(all_are_others)
        assert [used_first] != await pool.fetch("SELECT pg_backend_pid()")
        await eventually(lambda: _is(observer, OPEN, 2))


async def test_a_connection_under_way_may_grow_old(server):
    async with opened(server, Limits(size_min=0, size_max=1, lifetime_seconds=0.05)) as pool:
        async with pool.transaction() as connection:
            before = await connection.fetchval("SELECT pg_backend_pid()")
            await connection.execute("SELECT pg_sleep(0.2)")
            assert await connection.fetchval("SELECT pg_backend_pid()") == before

        [after] = await pool.fetch("SELECT pg_backend_pid()")
        assert after[0] != before


@pytest.mark.parametrize("inside", ["connection", "transaction"])
async def test_a_connection_that_is_cut_is_an_outage_and_the_next_one_works(pool, observer, inside):
    async def use_while_it_is_cut():
        async with getattr(pool, inside)() as connection:
            await connection.execute("SELECT 1")
            await observer.execute(CUT)
            # Seen before it is used, so that the pool has taken it back by then.
            await eventually(lambda: _taken_back(connection))
            await connection.execute("SELECT 1")

    with pytest.raises(AwayError):
        await use_while_it_is_cut()

    assert len(await pool.fetch("SELECT 1")) == 1


async def test_a_connection_that_is_cut_during_a_query_is_an_outage(pool, observer):
    asleep = asyncio.create_task(pool.fetch("SELECT pg_sleep(30)"))
    await eventually(lambda: _is(observer, ACTIVE, 1))

    await observer.execute(CUT)

    with pytest.raises(AwayError):
        await asleep
    assert len(await pool.fetch("SELECT 1")) == 1


async def test_misuse_of_a_connection_that_works_is_no_outage(pool):
    with pytest.raises(asyncpg.InterfaceError):
        await pool.fetch("SELECT $1::int", 1, 2)


async def test_a_server_that_never_answers_costs_no_more_than_the_deadline(silent_server):
    async with opened(silent_server) as pool:
        started = time.monotonic()

        with deadline.running_for(0.2), pytest.raises(DeadlineError):
            await pool.fetch("SELECT 1")
        with pytest.raises(AwayError):
            await pool.fetch("SELECT 1")

        assert time.monotonic() - started < 3


async def test_a_pool_opens_on_a_server_that_is_not_there():
    async with opened(Server(url="postgresql://nobody@127.0.0.1:1/nothing")) as pool:
        with pytest.raises(AwayError):
            await pool.fetch("SELECT 1")


async def test_a_database_that_is_gone_is_an_outage(pool, database, postgres_server):
    await pool.fetch("SELECT 1")

    postgres_server.drop(database)

    for _ in range(2):
        with pytest.raises(AwayError):
            await pool.fetch("SELECT 1")


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
async def test_what_postgresql_cannot_help_just_now_is_an_outage(pool, code):
    with pytest.raises(AwayError):
        await pool.fetch(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")

    assert len(await pool.fetch("SELECT 1")) == 1


async def test_a_bug_of_ours_is_let_through(pool):
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.fetch("SELECT 1 / 0")


async def test_a_deadline_leaves_no_broken_connection_behind_a_pooler(server, pgbouncer):
    through = dataclasses.replace(server, url=pgbouncer.url, statement_cache_size=0)
    async with opened(through, Limits(size_min=5, size_max=40)) as pool:
        with deadline.running_for(0.2), pytest.raises(DeadlineError):
            await pool.fetch("SELECT pg_sleep(30)")

        rows = await asyncio.gather(*(pool.fetch("SELECT 1 AS one") for _ in range(60)))

    assert all(row["one"] == 1 for [row] in rows)


async def _sleep(pool, seconds, **bound):
    async with pool.transaction(**bound) as connection:
        await connection.execute(f"SELECT pg_sleep({seconds})")


async def _taken_back(connection):
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def _is(connection, sql, count):
    return await connection.fetchval(sql) == count


async def test_the_wait_and_each_statement_are_spans_without_values(pool):
    with recorded() as spans:
        with tracing.served("the call", None, sampled=True):
            await pool.fetch("SELECT  $1::text", "secret")
        await eventually(lambda: _has(spans, 3))

    call, wait, statement = (
        spans.named(name) for name in ("the call", "postgresql connection", "postgresql SELECT")
    )
    assert wait.parent.span_id == statement.parent.span_id == call.context.span_id
    assert statement.attributes["db.query.text"] == "SELECT $1::text"
    assert "secret" not in "".join(one.to_json() for one in spans.all)


async def _has(spans, count):
    return len(spans.all) >= count
