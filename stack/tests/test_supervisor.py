"""Parts come back when they die, and the whole ends when one cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import pytest
from tantrum_stack.console import Console
from tantrum_stack.data_folder import DataFolder
from tantrum_stack.errors import PartFailedError
from tantrum_stack.ledger import Ledger, end_leftovers, read
from tantrum_stack.processes import Command, until
from tantrum_stack.supervisor import Part, Supervisor

_SLEEP = "import signal; signal.pause()"


@pytest.fixture
def folder(tmp_path):
    folder = DataFolder(tmp_path / "data")
    with folder.held():
        yield folder


@pytest.fixture
async def supervisor(folder):
    supervisor = Supervisor(folder, Ledger(folder.state), Console(), pause_seconds=0.001)
    yield supervisor
    await supervisor.stop()


def make_part(name, script=_SLEEP):
    async def ready():
        return True

    command = Command(name=name, argv=(sys.executable, "-c", script), environment={})
    return Part(title=name, command=command, ready=ready)


def pids(folder):
    run = read(folder.state)
    return [entry.pid for entry in run.parts]


async def test_parts_stop_in_reverse_order(folder, supervisor, capsys):
    await supervisor.start(make_part("first"))
    await supervisor.start(make_part("second"))

    await supervisor.stop()

    output = capsys.readouterr().out
    assert output.index("stopping second") < output.index("stopping first")
    assert pids(folder) == []


async def test_a_part_that_dies_is_started_again(folder, supervisor, capsys):
    await supervisor.start(make_part("search"))
    [before] = pids(folder)
    watching = asyncio.create_task(supervisor.watch())

    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(10):
        await until(lambda: pids(folder) not in ([before], []))

    watching.cancel()
    assert "search ended with code -9" in capsys.readouterr().err


async def test_a_part_that_keeps_dying_ends_the_whole(supervisor):
    await supervisor.start(make_part("search", "raise SystemExit('no index')"))

    with pytest.raises(PartFailedError, match=r"search ended with code 1[\s\S]*no index"):
        async with asyncio.timeout(30):
            await supervisor.watch()


async def test_a_step_that_fails_says_so(supervisor, capsys):
    command = make_part("migrate", "raise SystemExit('no table')").command

    with pytest.raises(PartFailedError, match="no table"):
        await supervisor.run("migrations", command, within_seconds=10)

    assert "✗ migrations" in capsys.readouterr().out


async def test_the_next_run_ends_what_a_killed_one_left(folder, supervisor):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_SLEEP!r}])"
    await supervisor.start(make_part("gateway", child))
    [left] = pids(folder)
    run = read(folder.state)
    async with asyncio.timeout(10):
        await until(lambda: len(run.living(run.parts[0])) == 2)

    assert await end_leftovers(run) == ["gateway"]

    assert left not in run.living(run.parts[0])
    assert await end_leftovers(run) == []


async def test_a_program_that_has_the_number_by_now_is_left_alone(folder, supervisor):
    await supervisor.start(make_part("catalog"))
    stranger = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SLEEP, start_new_session=True
    )
    state = json.loads(folder.state.read_text())
    [entry] = state["parts"]

    entry["pid"] = stranger.pid
    entry["began"] = str(int(entry["began"]) - 1)  # both may have begun in the same tick
    folder.state.write_text(json.dumps(state))
    assert await end_leftovers(read(folder.state)) == []

    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_what_ran_before_the_machine_started_is_over(folder, supervisor):
    await supervisor.start(make_part("catalog"))
    boot = json.loads(folder.state.read_text())["boot"]

    folder.state.write_text(folder.state.read_text().replace(boot, "another"))

    assert read(folder.state).parts == ()
