"""A PgBouncer with what its agent needs, as they are together in a pod."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import psycopg
from tantrum_operator.pgbouncer.agent.agent import started
from tantrum_operator.pgbouncer.agent.console import Address, connection
from tantrum_operator.pgbouncer.agent.files import Files
from tantrum_operator.pgbouncer.ini import rendered
from tantrum_operator.pgbouncer.protocol import AGENT_USER, Orders, PauseOrder
from tantrum_operator.pgbouncer.spec import spec_from
from tantrum_stack import ports
from tantrum_stack.processes import Command, Process

from .programs import newest_pgbouncer
from .specs import pgbouncer

TOKEN = "a-token-of-the-tests"
SECONDS = 120.0
"""For what takes a moment, on a machine that is ten times slower."""


class Pooler:
    """The folder of a pod, and its PgBouncer before *database*."""

    def __init__(self, place, database):
        self._place = place
        self.database = database
        [self.port] = ports.free_ports(1)
        self.folder = place.folder / "shared"
        self.folder.mkdir()
        if place.identity is not None:
            # What the agent writes is to be read by PgBouncer, which is of its group in a pod.
            os.chown(self.folder, -1, place.identity.gid)
            self.folder.chmod(0o2750)
        self.given = place.folder / "given"
        self.given.mkdir()
        self.give()
        self.address = Address(host=ports.LOOPBACK, port=self.port, user=AGENT_USER, password=TOKEN)
        self._process = None

    def settings(self, pool_size=20, **changes):
        changes = {
            "upstream__host": self.database.host,
            "upstream__port": self.database.port,
            "upstream__database": self.database.name,
            "auth__user": self.database.user,
            "tls__upstream__mode": "disable",
            **changes,
        }
        text = rendered(spec_from(pgbouncer(**changes)), pool_size=pool_size)
        text = text.replace("listen_addr = *", f"listen_addr = {ports.LOOPBACK}")
        text = text.replace("listen_port = 6432", f"listen_port = {self.port}")
        return text.replace("/etc/pgbouncer", str(self.folder))

    def orders(self, pause=None, **changes):
        order = pause and PauseOrder(generation=pause[0], remaining_seconds=pause[1])
        return Orders(settings=self.settings(**changes), pause=order)

    def give(self, users="", pause_until="", **changes):
        """What the ConfigMap and the Secret hold when the pod starts."""
        users = users or f'"{self.database.user}" "{self.database.password}"\n'
        (self.given / "userlist.txt").write_text(users)
        (self.given / "pgbouncer.ini").write_text(self.settings(**changes))
        (self.given / "pause-until").write_text(str(pause_until))

    def files(self):
        return Files(self.folder, self.given, token=TOKEN)

    def start(self):
        command = Command(
            name="pgbouncer",
            argv=(*newest_pgbouncer(), self.folder / "pgbouncer.ini"),
            environment={"PATH": os.defpath},
            folder=self.folder,
            identity=self._place.identity,
        )
        self._process = Process.start(command, self._place.folder / "pgbouncer.log")

    def ask_to_stop(self):
        """As Kubernetes does, once the pod has left the Service."""
        os.kill(self._process.pid, signal.SIGTERM)

    async def stopped(self):
        return self._process.exit_code is not None

    def kill(self):
        self._process.kill()

    @contextlib.asynccontextmanager
    async def with_agent(self):
        """PgBouncer and its agent, ready for clients."""
        async with started(self.address, self.files()) as agent:
            self.start()
            try:
                await until(agent.ready)
                yield agent
            finally:
                await asyncio.to_thread(self.kill)

    def agent_command(self, port):
        """The agent as a process of its own."""
        token = self._place.folder / "token"
        token.write_text(TOKEN)
        return Command(
            name="agent",
            argv=(
                *(sys.executable, "-m", "tantrum_operator", "pooler-agent"),
                f"--folder={self.folder}",
                f"--given={self.given}",
                f"--token-file={token}",
                f"--pgbouncer-port={self.port}",
                f"--host={ports.LOOPBACK}",
                f"--port={port}",
            ),
            environment={"PATH": os.defpath},
        )

    def client(self, name=None):
        """A connection as the product's services have it."""
        who = Address(
            host=ports.LOOPBACK,
            port=self.port,
            user=self.database.user,
            password=self.database.password,
        )
        return connection(who, name or self.database.name)


async def until(condition, seconds=SECONDS):
    """Wait for *condition*, a coroutine function; what it returns last is returned."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                if outcome := await condition():
                    return outcome
            await asyncio.sleep(0.05)
