"""`tantrum-catalog seed`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tantrum_catalog.commands.environment import settings_from_environment, stores_opened
from tantrum_catalog.domain.errors import CatalogueNotEmptyError
from tantrum_catalog.seed import catalogue_in
from tantrum_catalog.settings import DatabaseSettings

NAME = "seed"
HELP = "fill an empty database with the catalogue of a folder; leaves a filled one alone"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say where the catalogue is."""
    parser.add_argument(
        "--from",
        dest="folder",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="holds shows.toml, themes.toml, platforms.toml, categories.toml, research.toml",
    )


async def run(arguments: argparse.Namespace) -> None:
    """Read and check the files first, then load them as one revision."""
    settings = settings_from_environment(DatabaseSettings)
    catalogue = catalogue_in(arguments.folder)
    async with stores_opened(settings) as stores:
        try:
            revision = await stores.catalog.load(catalogue)
        except CatalogueNotEmptyError:
            print("The catalogue is not empty; nothing was loaded.")  # noqa: T201 - for a person
            return
    print(  # noqa: T201 - for a person
        f"Loaded {len(catalogue.shows)} shows, {len(catalogue.themes)} themes, "
        f"{len(catalogue.platforms)} platforms, {len(catalogue.categories)} categories "
        f"and {len(catalogue.research)} research summaries as revision {revision}."
    )
