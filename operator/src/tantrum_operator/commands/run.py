"""`tantrum-operator run`: act on the custom resources of a cluster until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging

import structlog
from tantrum_kit import logs
from tantrum_kit.errors import CallerError

from tantrum_operator import app
from tantrum_operator.commands.environment import read
from tantrum_operator.leadership import LeadershipLostError
from tantrum_operator.settings import Settings

log = structlog.get_logger()


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    subparsers.add_parser("run", help="act on custom resources until SIGTERM").set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Return 0 after SIGTERM, 1 when leadership was lost or the start failed."""
    settings = read(Settings)
    if settings is None:
        return 2
    logs.configure(log_format=settings.log_format, level=settings.log_level)
    # At INFO it tells each event that it hands over.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # It warns that it takes no signals, which is as it should be.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    try:
        asyncio.run(app.run(settings))
    except (CallerError, OSError, LeadershipLostError) as error:
        log.error("operator_failed", error=str(error))  # noqa: TRY400 - the sentence says it all
        return 1
    return 0
