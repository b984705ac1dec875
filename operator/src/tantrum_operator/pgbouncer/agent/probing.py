"""
What an agent asks the servers behind its PgBouncer.

It asks through PgBouncer, by a pool of one connection to each server that nobody else has:
busy pools do not keep it waiting, and a login that fails is the pooler's own. A server that
came back, or became another, has PgBouncer close all connections to it (`RECONNECT`) once
they are free: those that a dead primary left hang until a timeout of TCP's.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Final

import psycopg
import structlog

from tantrum_operator.pgbouncer.agent.console import (
    Address,
    Console,
    ConsoleUnavailableError,
    RefusedError,
    Row,
    connection,
)
from tantrum_operator.pgbouncer.protocol import PROBE_PREFIX, UpstreamState

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS: Final = 3.0
_FACTS: Final = """
select current_setting('max_connections')::int as max_connections,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true), '0')::int as reserved,
       pg_is_in_recovery() as in_recovery,
       pg_postmaster_start_time()::text as started
"""


class Probe:
    """Asks the server of one *database*, by a connection that it keeps."""

    def __init__(self, address: Address, console: Console, database: str) -> None:
        self._address = address
        self._console = console
        self._stack = contextlib.AsyncExitStack()
        self._connection: psycopg.AsyncConnection[Row] | None = None
        self._identity: tuple[str, bool] | None = None
        self.state = UpstreamState(database=database, reachable=False, error="not asked yet")

    async def ask(self) -> None:
        """Look once, within 3 s; `state` is what came of it."""
        before = self.state
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                facts = await self._facts()
        except (psycopg.Error, OSError) as error:  # TimeoutError is an OSError
            await self.close()
            said = str(error).strip() or f"no answer within {_TIMEOUT_SECONDS:g} s"
            self.state = dataclasses.replace(before, reachable=False, error=said)
            if before.reachable:
                log.warning("upstream_lost", database=before.database, error=said)
            return
        self.state = UpstreamState(
            database=before.database,
            reachable=True,
            in_recovery=facts["in_recovery"],
            max_connections=facts["max_connections"],
            reserved_connections=facts["reserved"],
        )
        await self._reconnect_if_another((facts["started"], facts["in_recovery"]), before)

    async def close(self) -> None:
        self._connection = None
        with contextlib.suppress(psycopg.Error, OSError):
            await self._stack.aclose()

    async def _facts(self) -> Row:
        if self._connection is None:
            database = PROBE_PREFIX + self.state.database
            opening = connection(self._address, database)
            self._connection = await self._stack.enter_async_context(opening)
        cursor = await self._connection.execute(_FACTS)
        [row] = await cursor.fetchall()
        return row

    async def _reconnect_if_another(
        self, identity: tuple[str, bool], before: UpstreamState
    ) -> None:
        another = self._identity is not None and (
            identity != self._identity or not before.reachable
        )
        self._identity = identity
        if another:
            log.info("upstream_changed", database=before.database, in_recovery=identity[1])
            with contextlib.suppress(ConsoleUnavailableError, RefusedError):
                await self._console.do(f'RECONNECT "{before.database}"')


class Probing:
    """The probes of the databases that the settings name; all together, one look a call."""

    def __init__(self, address: Address, console: Console) -> None:
        self._address = address
        self._console = console
        self._probes: dict[str, Probe] = {}

    @property
    def states(self) -> tuple[UpstreamState, ...]:
        return tuple(probe.state for probe in self._probes.values())

    async def ask(self, databases: Sequence[str]) -> None:
        for name in set(self._probes) - set(databases):
            await self._probes.pop(name).close()
        for name in databases:
            if name not in self._probes:
                self._probes[name] = Probe(self._address, self._console, name)
        await asyncio.gather(*(probe.ask() for probe in self._probes.values()))

    async def close(self) -> None:
        for probe in self._probes.values():
            await probe.close()
