"""`tantrum-catalog create-editor`."""

from __future__ import annotations

import argparse

from tantrum_catalog.commands.environment import settings_from_environment, stores_opened
from tantrum_catalog.commands.passwords import new_password
from tantrum_catalog.domain.editors import Editors
from tantrum_catalog.domain.passwords import MIN_CHARACTERS
from tantrum_catalog.settings import DatabaseSettings
from tantrum_catalog.storage.password_hashing import ThreadedPasswordHasher
from tantrum_catalog.storage.stores import utc_now

NAME = "create-editor"
HELP = (
    f"make an editor; asks for a password of {MIN_CHARACTERS} characters or more, "
    "or reads one line from a pipe"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say who. There is no argument for a password: other users can see arguments."""
    parser.add_argument("email", metavar="EMAIL", help="address to sign in with")
    parser.add_argument("--name", default="", help="name for people")


async def run(arguments: argparse.Namespace) -> None:
    """Make the editor as the service would."""
    settings = settings_from_environment(DatabaseSettings)
    password = new_password()
    async with stores_opened(settings) as stores:
        editors = Editors(stores.editors, ThreadedPasswordHasher(), now=utc_now)
        editor = await editors.create(email=arguments.email, password=password, name=arguments.name)
    print(f"Made editor {editor.id}, {editor.email}.")  # noqa: T201 - for a person
