"""`tantrum-catalog import`."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from tantrum_kit.postgres import Server

from tantrum_catalog.commands.environment import (
    APPLICATION_NAME,
    CommandError,
    primary_of,
    settings_from_environment,
)
from tantrum_catalog.commands.passwords import piped_password
from tantrum_catalog.importing import importer
from tantrum_catalog.importing.report import LISTED_MAX, Report
from tantrum_catalog.importing.source import SourceError
from tantrum_catalog.importing.writing import ImportFailedError
from tantrum_catalog.settings import DatabaseSettings

NAME = "import"
HELP = "bring in the old application's database, all of it or nothing; safe to repeat"

_MORE = (
    "What was edited here since an earlier import is kept and reported. Rows that cannot come in "
    "are refused, reported with the reason, and leave the exit code 0; see them first with "
    "--dry-run. The exit code is 1 when nothing was imported, and 2 for wrong arguments."
)

PASSWORD_VARIABLE: Final = "CATALOG_IMPORT_PASSWORD"  # noqa: S105 - a name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say from where, and how."""
    parser.epilog = _MORE
    parser.add_argument(
        "--source",
        type=_source_url,
        required=True,
        metavar="DSN",
        help="the old database, postgresql://user@host:port/name?sslmode=…, without a password: "
        f"that comes from {PASSWORD_VARIABLE} or --password-stdin",
    )
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the old database's password from stdin"
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="the old application's uploads, to bring in the pictures that shows name",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="do and check everything, then take it back"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the whole report there too: as JSON if it ends in .json, else as Markdown",
    )


async def run(arguments: argparse.Namespace) -> None:
    """Import into the database that the environment names, and print the report."""
    settings = settings_from_environment(DatabaseSettings)
    _require_folders(arguments)
    old = Server(
        url=arguments.source,
        password=_password(arguments),
        connect_seconds=settings.database_connect_timeout_seconds,
        statement_cache_size=0,  # whatever stands before the old database
        application_name=APPLICATION_NAME,
    )
    try:
        report = await importer.run(
            old,
            primary_of(settings),
            images_folder=arguments.images,
            dry_run=arguments.dry_run,
            now=lambda: dt.datetime.now(dt.UTC),
            progress=_tell,
        )
    except (SourceError, ImportFailedError) as error:
        raise CommandError(str(error)) from error
    sys.stdout.write(report.to_markdown(listed_max=LISTED_MAX))
    if arguments.report is not None:
        _write(report, arguments.report)


def _source_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        has_password = parts.password is not None or "password" in dict(parse_qsl(parts.query))
    except ValueError:
        raise argparse.ArgumentTypeError("not an address") from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise argparse.ArgumentTypeError("an address starts with postgresql://")
    if has_password:
        raise argparse.ArgumentTypeError(
            f"other users can see arguments: give the password in {PASSWORD_VARIABLE} "
            "or with --password-stdin"
        )
    return text


def _password(arguments: argparse.Namespace) -> str | None:
    if arguments.password_stdin:
        return piped_password()
    return os.environ.get(PASSWORD_VARIABLE) or None


def _require_folders(arguments: argparse.Namespace) -> None:
    """Notice before the work what would be noticed after it. Raises `CommandError`."""
    if arguments.images is not None and not arguments.images.is_dir():
        raise CommandError(f"{arguments.images} is no folder")
    if arguments.report is not None and not arguments.report.absolute().parent.is_dir():
        raise CommandError(f"{arguments.report.parent} is no folder to write a report to")


def _write(report: Report, path: Path) -> None:
    text = report.to_json() if path.suffix == ".json" else report.to_markdown()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"the import is done, but its report is not written: {error}") from error


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress, for a person
