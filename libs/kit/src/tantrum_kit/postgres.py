"""
Connections to PostgreSQL: how many, for how long, and what their failures mean.

Nothing here or above keeps state in a session, so that PgBouncer may stand between in
transaction mode. Whatever a caller does is bounded by its deadline, the wait for a free
connection included, and a query that runs out of time is cancelled in PostgreSQL too.
It needs the extra `tantrum-kit[postgres]`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import prometheus_client
import structlog

from tantrum_kit import deadline, tracing
from tantrum_kit.errors import DeadlineError, UnavailableError

log = structlog.get_logger()

Connection: TypeAlias = Any  # asyncpg has no types
Record: TypeAlias = Any

_CLOSE_SECONDS: Final = 5.0

# For PostgreSQL to say that it has cancelled a query; after that the connection is dropped.
_RELEASE_SECONDS: Final = 1.0

_CONNECTIONS = prometheus_client.Gauge(
    "tantrum_postgres_connections_count",
    "Connections of a pool that are open or idle, and callers that wait for one.",
    ["database", "state"],
)

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
    """
    `postgresql://user@host:port/name?sslmode=…`, without the password; `sslmode` is
    `prefer` by default, and may be anything from `disable` to `verify-full`.
    """

    password: str | None = field(default=None, repr=False)
    """Empty is None: there is none."""

    root_cert_file: Path | None = None
    """PEM file with the authorities to trust in the `verify-…` modes."""

    connect_seconds: float = 5.0

    statement_cache_size: int = 100
    """Prepared statements a connection keeps; 0 behind a PgBouncer older than 1.21."""

    application_name: str = ""
    """What PostgreSQL lists the connections under."""

    @property
    def address(self) -> str:
        """`host:port/name`, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}"

    def connect_arguments(self) -> dict[str, Any]:
        """Return what `asyncpg.connect` and `asyncpg.create_pool` need."""
        parts = urlsplit(self.url)
        query = dict(parse_qsl(parts.query))
        if self.root_cert_file is not None:
            query["sslrootcert"] = str(self.root_cert_file)
        return {
            "dsn": urlunsplit(parts._replace(query=urlencode(query))),
            "password": self.password or None,
            "timeout": self.connect_seconds,
            "statement_cache_size": self.statement_cache_size,
            "server_settings": {"application_name": self.application_name},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many connections there may be, and how long things may take."""

    size_min: int = 10
    """Connections that are kept open."""

    size_max: int = 50
    """Connections at most; who needs one more waits."""

    idle_seconds: float = 30.0
    """How long a connection beyond the minimum is kept unused."""

    lifetime_seconds: float = 60.0
    """
    How old a connection may be when it is given back; up to a quarter less, so that not
    all end at once. A pooler that is to stop waits for its clients, and a new one gets some.
    """

    acquire_seconds: float = 60.0
    """Longest wait for a free connection, when the caller has more time than that."""

    query_seconds: float = 30.0
    """Longest use of a connection, when the caller has more time than that."""


class Database:
    """
    One server's pool of connections. Safe to share.

    Every method raises what *unavailable* makes when the server does not answer,
    and `DeadlineError` when the caller's time is over. Cancelling a call cancels
    its query in PostgreSQL and rolls its transaction back.
    """

    def __init__(
        self,
        pool: Any,
        limits: Limits,
        *,
        address: str,
        unavailable: Callable[[], UnavailableError],
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._address = address
        self._unavailable = unavailable
        self._trouble = ""
        self._waiting = _CONNECTIONS.labels(address, "waiting")
        _CONNECTIONS.labels(address, "open").set_function(pool.get_size)
        _CONNECTIONS.labels(address, "idle").set_function(pool.get_idle_size)

    async def fetch(self, sql: str, *arguments: object) -> Sequence[Record]:
        async with self.connection() as connection:
            records: Sequence[Record] = await connection.fetch(sql, *arguments)
            return records

    @contextlib.asynccontextmanager
    async def connection(
        self, *, at_most_seconds: float | None = None
    ) -> AsyncIterator[Connection]:
        """
        Lend a connection; each statement on it is a transaction.

        *at_most_seconds* are for all of it, the wait for the connection included,
        and take the place of both limits.
        """
        whole = None if at_most_seconds is None else _until(at_most_seconds)
        async with self._bounded():
            async with asyncio.timeout_at(whole or _until(self._limits.acquire_seconds)):
                with tracing.called("postgresql connection"), self._waiting.track_inprogress():
                    connection = await self._pool.acquire()
            try:
                async with asyncio.timeout_at(whole or _until(self._limits.query_seconds)):
                    with _statements_traced(connection):
                        yield connection
            except (
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
                asyncpg.ActiveSQLTransactionError,
            ) as error:
                if _usable(connection):
                    if not _lost_count(error):
                        raise  # it complains about our use of it
                    connection.terminate()
                raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
            finally:
                await _give_back(self._pool, connection, self._limits)

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, at_most_seconds: float | None = None, **options: object
    ) -> AsyncIterator[Connection]:
        """
        Lend a connection inside one transaction, which the body's success commits.

        *at_most_seconds* is as for `connection`; the *options* are asyncpg's.
        """
        async with (
            self.connection(at_most_seconds=at_most_seconds) as connection,
            connection.transaction(**options),
        ):
            yield connection

    @contextlib.asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Raise running out of time and outages as the kinds of error that they are."""
        try:
            yield
        except _OUTAGES as error:
            if isinstance(error, TimeoutError) and deadline.passed():
                raise DeadlineError("the call's time ran out") from error
            self._note_trouble(f"{type(error).__name__}: {error}")
            raise self._unavailable() from error
        else:
            self._note_trouble("")

    def _note_trouble(self, trouble: str) -> None:
        """Log when trouble begins, changes or ends: callers are told no reasons."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble:
            log.warning("database_unavailable", address=self._address, reason=trouble)
        else:
            log.info("database_available", address=self._address)


@contextlib.asynccontextmanager
async def opened(
    server: Server, limits: Limits, *, unavailable: Callable[[], UnavailableError]
) -> AsyncIterator[Database]:
    """
    Open a pool on *server*, and close it in the end.

    Succeeds whether or not the server answers: connections are made in the
    background, and when they are needed. *unavailable* makes the error that the
    pool's users catch while it does not.
    """
    pool = asyncpg.create_pool(
        **server.connect_arguments(),
        min_size=0,  # asyncpg's minimum would have to be there at once, and would not last
        max_size=limits.size_max,
        max_inactive_connection_lifetime=limits.idle_seconds,
        connection_class=_SessionlessConnection,
    )
    await pool
    # Not in a TaskGroup: that would wrap whatever the body raises.
    warming = asyncio.create_task(_keep_warm(pool, limits))
    try:
        yield Database(pool, limits, address=server.address, unavailable=unavailable)
    finally:
        warming.cancel()
        await asyncio.wait([warming])
        try:
            await asyncio.wait_for(pool.close(), timeout=_CLOSE_SECONDS)
        except TimeoutError:
            pool.terminate()


def _until(limit_seconds: float) -> float:
    """Return when *limit_seconds*, or what the call has left, are over on the loop's clock."""
    return asyncio.get_running_loop().time() + deadline.remaining_seconds(limit_seconds)


@contextlib.contextmanager
def _statements_traced(connection: Connection) -> Iterator[None]:
    """Record each statement of the body, never its values, if the trace that it is in is."""
    span = tracing.current()
    if span is None:
        yield
        return

    def note(statement: Any) -> None:
        text = " ".join(statement.query.split())
        tracing.note_call(
            f"postgresql {text.partition(' ')[0].upper()}",
            parent=span,
            elapsed_seconds=statement.elapsed,
            failure=type(statement.exception).__name__ if statement.exception else "",
            **{"db.system.name": "postgresql", "db.query.text": text},
        )

    with connection.query_logger(note):
        yield


def _usable(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # The server cut it, upon which the pool took it back, and it answers nothing.
        return False


def _lost_count(error: BaseException) -> bool:
    """
    Say whether asyncpg no longer knows what its connection is doing, and so nobody does.

    It may say so when the server's farewell comes between two messages of one statement.
    Rolling the transaction back then fails too, with an error of another kind. And behind
    a pooler whose database has just come back, a transaction was once found begun already.
    """
    return isinstance(
        error, asyncpg.InternalClientError | asyncpg.ActiveSQLTransactionError
    ) or isinstance(error.__context__, asyncpg.InternalClientError)


class _SessionlessConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """
    Leaves no state in the session, and so needs no round trip to clear it; knows its age.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opened_monotonic = asyncio.get_running_loop().time()
        self._share_of_life = random.uniform(0.75, 1.0)  # noqa: S311 - no secret

    def outlived(self, lifetime_seconds: float) -> bool:
        age_seconds = asyncio.get_running_loop().time() - self._opened_monotonic
        return age_seconds > lifetime_seconds * self._share_of_life

    def get_reset_query(self) -> str:
        return ""


async def _give_back(pool: Any, connection: Connection, limits: Limits) -> None:
    """Return *connection* to the pool, which opens another in place of one that is too old."""
    try:
        if _usable(connection) and connection.outlived(limits.lifetime_seconds):
            await connection.close(timeout=_RELEASE_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        log.debug("connection_not_closed", error=f"{type(error).__name__}: {error}")
    finally:
        await pool.release(connection, timeout=_RELEASE_SECONDS)


async def _keep_warm(pool: Any, limits: Limits) -> None:
    """
    Use the pool's minimum of connections often enough for none of them to become idle.

    Those that callers use count; it takes none away from them.
    """
    while True:
        try:
            async with contextlib.AsyncExitStack() as used:
                busy = pool.get_size() - pool.get_idle_size()
                for _ in range(min(limits.size_min, limits.size_max) - busy):
                    connection = await pool.acquire(timeout=limits.idle_seconds)
                    used.push_async_callback(_give_back, pool, connection, limits)
        except Exception as error:  # noqa: BLE001 - the top of a background task
            log.debug("pool_not_warmed", error=f"{type(error).__name__}: {error}")
        await asyncio.sleep(limits.idle_seconds / 3)
