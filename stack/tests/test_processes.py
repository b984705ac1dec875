"""Processes start, say why they failed, and end, whatever they think of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tantrum_stack.errors import PartFailedError
from tantrum_stack.processes import Command, Process, run, until, until_ready

_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)"


def make_command(script, **changes):
    return Command(
        **{
            "name": "part",
            "argv": (sys.executable, "-c", script),
            "environment": {"PATH": os.defpath},
            **changes,
        }
    )


@pytest.fixture
def log(tmp_path):
    return tmp_path / "part.log"


async def test_a_failure_names_the_part_and_ends_with_its_log(log):
    with pytest.raises(PartFailedError) as caught:
        await run(make_command("import sys; sys.exit('no show')"), log, within_seconds=10)

    assert str(caught.value) == f"part ended with code 1. Its log, {log}, ends:\n  | no show"


async def test_a_part_that_ends_is_not_waited_for(log):
    process = Process.start(make_command("raise SystemExit(3)"), log)

    async def never():
        return False

    with pytest.raises(PartFailedError, match="ended with code 3"):
        await until_ready(process, never, within_seconds=10)
    await process.stop()


async def test_a_part_that_does_not_get_ready_is_given_up(log):
    process = Process.start(make_command("input()", stdin=b""), log)

    async def refuse():
        raise ConnectionRefusedError

    with pytest.raises(PartFailedError, match=r"was not ready within 0\.05 s|ended with code 1"):
        await until_ready(process, refuse, within_seconds=0.05)
    await process.stop()


async def test_what_ignores_the_request_to_stop_is_killed(log):
    command = make_command(f"{_STUBBORN}; signal.pause()", stop_seconds=0.05)
    process = Process.start(command, log)
    await until(lambda: process.last_lines() == "up")

    code = await process.stop()

    assert code == -signal.SIGKILL


async def test_stopping_ends_the_children_of_a_part_too(log):
    child = f"import os; {_STUBBORN}; print(os.getpid(), flush=True); signal.pause()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = Process.start(make_command(script), log)
    await until(lambda: process.last_lines().startswith("up\n"))

    await process.stop()

    child_pid = process.last_lines().split()[1]
    async with asyncio.timeout(10):
        await until(lambda: has_ended(child_pid))


def has_ended(pid):
    """An orphan that nobody has collected yet (a zombie) has ended as well."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_nothing_is_inherited(log, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_USER", "1")

    await run(make_command("import os; print(*os.environ)"), log, within_seconds=10)

    assert "SECRET_OF_THE_USER" not in log.read_text()
