"""
Connections to PostgreSQL: how many, for how long, and what their failures mean.

Nothing here or above keeps state in a session, so that PgBouncer may stand between in
transaction mode.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import asyncpg
from tantrum_kit import deadline
from tantrum_kit.errors import DeadlineError

from tantrum_search.domain.errors import IndexUnavailableError

Connection: TypeAlias = Any  # asyncpg has no types
Record: TypeAlias = Any

_CONNECT_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 5.0

# What PostgreSQL or PgBouncer says when it cannot serve just now, whatever was asked.
_OUTAGES: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,  # no such database, yet or any more
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,  # and so TimeoutError
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a database is, and how to talk to it."""

    url: str
    """`postgresql://user@host:port/name?sslmode=…`, without the password."""

    password: str | None = field(default=None, repr=False)

    statement_cache_size: int = 0
    """Prepared statements a connection keeps; 0 suits any pooler in transaction mode."""

    def connect_arguments(self) -> dict[str, Any]:
        """Return what `asyncpg.connect` and `asyncpg.create_pool` need."""
        return {
            "dsn": self.url,
            "password": self.password or None,
            "timeout": _CONNECT_SECONDS,
            "statement_cache_size": self.statement_cache_size,
            "server_settings": {"application_name": "tantrum-search"},
        }


class Database:
    """One server's pool of connections. Safe to share."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, at_most_seconds: float, **options: object
    ) -> AsyncIterator[Connection]:
        """
        Lend a connection inside one transaction, which the body's success commits.

        It ends after *at_most_seconds*, or when the call's own time is over; so
        does the wait for a free connection. The *options* are asyncpg's.

        Raises:
            IndexUnavailableError: the server does not answer, or not in time.
            DeadlineError: the call's own time is over.
        """
        with outages_raised():
            async with asyncio.timeout(deadline.remaining_seconds(at_most_seconds)):
                connection = await self._pool.acquire()
                try:
                    async with connection.transaction(**options):
                        yield connection
                except asyncpg.InterfaceError as error:
                    if _usable(connection):
                        raise  # it complains about our use of it
                    raise IndexUnavailableError from error
                finally:
                    await self._pool.release(connection, timeout=_CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def opened(server: Server, *, size: int) -> AsyncIterator[Database]:
    """
    Open a pool of up to *size* connections, and close it in the end.

    Succeeds whether or not the server answers: connections are made when needed.
    """
    pool = await asyncpg.create_pool(
        **server.connect_arguments(),
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=_IDLE_SECONDS,
        connection_class=_SessionlessConnection,
    )
    try:
        yield Database(pool)
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=_CLOSE_SECONDS)
        except TimeoutError:
            pool.terminate()


@contextlib.contextmanager
def outages_raised() -> Iterator[None]:
    """Raise running out of time and outages in the body as the errors that they are."""
    try:
        yield
    except _OUTAGES as error:
        if isinstance(error, TimeoutError) and deadline.passed():
            raise DeadlineError("the call's time ran out") from error
        raise IndexUnavailableError from error


def _usable(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # The server cut it, upon which the pool took it back, and it answers nothing.
        return False


class _SessionlessConnection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """Leaves no state in the session, and so needs no round trip to clear it."""

    def get_reset_query(self) -> str:
        return ""
