"""Brings the schema `search` up to date."""

from __future__ import annotations

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

from tantrum_search.storage.pool import Server

log = structlog.get_logger()

SCHEMA: Final = "search"

_FOLDER: Final = Path(__file__).parent / "migrations"

# Any number will do that no other program locks.
_LOCK_KEY: Final = 0x736561726368


class MigrationError(UnavailableError):
    """The schema could not be brought up to date just now; the text says why."""

    reason = "MIGRATION_FAILED"


async def migrate(server: Server) -> None:
    """
    Bring the schema of *server*'s database up to date; safe to repeat.

    All steps are one transaction, under a lock: of several at once one works and
    the others wait for it. That goes through PgBouncer in transaction mode. A
    database that is ahead, since a newer release has migrated it, is left alone.

    Raises:
        MigrationError: the database does not answer, or refuses.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: _connect(server),
        poolclass=NullPool,
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (DBAPIError, asyncpg.PostgresError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise MigrationError(
            f"cannot migrate the search index: {cause or type(error).__name__}"
        ) from error
    finally:
        await engine.dispose()


def _upgrade(connection: SqlConnection) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    before = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        log.info("schema_is_newer", schema_revision=before)
        return
    command.upgrade(config, "head")
    log.info("schema_migrated", before=before, after=_revision(connection))


def _revision(connection: SqlConnection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
    return context.get_current_revision()


async def _connect(server: Server) -> Any:
    return await asyncpg.connect(**server.connect_arguments())
