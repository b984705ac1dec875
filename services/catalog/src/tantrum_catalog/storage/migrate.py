"""Brings a database's schema up to date."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tantrum_kit.errors import UnavailableError

from tantrum_catalog.storage.pool import Server

log = structlog.get_logger()

SCHEMA: Final = "catalog"

_FOLDER: Final = Path(__file__).parent / "migrations"

# Any number will do that no other program locks.
_LOCK_KEY: Final = 0x74616E7472756D
_LOCK_TIMEOUT: Final = "5s"
_LOCK_POLL_SECONDS: Final = 0.2


class MigrationError(UnavailableError):
    """The schema could not be brought up to date just now; the text says why."""

    reason = "MIGRATION_FAILED"


async def migrate(server: Server, *, wait_seconds: float = 300.0) -> None:
    """
    Bring the schema of *server*'s database up to date; safe to repeat.

    Of several at once, one works and the others wait for it, up to
    *wait_seconds*. A database that is ahead, since a newer release has migrated
    it, is left alone: that release took care to stay usable for this one.
    *server* must be PostgreSQL itself: PgBouncer cannot hold the lock.

    Raises:
        MigrationError: the database does not answer, or refuses, or a lock was
            not to be had in time. What was done in whole steps stays.
    """
    try:
        async with _only_one(server, wait_seconds):
            engine = create_async_engine(
                "postgresql+asyncpg://",
                async_creator=lambda: _connect(server, lock_timeout=_LOCK_TIMEOUT),
                poolclass=NullPool,
            )
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade)
    except (DBAPIError, asyncpg.PostgresError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise MigrationError(
            f"cannot migrate the database at {server.address}: {cause or type(error).__name__}"
        ) from error


def _upgrade(connection: SqlConnection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    connection.commit()
    before = _revision(connection)
    if before is not None and before not in _known_revisions(config):
        log.info("schema_is_newer", schema_revision=before)
        return
    # Its own lines at each step say little that the last one here does not.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config, "head")
    after = _revision(connection)
    log.info("schema_migrated", before=before, after=after)


def _revision(connection: SqlConnection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
    revision = context.get_current_revision()
    connection.rollback()
    return revision


def _known_revisions(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


@contextlib.asynccontextmanager
async def _only_one(server: Server, wait_seconds: float) -> AsyncIterator[None]:
    """Hold the lock of migrations. Raises `MigrationError` when another one does not end."""
    connection = await _connect(server)
    try:
        async with _waiting(wait_seconds):
            # Tried again and again, for a statement that waits holds a snapshot, and
            # the other one's CREATE INDEX CONCURRENTLY would wait for that in turn.
            lock = "SELECT pg_try_advisory_lock($1)"
            while not await connection.fetchval(lock, _LOCK_KEY):  # noqa: ASYNC110 - no event
                await asyncio.sleep(_LOCK_POLL_SECONDS)
        yield
    finally:
        await connection.close(timeout=server.connect_seconds)


@contextlib.asynccontextmanager
async def _waiting(wait_seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(wait_seconds):
            yield
    except TimeoutError as error:
        raise MigrationError(
            f"another migration is under way, and did not end in {wait_seconds:g} s"
        ) from error


async def _connect(server: Server, **settings: str) -> Any:
    arguments = server.connect_arguments()
    arguments["server_settings"] |= {"application_name": "tantrum-catalog-migrate", **settings}
    return await asyncpg.connect(**arguments)
