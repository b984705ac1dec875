"""The command `tantrum-search`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence

import pydantic
import structlog
import uvloop
from tantrum_kit import lifecycle, logs, metrics, tracing
from tantrum_kit.errors import CallerError
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Limits, Server, opened

from tantrum_search import app
from tantrum_search.domain.errors import IndexUnavailableError
from tantrum_search.domain.ports import SearchBackend
from tantrum_search.settings import DatabaseSettings, MigrationSettings, Settings
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.storage.migrations import SCHEMA
from tantrum_search.storage.postgres import PostgresBackend
from tantrum_search.transport.catalog import GrpcCatalog, channel

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that *arguments* name, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="tantrum-search",
        description="Finds shows by what people type.",
        epilog="Settings come from the environment: SEARCH_... as in the README.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="follow the catalogue and serve gRPC until SIGTERM")
    commands.add_parser("migrate", help="bring the schema of the backend postgres up to date")
    command = parser.parse_args(arguments).command
    try:
        # The environment has what is required.
        settings: DatabaseSettings = (
            Settings() if command == "serve" else MigrationSettings()  # type: ignore[call-arg]
        )
    except pydantic.ValidationError as error:
        print(_explained(error), file=sys.stderr)  # noqa: T201 - before there are logs
        return 2
    logs.configure(log_format=settings.log_format, level=settings.log_level)
    try:
        uvloop.run(
            _serve(settings)
            if isinstance(settings, Settings)
            else migrate(_server(settings), SCHEMA)
        )
    except (OSError, CallerError) as error:
        log.error("start_failed", error=str(error))  # noqa: TRY400 - the sentence says it all
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    async with (
        tracing.exporting(settings.otlp_endpoint, service="tantrum-search"),
        channel(settings.catalog_address) as to_catalog,
        _backend(settings) as backend,
    ):
        catalog = GrpcCatalog(
            to_catalog,
            call_seconds=settings.catalog_timeout_seconds,
            silence_seconds=settings.watch_silence_seconds,
        )
        with metrics.serving(settings.metrics_port, host=settings.metrics_host):
            async with app.serving(
                catalog,
                backend,
                address=settings.grpc_address,
                page_token_key=settings.page_token_key.get_secret_value().encode(),
                drain_seconds=settings.drain_seconds,
                shutdown_grace_seconds=settings.shutdown_grace_seconds,
            ) as port:
                with lifecycle.stop_signal() as stopped:
                    log.info("serving_started", port=port, backend=settings.backend)
                    await stopped.wait()
                log.info("serving_stopping")


@contextlib.asynccontextmanager
async def _backend(settings: Settings) -> AsyncIterator[SearchBackend]:
    if settings.backend == "memory":
        yield MemoryBackend()
        return
    server = _server(settings)
    await migrate(server, SCHEMA)
    limits = Limits(size_min=0, size_max=settings.database_pool_size)
    async with opened(server, limits, unavailable=IndexUnavailableError) as database:
        yield PostgresBackend(
            database,
            timeout_seconds=settings.database_timeout_seconds,
            load_timeout_seconds=settings.database_load_timeout_seconds,
        )


def _server(settings: DatabaseSettings) -> Server:
    return Server(
        url=str(settings.database_url),
        password=settings.database_password.get_secret_value(),
        statement_cache_size=settings.database_statement_cache_size,
        application_name="tantrum-search",
    )


def _explained(error: pydantic.ValidationError) -> str:
    """Return a line for each setting that is wrong; never its value, which may be secret."""
    lines = [
        f"SEARCH_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
        if each["loc"]
        else each["msg"]
        for each in error.errors(include_input=False, include_url=False)
    ]
    return "\n".join(["the settings are wrong:", *lines])


if __name__ == "__main__":
    sys.exit(main())
