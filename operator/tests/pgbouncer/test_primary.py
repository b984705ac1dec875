"""The server behind a pooler restarts, and users are looked up at it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from pathlib import Path

import asyncpg
import psycopg
import pytest
from tantrum_operator.pgbouncer.agent.console import Address, connection
from tantrum_stack.postgres import PostgresEngine
from tantrum_stack.processes import Process
from tantrum_stack.testing import engine_needed, temporary_place

from .poolers import Pooler, until
from .programs import newest_pgbouncer

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[3] / "docs/operator/pgbouncer.md"


class Primary:
    """A PostgreSQL of the test's own, to be ended and started again at the same address."""

    def __init__(self, place):
        self._place = place
        self._engine = PostgresEngine(place, durable=False)
        self._process = None

    async def prepare(self):
        await self._engine.prepare()

    @property
    def database(self):
        return self._engine.database("tantrum")

    @property
    def admin(self):
        return self._engine.admin()

    async def start(self):
        self._process = Process.start(self._engine.command(), self._place.folder / "primary.log")
        await until(self._engine.ready)

    async def stop(self):
        await self._process.stop()


@pytest.fixture
async def primary():
    with temporary_place() as place, engine_needed("PostgreSQL"):
        made = Primary(place)
        await made.prepare()
        await made.start()
        admin = await asyncpg.connect(made.admin.dsn)
        try:
            with contextlib.suppress(asyncpg.DuplicateDatabaseError):
                await admin.execute(f"create database tantrum owner {made.database.user}")
        finally:
            await admin.close()
        try:
            yield made
        finally:
            await made.stop()


@pytest.fixture
def pooler_before(primary):
    with engine_needed("PgBouncer"):
        newest_pgbouncer()
    with temporary_place() as place:
        yield Pooler(place, primary.database)


async def test_clients_are_served_again_when_the_primary_has_restarted(primary, pooler_before):
    pooler = pooler_before
    async with pooler.with_agent() as agent:

        async def reached():
            return all(each.reachable for each in (await agent.state()).upstreams or [None])

        async def lost():
            return not await reached()

        async def served():
            async with pooler.client() as client:
                return await (await client.execute("select 1 as one")).fetchone()

        await until(served)
        await until(_answered(agent))
        await primary.stop()
        await until(lost)
        still_ready = await agent.ready()
        await primary.start()

        assert await until(served) == {"one": 1}
        assert await until(reached)
        assert still_ready


def _answered(agent):
    async def answered():
        states = (await agent.state()).upstreams
        return bool(states) and states[0].reachable

    return answered


async def test_users_that_the_list_lacks_are_looked_up_and_superusers_never(primary, pooler_before):
    pooler = pooler_before
    user = pooler.database.user
    direct = await asyncpg.connect(dataclasses.replace(primary.admin, name="tantrum").dsn)
    try:
        [documented] = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
        await direct.execute(documented.replace(" to tantrum;", f" to {user};"))
        await direct.execute("create role reader login password 'reads'")
        await direct.execute("create role boss login superuser password 'rules'")
        pooler.give(auth__function="pooling.user_lookup")

        async with pooler.with_agent():
            host, port = pooler.address.host, pooler.address.port

            async def who(name, password):
                login = Address(host=host, port=port, user=name, password=password)
                async with connection(login, "tantrum") as client:
                    cursor = await client.execute("select current_user as me")
                    return (await cursor.fetchone())["me"]

            assert await who("reader", "reads") == "reader"
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                await who("reader", "guesses")
            with pytest.raises(psycopg.OperationalError):
                await who("boss", "rules")
        await direct.execute("set role reader")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await direct.fetch("select * from pooling.user_lookup('reader')")
    finally:
        await direct.close()
