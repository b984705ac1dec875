"""PostgreSQL comes back with its data after the worst end."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from pathlib import Path

import asyncpg
import pytest
from tantrum_stack.identity import place_for
from tantrum_stack.postgres import PostgresEngine
from tantrum_stack.processes import Command, Process, until, until_ready

pytestmark = pytest.mark.integration


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(prefix="tantrum-test-") as folder:
        Path(folder).chmod(0o711)
        yield place_for(Path(folder))


@contextlib.asynccontextmanager
async def running(engine, place):
    await engine.prepare()
    process = Process.start(engine.command(), place.folder / "log")
    try:
        await until_ready(process, engine.ready, within_seconds=30)
        yield process
    finally:
        await process.stop()


async def execute(engine, sql):
    connection = await asyncpg.connect(engine.database().dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_data_and_address_outlive_a_kill(place):
    engine = PostgresEngine(place)
    async with running(engine, place) as process:
        await execute(engine, "CREATE TABLE kept AS SELECT 302 AS shows")
        address = engine.database()
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()

    again = PostgresEngine(place)
    async with running(again, place):
        assert await execute(again, "SELECT shows FROM kept") == 302
    assert again.database() == address


async def test_a_server_left_running_is_ended_first(place):
    left = PostgresEngine(place)
    async with running(left, place) as process:
        await PostgresEngine(place).prepare()

        await until(lambda: process.exit_code is not None)
        assert process.exit_code == 0


async def test_a_lock_file_with_a_number_that_is_somebody_elses_by_now_is_no_hindrance(place):
    engine = PostgresEngine(place, durable=False)
    async with running(engine, place) as process:
        lock = place.folder / "postgres" / "data" / "postmaster.pid"
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    _, _, rest = lock.read_text().partition("\n")

    stranger = Process.start(
        Command(
            name="stranger", argv=("/bin/sleep", "60"), environment={}, identity=place.identity
        ),
        place.folder / "log",
    )
    lock.write_text(f"{stranger.pid}\n{rest}")

    async with running(engine, place):
        assert stranger.exit_code is None
    await stranger.stop()


async def test_an_initdb_cut_short_starts_afresh(place):
    half = place.make_folder("postgres") / "data.part"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    engine = PostgresEngine(place, durable=False)
    async with running(engine, place):
        assert await execute(engine, "SELECT 1") == 1
