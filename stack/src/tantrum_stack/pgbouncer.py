"""PgBouncer in transaction mode before one database, as production has it. For tests."""

from __future__ import annotations

import os
import shutil
import signal

import asyncpg

from tantrum_stack import ports
from tantrum_stack.errors import StackError
from tantrum_stack.identity import Place
from tantrum_stack.postgres import Database
from tantrum_stack.processes import Command


class PgBouncerEngine:
    """One PgBouncer. Raises `StackError` when the machine has none."""

    def __init__(self, place: Place, *, before: Database) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise StackError("no pgbouncer in PATH; `make setup-test` installs it on Debian.")
        self._program = program
        self._place = place
        self._database = before
        [self.port] = ports.free_ports(1)

    def command(self) -> Command:
        """Writes the settings and the users' file that it reads."""
        home = self._place.make_folder("pgbouncer")
        users = home / "users.txt"
        users.write_text(f'"{self._database.user}" "{self._database.password}"\n')
        settings = home / "pgbouncer.ini"
        settings.write_text(
            "[databases]\n"
            f"* = host={self._database.host} port={self._database.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = {ports.LOOPBACK}\n"
            f"listen_port = {self.port}\n"
            "unix_socket_dir =\n"
            "auth_type = scram-sha-256\n"
            f"auth_file = {users}\n"
            "pool_mode = transaction\n"
            "max_client_conn = 500\n"
            "default_pool_size = 20\n"
            "ignore_startup_parameters = extra_float_digits\n"
        )
        identity = self._place.identity
        if identity is not None:
            for file in (users, settings):
                os.chown(file, identity.uid, identity.gid)
        return Command(
            name="pgbouncer",
            argv=(self._program, settings),
            environment={"PATH": os.defpath},
            folder=home,
            identity=identity,
            stop_signal=signal.SIGTERM,  # "immediate"; SIGINT would wait for clients
            stop_seconds=5.0,
        )

    async def ready(self) -> bool:
        connection = await asyncpg.connect(
            user=self._database.user,
            password=self._database.password,
            host=ports.LOOPBACK,
            port=self.port,
            database=self._database.name,
            statement_cache_size=0,
            timeout=5,
        )
        await connection.close()
        return True
