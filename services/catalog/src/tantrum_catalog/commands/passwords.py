"""Passwords come from a person's keyboard or a pipe, never from an argument."""

from __future__ import annotations

import getpass
import sys

from tantrum_catalog.commands.environment import CommandError


def new_password() -> str:
    """Ask for a new password, twice without an echo, or read the first line of a pipe."""
    if not sys.stdin.isatty():
        return piped_password()
    password = getpass.getpass("New password: ")
    if getpass.getpass("The same again: ") != password:
        raise CommandError("the two passwords differ")
    return password


def piped_password() -> str:
    """Read a password from the first line of stdin. Raises `CommandError` if there is none."""
    try:
        password = sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        # Not chained: the cause would quote it.
        raise CommandError("the password on stdin is not valid text") from None
    if not password:
        raise CommandError("there is no password on stdin")
    return password
