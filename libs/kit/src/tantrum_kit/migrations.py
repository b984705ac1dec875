"""
Brings schemas up to date, at one time in one place.

Start-up is quick when there is nothing to do: what version a schema has is one query, and
the steps' names say which is the newest. Alembic, which takes most of a second to import,
is there only to take steps. It needs the extra `tantrum-kit[postgres]`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from tantrum_kit.errors import UnavailableError
from tantrum_kit.postgres import Connection, Server

log = structlog.get_logger()

_VERSION_TABLE: Final = "alembic_version"

_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_LOCK_POLL_SECONDS: Final = 0.2

# The lock is a transaction that does nothing for as long as the steps take.
_NO_IDLE_LIMIT: Final = "SET LOCAL idle_in_transaction_session_timeout = 0"


class MigrationError(UnavailableError):
    """The schema could not be brought up to date just now; the text says why."""

    reason = "MIGRATION_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A PostgreSQL schema, and the steps that make it."""

    name: str

    steps_folder: Path
    """
    Alembic's scripts, `<revision>_<words>.py`, one after the other in the order of their
    names. Each works with the release before it too.
    """

    def revisions(self) -> list[str]:
        """Return the steps' revisions, at least one, oldest first."""
        steps = self.steps_folder.glob("[0-9]*_*.py")
        return sorted(step.name.partition("_")[0] for step in steps)


async def migrate(server: Server, schema: Schema, *, wait_seconds: float = 300.0) -> None:
    """
    Bring *schema* up to date in *server*'s database; safe to repeat.

    Of several at once, one works and the others wait for it, up to *wait_seconds*.
    A schema that is ahead, since a newer release has migrated it, is left alone:
    that release took care to stay usable for this one. PgBouncer in transaction mode
    may stand between, unless a step leaves its transaction (`CONCURRENTLY`).

    Raises:
        MigrationError: the database does not answer, or refuses, or a lock was
            not to be had in time. What was done in whole steps stays.
    """
    server = replace(
        server,
        statement_cache_size=0,
        application_name=f"{server.application_name}-migrate".removeprefix("-"),
    )
    try:
        async with _connected(server) as connection:
            if not _is_due(schema, await _stored_revision(connection, schema)):
                return
            async with _alone(connection, schema, wait_seconds):
                await _take_steps(connection, server, schema)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise MigrationError(
            f"cannot migrate the schema {schema.name} of the database at {server.address}: "
            f"{str(error) or type(error).__name__}"
        ) from error


async def _take_steps(connection: Connection, server: Server, schema: Schema) -> None:
    """Take the steps that are lacking, now that nobody else can."""
    stored = await _stored_revision(connection, schema)
    if not _is_due(schema, stored):
        return
    from tantrum_kit import alembic_steps  # noqa: PLC0415 - it takes long

    await alembic_steps.take(
        lambda: asyncpg.connect(**server.connect_arguments()),
        schema_name=schema.name,
        version_table=_VERSION_TABLE,
        folder=schema.steps_folder,
    )
    reached = await _stored_revision(connection, schema)
    log.info("schema_migrated", schema=schema.name, before=stored, after=reached)
    if reached != schema.revisions()[-1]:
        raise RuntimeError(f"a file in {schema.steps_folder} is not named after its step")


def _is_due(schema: Schema, stored: str | None) -> bool:
    """Say whether there are steps after revision *stored*, where None is before all."""
    revisions = schema.revisions()
    if stored is None or stored in revisions[:-1]:
        return True
    event = "schema_found_current" if stored == revisions[-1] else "schema_found_newer"
    log.info(event, schema=schema.name, stored=stored)
    return False


async def _stored_revision(connection: Connection, schema: Schema) -> str | None:
    """Return what the schema stands at; None before the first step."""
    # Not by to_regclass: inside a transaction that would go by what it began with.
    sql = f"SELECT version_num FROM {schema.name}.{_VERSION_TABLE}"  # noqa: S608 - ours
    try:
        async with connection.transaction():
            revision: str | None = await connection.fetchval(sql)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    return revision


@contextlib.asynccontextmanager
async def _alone(
    connection: Connection, schema: Schema, wait_seconds: float
) -> AsyncIterator[None]:
    """
    Hold the lock on *schema*'s migrations. Raises `MigrationError` when another one has it.

    It is a transaction's and not a session's, for a pooler gives a session to others. Who
    waits asks again and again: a statement that waits holds a snapshot, and CREATE INDEX
    CONCURRENTLY of the one that works would wait for that in turn. One that is idle in a
    transaction that reads what is committed holds none.
    """
    loop = asyncio.get_running_loop()
    give_up_monotonic = loop.time() + wait_seconds
    while True:
        async with connection.transaction(isolation="read_committed"):
            if await connection.fetchval(_LOCK, f"migrations of {schema.name}"):
                await connection.execute(_NO_IDLE_LIMIT)
                yield
                return
        if loop.time() >= give_up_monotonic:
            raise MigrationError(
                f"another migration of the schema {schema.name} is under way, "
                f"and did not end in {wait_seconds:g} s"
            )
        await asyncio.sleep(_LOCK_POLL_SECONDS)


@contextlib.asynccontextmanager
async def _connected(server: Server) -> AsyncIterator[Connection]:
    """Lend a connection to a server that answers each question at once, or not at all."""
    connection = await asyncpg.connect(
        **server.connect_arguments(), command_timeout=server.connect_seconds
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=server.connect_seconds)
