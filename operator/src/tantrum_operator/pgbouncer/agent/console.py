"""PgBouncer's admin console: statements of its own in the simple protocol."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import psycopg
from tantrum_kit.errors import UnavailableError

Row: TypeAlias = dict[str, Any]

_ADMIN_DATABASE: Final = "pgbouncer"
_TIMEOUT_SECONDS: Final = 2.0


class ConsoleUnavailableError(UnavailableError):
    """PgBouncer's console does not answer: it is not up, frozen, or its password is another."""

    reason = "CONSOLE_UNAVAILABLE"


class RefusedError(Exception):
    """PgBouncer answered that it will not, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a PgBouncer is, and as whom to log in there."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


@contextlib.asynccontextmanager
async def connection(
    address: Address, database: str = _ADMIN_DATABASE
) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
    """A connection that sends each statement alone and as it stands, which the console needs."""
    opened = await psycopg.AsyncConnection.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        dbname=database,
        connect_timeout=3,
        sslmode="prefer",
        autocommit=True,
        row_factory=psycopg.rows.dict_row,
        cursor_factory=psycopg.AsyncClientCursor,
    )
    try:
        yield opened
    finally:
        await opened.close()


class Console:
    """
    The console by one connection, which is opened again after a failure.

    Safe to share: statements wait for each other. Each raises `ConsoleUnavailableError` after
    2 s without an answer, and `RefusedError`.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()
        self._connection: psycopg.AsyncConnection[Row] | None = None

    async def rows(self, statement: str) -> list[Row]:
        """Return what a SHOW shows."""
        return await self._ask(statement)

    async def do(self, statement: str) -> None:
        await self._ask(statement)

    async def resume(self) -> None:
        """End a pause; that there is none is as good."""
        try:
            await self.do("RESUME")
        except RefusedError as error:
            if "not paused" not in str(error):
                raise

    async def paused(self) -> bool:
        """Whether a pause was asked for, be it that transactions still run."""
        states = {row["key"]: row["value"] for row in await self.rows("SHOW STATE")}
        return bool(states["paused"] == "yes")

    async def pause(self) -> None:
        """
        Return when nothing runs any more; that nothing did before is as good.

        On a connection of its own and without a timeout: a `RESUME` in between leaves this
        one waiting for ever, so its caller cancels it.
        """
        try:
            async with connection(self._address) as own:
                await own.execute("PAUSE")
        except psycopg.Error as error:
            if "already" not in str(error):
                raise ConsoleUnavailableError(f"PAUSE: {error}") from error

    async def open_to_all(self) -> bool:
        """Whether PgBouncer takes new connections: from the order to stop on it does not."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                _, writer = await asyncio.open_connection(self._address.host, self._address.port)
        except OSError:  # TimeoutError is one
            return False
        writer.close()
        return True

    async def close(self) -> None:
        self._connection = None
        await self._stack.aclose()

    async def _ask(self, statement: str) -> list[Row]:
        async with self._lock:
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    if self._connection is None:
                        opening = connection(self._address)
                        self._connection = await self._stack.enter_async_context(opening)
                    # The statements are this package's own.
                    cursor = await self._connection.execute(statement.encode())
                    return await cursor.fetchall() if cursor.description else []
            except (psycopg.Error, OSError) as error:  # TimeoutError is an OSError
                if self._connection is not None and _is_answer(error, self._connection):
                    raise RefusedError(f"{statement}: {error}") from error
                await self.close()
                said = str(error) or f"no answer within {_TIMEOUT_SECONDS:g} s"
                raise ConsoleUnavailableError(f"{statement}: {said}") from error


def _is_answer(error: Exception, opened: psycopg.AsyncConnection[Row]) -> bool:
    """Whether PgBouncer said no, rather than nothing."""
    return isinstance(error, psycopg.Error) and error.sqlstate is not None and not opened.broken
