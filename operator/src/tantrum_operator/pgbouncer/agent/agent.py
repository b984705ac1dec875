"""An agent: does what the operator orders, and says how its PgBouncer is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import psycopg
import structlog

from tantrum_operator.pgbouncer.agent.console import (
    Address,
    Console,
    ConsoleUnavailableError,
    RefusedError,
    Row,
)
from tantrum_operator.pgbouncer.agent.files import Files, parsed
from tantrum_operator.pgbouncer.agent.pausing import LONGEST_SECONDS, Pausing
from tantrum_operator.pgbouncer.agent.probing import Probing
from tantrum_operator.pgbouncer.protocol import (
    PROBE_PREFIX,
    AgentState,
    Digest,
    Orders,
    digest_of,
)

log = structlog.get_logger(__name__)

_TICK_SECONDS: Final = 1.0
_NEVER: Final = float("-inf")


class Agent:
    """Beside the PgBouncer at *address*. Make it with `started`."""

    def __init__(self, address: Address, files: Files, tasks: asyncio.TaskGroup) -> None:
        self.console = Console(address)
        self._files = files
        self._probing = Probing(address, self.console)
        self._held_out_until = _NEVER
        self._users_read = True
        self._pausing = Pausing(self.console, files, tasks, reload=self._reload, now=time.monotonic)

    def prepare(self) -> None:
        """Write what PgBouncer needs for its start, unless it runs with newer settings."""
        self._files.write_users()
        if self._files.first():
            self._files.write_settings(self._files.given_settings())
            if (end := self._files.given_pause_end()) is not None:
                # By the wall clock, since another machine set it; the bound is for a wrong one.
                remaining = min(end - time.time(), LONGEST_SECONDS)
                self._held_out_until = time.monotonic() + remaining
        self._pausing.recover()

    async def run(self) -> None:
        """Look after passwords, servers and PgBouncer's end every second."""
        while True:
            try:
                await self._look()
            except (ConsoleUnavailableError, RefusedError, psycopg.Error, OSError) as error:
                log.warning("look_failed", error=str(error))
            await asyncio.sleep(_TICK_SECONDS)

    async def follow(self, orders: Orders) -> AgentState:
        """
        Do what is ordered, and say how things are then.

        Raises `ConsoleUnavailableError`; PgBouncer reads the new settings when it starts then.
        """
        if orders.pause is None:
            self._held_out_until = _NEVER
        changed = orders.settings != self._files.ordered_settings()
        if changed:
            self._files.write_settings(
                orders.settings, query_wait_seconds=self._pausing.query_wait_seconds
            )
            log.info("settings_changed", digest=digest_of(orders.settings))
        # Also where they were written before, and PgBouncer did not answer then.
        if changed or await self._in_force() is None:
            await self.console.do("RELOAD")
        self._pausing.order(orders.pause)
        return await self.state()

    async def state(self) -> AgentState:
        """Say how PgBouncer is; what its console does not answer is left out."""
        try:
            pools = [row for row in await self.console.rows("SHOW POOLS") if not _own(row)]
            [version] = await self.console.rows("SHOW VERSION")
            paused = await self.console.paused()
            in_force = await self._in_force()
        except (ConsoleUnavailableError, RefusedError) as error:
            return AgentState(console_error=str(error), pause=self._pausing.state)
        waits = [row["maxwait"] + row["maxwait_us"] / 1e6 for row in pools if row["cl_waiting"]]
        return AgentState(
            version=version["version"].removeprefix("PgBouncer "),
            in_force=in_force,
            paused=paused,
            pause=self._pausing.state,
            clients_waiting=sum(row["cl_waiting"] for row in pools),
            longest_wait_seconds=max(waits, default=0.0),
            upstreams=self._probing.states,
            ready=time.monotonic() >= self._held_out_until,
        )

    async def ready(self) -> bool:
        """
        Whether clients may come: the console answers, and no pause ran when this began.

        Not that PostgreSQL does: all poolers would leave the Service at once.
        """
        try:
            await self.console.paused()
        except (ConsoleUnavailableError, RefusedError):
            return False
        return time.monotonic() >= self._held_out_until

    async def close(self) -> None:
        await self._pausing.close()
        await self._probing.close()
        await self.console.close()

    async def _look(self) -> None:
        if not await self.console.open_to_all():
            await self.console.paused()  # raises where it is down, and not on its way out
            await self._let_go()
            return
        if self._files.write_users():
            log.info("passwords_changed")
            self._users_read = False
        if not self._users_read:
            await self.console.do("RELOAD")
            self._users_read = True
        if not self._pausing.holding:
            # What an agent left that died before it could write down that it paused.
            if await self.console.paused():
                await self.console.resume()
            await self._probing.ask(databases_of(self._files.ordered_settings()))

    async def _let_go(self) -> None:
        """Leave PgBouncer alone, which is told to stop: it waits for its clients, us among them."""
        await self._pausing.close()
        await self._probing.close()
        await self.console.close()

    async def _reload(self) -> None:
        self._files.write_settings(
            self._files.ordered_settings(), query_wait_seconds=self._pausing.query_wait_seconds
        )
        await self.console.do("RELOAD")

    async def _in_force(self) -> Digest | None:
        ordered = self._files.ordered_settings()
        settings, databases = parsed(ordered)
        config = {row["key"]: row["value"] for row in await self.console.rows("SHOW CONFIG")}
        rows = {row["name"]: row for row in await self.console.rows("SHOW DATABASES")}
        exempt = {"query_wait_timeout"} if self._pausing.holding else set()
        proven = all(
            config.get(key) == value for key, value in settings.items() if key not in exempt
        ) and all(_as_ordered(rows.get(name), facts) for name, facts in databases.items())
        return digest_of(ordered) if proven else None


def databases_of(settings: str) -> Sequence[str]:
    """The databases that clients see."""
    _, databases = parsed(settings)
    return [name for name in databases if not name.startswith(PROBE_PREFIX)]


def _own(pool: Row) -> bool:
    name: str = pool["database"]
    return name.startswith(PROBE_PREFIX) or name == "pgbouncer"


def _as_ordered(row: Row | None, facts: Mapping[str, str]) -> bool:
    return row is not None and (row["host"], str(row["port"]), row["database"]) == (
        facts["host"],
        facts["port"],
        facts["dbname"],
    )


@contextlib.asynccontextmanager
async def started(address: Address, files: Files) -> AsyncIterator[Agent]:
    """An agent at work. On exit it ends a pause that it holds, and stops."""
    async with asyncio.TaskGroup() as tasks:
        agent = Agent(address, files, tasks)
        agent.prepare()
        running = tasks.create_task(agent.run())
        try:
            yield agent
        finally:
            running.cancel()
            await agent.close()
