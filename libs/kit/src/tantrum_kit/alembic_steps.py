"""Takes a schema's steps with Alembic; imported only when there are any to take."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# Who waits for a table's lock has everybody else wait behind it.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '5s'"


async def take(
    connect: Callable[[], Awaitable[Any]], *, schema_name: str, version_table: str, folder: Path
) -> None:
    """
    Take the steps in *folder* that *version_table* lacks, each in a transaction of its own.

    Raises asyncpg's own errors. What was done in whole steps stays.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        connect_args={
            "async_creator_fn": connect,
            # A pooler would show statements that have names to sessions of others.
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: "",
        },
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, schema_name, version_table, folder)
    except DBAPIError as error:
        # SQLAlchemy wraps it twice, and tells it less well.
        cause = error.orig.__cause__ if error.orig else None
        raise cause or error from None
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, schema_name: str, version_table: str, folder: Path) -> None:
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    # Its own lines at each step say little that the caller's does not.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema_name}"))
    connection.commit()
    event.listen(connection, "begin", _bound_waits)
    with EnvironmentContext(
        Config(),
        script,
        # What Alembic's own command `upgrade` does; it has no public name for it.
        fn=lambda stored, _: script._upgrade_revs("head", stored),  # noqa: SLF001
    ) as environment:
        environment.configure(
            connection=connection,
            version_table=version_table,
            version_table_schema=schema_name,
            # An index cannot be made concurrently inside a transaction that spans all steps.
            transaction_per_migration=True,
        )
        with environment.begin_transaction():
            environment.run_migrations()


def _bound_waits(connection: Connection) -> None:
    """Bound the waits for locks in a transaction; what is made concurrently blocks nobody."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(_LOCK_TIMEOUT)
