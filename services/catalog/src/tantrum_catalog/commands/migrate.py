"""`tantrum-catalog migrate`."""

from __future__ import annotations

import argparse

from tantrum_kit.migrations import migrate

from tantrum_catalog.commands.environment import primary_of, settings_from_environment
from tantrum_catalog.settings import DatabaseSettings
from tantrum_catalog.storage.migrations import SCHEMA

NAME = "migrate"
HELP = "bring the database's schema up to date; safe to repeat and to run at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


async def run(arguments: argparse.Namespace) -> None:
    """Migrate the database that the environment names."""
    settings = settings_from_environment(DatabaseSettings)
    await migrate(primary_of(settings), SCHEMA)
