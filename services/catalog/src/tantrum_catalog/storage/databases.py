"""Where reads go: to a replica while one keeps up, else to the primary."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

import asyncpg
import structlog
from tantrum_kit import deadline
from tantrum_kit.errors import UnavailableError
from tantrum_kit.postgres import Connection, Database

from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.errors import RevisionNotReachedError

log = structlog.get_logger()

T = TypeVar("T")

Query: TypeAlias = Callable[[Connection], Awaitable[At[T]]]
"""Reads one state of the catalogue, and says its revision."""

_CATCH_UP_SECONDS: Final = 0.02
_ASK_AGAIN_SECONDS: Final = 0.004

_REPLICA_SECONDS: Final = 2.0
_AVOID_SECONDS: Final = 1.0

# A replica that lags may lack what the last migration made.
_NOT_MIGRATED: Final = (
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)


class Databases:
    """The primary, and replicas of it where there are any."""

    def __init__(self, primary: Database, replica: Database | None = None) -> None:
        self.primary = primary
        self.replica = replica
        self._avoid_until_monotonic = 0.0

    async def read(self, query: Query[T], *, min_revision: Revision) -> At[T]:
        """
        Return what *query* finds at *min_revision* or later.

        A replica that lags is given 20 ms. One that fails gets half of the call's
        time at most, and then no call but one a second.

        Raises:
            RevisionNotReachedError: the primary has not got there either.
        """
        found = await self._from_replica(query, min_revision)
        if found is None:
            found = await _ask(self.primary, query)
        if found.revision < min_revision:
            raise RevisionNotReachedError(min_revision)
        return found

    async def _from_replica(self, query: Query[T], min_revision: Revision) -> At[T] | None:
        """Return what a replica finds; None when the primary has to be asked."""
        loop = asyncio.get_running_loop()
        started_monotonic = loop.time()
        if self.replica is None or started_monotonic < self._avoid_until_monotonic:
            return None
        if self._avoid_until_monotonic > 0:
            # The others stay away while this call tries.
            self._avoid_until_monotonic = started_monotonic + _AVOID_SECONDS
        try:
            async with asyncio.timeout(deadline.remaining_seconds(_REPLICA_SECONDS * 2) / 2):
                found = await _caught_up(self.replica, query, min_revision)
        except (UnavailableError, TimeoutError, *_NOT_MIGRATED) as error:
            self._avoid_until_monotonic = loop.time() + _AVOID_SECONDS
            log.warning("replica_avoided", error=f"{type(error).__name__}: {error}")
            return None
        self._avoid_until_monotonic = 0.0
        return found if found.revision >= min_revision else None


async def _caught_up(replica: Database, query: Query[T], min_revision: Revision) -> At[T]:
    """Ask until the answer is at *min_revision*, or the time for that is over."""
    loop = asyncio.get_running_loop()
    give_up_monotonic = loop.time() + _CATCH_UP_SECONDS
    while True:
        found = await _ask(replica, query)
        if found.revision >= min_revision or loop.time() >= give_up_monotonic:
            return found
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _ask(database: Database, query: Query[T]) -> At[T]:
    async with database.connection() as connection:
        return await query(connection)
