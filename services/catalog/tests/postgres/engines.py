"""PostgreSQL servers that a test may stop, and a real streaming replica of one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
from tantrum_kit.postgres import Server
from tantrum_stack import ports, processes
from tantrum_stack.identity import Place, place_for
from tantrum_stack.postgres import PostgresEngine
from tantrum_stack.processes import Command, Process

_SECONDS = 60.0


class Engine:
    """One server that can be stopped and started again at the same address."""

    def __init__(self, command: Command, server: Server, log: Path) -> None:
        self.server = server
        self._command = command
        self._log = log
        self._process: Process | None = None

    async def start(self) -> None:
        self._process = Process.start(self._command, self._log)
        await processes.until_ready(self._process, self._answers, within_seconds=_SECONDS)

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()

    @property
    def programs(self) -> Path:
        return Path(self._command.argv[0]).parent

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(**self.server.connect_arguments())
        except (asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        await connection.close()
        return True


@contextlib.asynccontextmanager
async def primary_running() -> AsyncIterator[tuple[Engine, Place]]:
    """Run a server of the test's own, whose superuser the test is."""
    folder, place = _new_place()
    try:
        engine = PostgresEngine(place, durable=False)
        await engine.prepare()
        admin = engine.admin()
        server = Server(url=admin.url, password=admin.password)
        primary = Engine(engine.command(), server, folder / "primary.log")
        await primary.start()
        try:
            yield primary, place
        finally:
            await primary.stop()
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def replica_running(
    primary: Engine, place: Place, *, apply_delay: str = "0"
) -> AsyncIterator[Engine]:
    """Copy *primary*, and follow it by streaming, *apply_delay* (such as `2s`) behind."""
    data = place.make_folder("replica")
    arguments = ["--pgdata", data, "--dbname", primary.server.url, "--write-recovery-conf"]
    backup = Command(
        name="pg_basebackup",
        argv=(primary.programs / "pg_basebackup", *arguments, "--checkpoint=fast", "--no-sync"),
        environment={"PATH": os.defpath, "PGPASSWORD": primary.server.password or ""},
        folder=data,
        identity=place.identity,
    )
    log = place.folder / "replica.log"
    await processes.run(backup, log, within_seconds=_SECONDS)
    [port] = ports.free_ports(1)
    address = f"127.0.0.1:{port}"
    server = dataclasses.replace(
        primary.server,
        url=primary.server.url.replace(primary.server.address, f"{address}/postgres"),
    )
    settings = {"port": str(port), "recovery_min_apply_delay": apply_delay}
    command = dataclasses.replace(
        _with(primary._command, {**settings, "unix_socket_directories": ""}),
        environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        folder=data,
    )
    argv = [data if word == primary._command.folder else word for word in command.argv]
    replica = Engine(dataclasses.replace(command, argv=tuple(argv)), server, log)
    await replica.start()
    try:
        yield replica
    finally:
        await replica.stop()


def _new_place() -> tuple[Path, Place]:
    folder = Path(tempfile.mkdtemp(prefix="tantrum-test-"))
    folder.chmod(0o711)  # the engine's user has to pass
    return folder, place_for(folder)


def _with(command: Command, settings: dict[str, str]) -> Command:
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    return dataclasses.replace(command, argv=(*command.argv, *options))
