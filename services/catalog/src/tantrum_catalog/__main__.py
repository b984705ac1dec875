"""The command line: `tantrum-catalog` or `python -m tantrum_catalog`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

import uvloop
from tantrum_kit.errors import CallerError

from tantrum_catalog.commands import create_editor, import_, migrate, seed, serve
from tantrum_catalog.commands.environment import CommandError
from tantrum_catalog.seed import SeedError

COMMANDS: Final[tuple[ModuleType, ...]] = (create_editor, import_, migrate, seed, serve)
"""Each has NAME, HELP, `add_arguments(parser)` and `async run(arguments)`."""

_EXPECTED: Final = (CommandError, CallerError, SeedError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says; exit with 1 and one sentence when that cannot be."""
    found = _parser().parse_args(arguments)
    try:
        uvloop.run(found.run(found))
    except _EXPECTED as error:
        sys.exit(f"tantrum-catalog {found.command}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tantrum-catalog",
        description="Keeps the catalogue of shows. Settings come from the environment, "
        "as CATALOG_DATABASE_URL; README.md lists them.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = commands.add_parser(
            command.NAME, help=command.HELP, description=f"{command.HELP}."
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    main()
