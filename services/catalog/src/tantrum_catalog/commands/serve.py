"""`tantrum-catalog serve`."""

from __future__ import annotations

import argparse
import datetime as dt

import structlog
from tantrum_kit import metrics, tracing
from tantrum_kit.lifecycle import stop_signal

from tantrum_catalog import app
from tantrum_catalog.commands.environment import (
    CommandError,
    settings_from_environment,
    stores_opened,
)
from tantrum_catalog.domain.sessions import Lifetime
from tantrum_catalog.settings import Settings
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher

log = structlog.get_logger()

NAME = "serve"
HELP = "serve the catalogue over gRPC until SIGTERM or Ctrl-C"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none: the environment says all."""


async def run(arguments: argparse.Namespace) -> None:
    """
    Serve as the environment says.

    Starts without the database too; the service is not ready until that answers.
    """
    settings = settings_from_environment(Settings)
    options = app.Options(
        address=settings.grpc_address,
        page_token_key=settings.page_token_key.get_secret_value().encode(),
        service_credential=settings.service_credential.get_secret_value(),
        session_lifetime=Lifetime(
            idle=dt.timedelta(seconds=settings.session_idle_seconds),
            absolute=dt.timedelta(seconds=settings.session_lifetime_seconds),
        ),
        watch_poll_seconds=settings.watch_poll_ms / 1000,
        watch_bookmark_seconds=settings.watch_bookmark_seconds,
        drain_seconds=settings.drain_seconds,
        shutdown_grace_seconds=settings.shutdown_grace_seconds,
    )
    try:
        with metrics.serving(settings.metrics_port, host=settings.metrics_host):
            async with (
                tracing.exporting(settings.otlp_endpoint, service="tantrum-catalog"),
                stores_opened(settings) as stores,
                app.serving(stores, ThreadedPasswordHasher(), options) as port,
            ):
                if not options.service_credential:
                    log.warning("no_service_credential", consequence="whoever calls may write")
                with stop_signal() as stopped:
                    log.info("serving_started", port=port)
                    await stopped.wait()
                log.info("serving_stopping")
    except OSError as error:
        raise CommandError(f"cannot serve: {error}") from error
