"""`tantrum-catalog migrate`."""

from __future__ import annotations

import argparse

from tantrum_catalog.commands.environment import primary_of, settings_from_environment
from tantrum_catalog.settings import DatabaseSettings

NAME = "migrate"
HELP = "bring the database's schema up to date; safe to repeat and to run at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


async def run(arguments: argparse.Namespace) -> None:
    """Migrate the database that the environment names."""
    # Alembic takes most of a second to import, which serving and seeding would pay too.
    from tantrum_catalog.storage.migrate import migrate  # noqa: PLC0415

    settings = settings_from_environment(DatabaseSettings)
    await migrate(primary_of(settings))
