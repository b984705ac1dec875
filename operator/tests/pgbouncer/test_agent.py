"""An agent beside a real PgBouncer: settings, passwords, servers, readiness, figures."""

from __future__ import annotations

import time

import aiohttp
import psycopg
import pytest
from tantrum_operator.pgbouncer.agent.agent import started
from tantrum_operator.pgbouncer.agent.server import serving
from tantrum_operator.pgbouncer.agents import Agents
from tantrum_operator.pgbouncer.protocol import digest_of

from .poolers import TOKEN, until

pytestmark = pytest.mark.integration


async def test_a_pool_size_is_in_force_without_a_restart(pooler):
    async with pooler.with_agent() as agent, pooler.client() as client:
        orders = pooler.orders(pool_size=7, pool__size=7)
        state = await agent.follow(orders)

        rows = {row["name"]: row for row in await agent.console.rows("SHOW DATABASES")}
        assert rows[pooler.database.name]["max_connections"] == 7
        assert state.in_force == digest_of(orders.settings)
        # The same process has the same connection still.
        assert await (await client.execute("select 1 as one")).fetchone() == {"one": 1}


async def test_settings_that_pgbouncer_does_not_take_are_not_in_force(pooler):
    async with pooler.with_agent() as agent:
        orders = pooler.orders()
        broken = orders.settings.replace("log_stats = 0", "log_stats = perhaps")

        state = await agent.follow(type(orders)(settings=broken, pause=None))
        assert state.in_force is None

        state = await agent.follow(orders)
        assert state.in_force == digest_of(orders.settings)


async def test_the_limits_of_the_server_are_read_through_the_pooler(pooler):
    async with pooler.with_agent() as agent:

        async def known():
            [upstream] = (await agent.state()).upstreams or [None]
            return upstream if upstream and upstream.reachable else None

        upstream = await until(known)

    assert (upstream.database, upstream.in_recovery) == (pooler.database.name, False)
    assert upstream.max_connections > upstream.reserved_connections > 0


async def test_a_password_that_changes_in_its_secret_is_taken_up(pooler):
    async with pooler.with_agent():
        pooler.give(users=f'"{pooler.database.user}" "another"\n')

        async def refused():
            try:
                async with pooler.client():
                    return False
            except psycopg.OperationalError as error:
                return "authentication failed" in str(error)

        assert await until(refused)


async def test_a_pooler_is_ready_while_its_server_is_not_there(pooler):
    pooler.give(upstream__port=1)
    async with pooler.with_agent() as agent:

        async def lost():
            [upstream] = (await agent.state()).upstreams or [None]
            return upstream and "not asked" not in upstream.error and not upstream.reachable

        assert await until(lost)
        assert await agent.ready()


async def test_without_pgbouncer_nothing_is_ready(pooler):
    async with started(pooler.address, pooler.files()) as agent:
        state = await agent.state()

        assert not await agent.ready()
        assert not state.ready
        assert "refused" in state.console_error


async def test_a_pooler_that_starts_during_a_pause_waits_for_its_end(pooler):
    pooler.give(pause_until=time.time() + 250)
    async with started(pooler.address, pooler.files()) as agent:
        pooler.start()

        async def answers():
            return (await agent.state()).version

        assert await until(answers)
        assert not await agent.ready()

        await agent.follow(pooler.orders())
        assert await agent.ready()


async def test_the_operator_gives_orders_and_others_do_not(pooler):
    async with (
        pooler.with_agent() as agent,
        serving(agent, host="127.0.0.1", port=0, token=TOKEN) as port,
    ):
        agents = Agents(port=port)
        orders = pooler.orders(pool_size=3, pool__size=3)

        [stranger] = await agents.order_all([("a", "127.0.0.1")], orders, token="guessed")
        [done] = await agents.order_all([("a", "127.0.0.1")], orders, token=TOKEN)
        [gone] = await Agents(port=1).order_all([("a", "127.0.0.1")], orders, token=TOKEN)

    assert (stranger.state, stranger.error[:3]) == (None, "401")
    assert done.state.in_force == digest_of(orders.settings)
    assert gone.state is None
    assert gone.error


async def test_prometheus_reads_what_the_usual_exporter_would_say(pooler):
    async with (
        pooler.with_agent() as agent,
        pooler.client(),
        serving(agent, host="127.0.0.1", port=0, token=TOKEN) as port,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            page = await answer.text()
        pooler.kill()
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            page_without = await answer.text()
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            readiness = answer.status

    labels = f'database="{pooler.database.name}",user="{pooler.database.user}"'
    for line in (
        "pgbouncer_up 1.0",
        f"pgbouncer_pools_client_active_connections{{{labels}}} 1.0",
        f"pgbouncer_pools_client_maxwait_seconds{{{labels}}} 0.0",
        "tantrum_pooler_in_force 1.0",
        "tantrum_pooler_paused 0.0",
    ):
        assert line in page
    assert "pgbouncer_stats_sql_transactions_pooled_total{" in page
    assert "pgbouncer_up 0.0" in page_without
    assert readiness == 503


async def test_pgbouncer_that_is_to_stop_waits_for_its_clients_and_not_for_its_agent(pooler):
    async with pooler.with_agent() as agent:

        async def probed():
            return [each for each in (await agent.state()).upstreams if each.reachable]

        async def left():
            return not await agent.ready()

        async with pooler.client() as client:
            await until(probed)
            pooler.ask_to_stop()
            await until(left)
            still = await (await client.execute("select 1 as one")).fetchone()
            stopped_before = await pooler.stopped()

        assert await until(pooler.stopped)
        assert (still, stopped_before) == ({"one": 1}, False)
