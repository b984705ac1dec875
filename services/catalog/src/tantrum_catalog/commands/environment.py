"""What commands find around them: settings, and the database that those name."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Final, TypeVar

from pydantic import PostgresDsn, ValidationError
from tantrum_kit import logs, postgres
from tantrum_kit.postgres import Limits, Server

from tantrum_catalog.domain.errors import CatalogUnavailableError
from tantrum_catalog.settings import DatabaseSettings
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.stores import Stores, postgres_stores

APPLICATION_NAME: Final = "tantrum-catalog"
"""What PostgreSQL lists our connections under."""

S = TypeVar("S", bound=DatabaseSettings)

_opened = functools.partial(postgres.opened, unavailable=CatalogUnavailableError)


class CommandError(Exception):
    """A command cannot do what it was told; the text says why, for a person."""


def settings_from_environment(settings: type[S]) -> S:
    """Read the environment, and set up logging as it says. Raises `CommandError`."""
    try:
        found = settings()  # type: ignore[call-arg]  # the environment gives the fields
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        problems = [
            f"{prefix}{'_'.join(map(str, one['loc']))}".upper() + f": {one['msg']}"
            for one in error.errors(include_input=False)
        ]
        raise CommandError("; ".join(problems)) from error
    logs.configure(log_format=found.log_format, level=found.log_level)
    return found


def primary_of(settings: DatabaseSettings) -> Server:
    """Return where the primary is."""
    return _server(settings, settings.database_url)


@contextlib.asynccontextmanager
async def stores_opened(settings: DatabaseSettings) -> AsyncIterator[Stores]:
    """Open the pools of connections, and close them in the end; waits for no server."""
    limits = Limits(
        size_min=settings.database_pool_min_count,
        size_max=settings.database_pool_max_count,
        idle_seconds=settings.database_idle_seconds,
        lifetime_seconds=settings.database_lifetime_seconds,
        acquire_seconds=settings.database_acquire_timeout_seconds,
        query_seconds=settings.database_query_timeout_seconds,
    )
    async with contextlib.AsyncExitStack() as stack:
        primary = await stack.enter_async_context(_opened(primary_of(settings), limits))
        replica = None
        if settings.database_read_url is not None:
            server = _server(settings, settings.database_read_url)
            replica = await stack.enter_async_context(_opened(server, limits))
        databases = Databases(primary, replica)
        yield postgres_stores(databases, batches_kept=settings.feed_revisions_kept_count)


def _server(settings: DatabaseSettings, url: PostgresDsn) -> Server:
    return Server(
        url=str(url),
        password=settings.database_password.get_secret_value(),
        root_cert_file=settings.database_ssl_root_cert_file,
        connect_seconds=settings.database_connect_timeout_seconds,
        statement_cache_size=settings.database_statement_cache_size,
        application_name=APPLICATION_NAME,
    )
