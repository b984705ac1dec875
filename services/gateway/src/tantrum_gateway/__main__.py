"""`tantrum-gateway`: reads the settings, serves until it is told to stop."""

from __future__ import annotations

import argparse
import sys

import pydantic
import structlog
import tantrum_kit.metrics
import uvloop
from tantrum_kit import lifecycle, logs, tracing

from tantrum_gateway import app
from tantrum_gateway.settings import Settings

log = structlog.get_logger()


def main() -> None:
    """Run the command line; exits 1, with one sentence, where it cannot start."""
    parser = argparse.ArgumentParser(
        prog="tantrum-gateway", description="HTTP for browsers over the catalogue and search."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser(
        "serve",
        help="serve HTTP until SIGTERM",
        description="Serves HTTP until SIGTERM. Settings come from GATEWAY_* in the environment; "
        "the README lists them.",
    )
    parser.parse_args()
    try:
        settings = Settings()
    except pydantic.ValidationError as error:
        sys.exit(_sentence(error))
    logs.configure(log_format=settings.log_format, level=settings.log_level)
    try:
        uvloop.run(_serve(settings))
    except OSError as error:
        sys.exit(f"tantrum-gateway: {error}")


async def _serve(settings: Settings) -> None:
    with tantrum_kit.metrics.serving(settings.metrics_port, host=settings.metrics_host):
        async with (
            tracing.exporting(settings.otlp_endpoint, service="tantrum-gateway"),
            app.serving(settings) as port,
        ):
            with lifecycle.stop_signal() as stopped:
                log.info("gateway_started", port=port)
                await stopped.wait()
    log.info("gateway_stopped")


def _sentence(error: pydantic.ValidationError) -> str:
    wrong = "; ".join(
        f"GATEWAY_{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()
    )
    return f"tantrum-gateway: wrong settings: {wrong}"


if __name__ == "__main__":
    main()
