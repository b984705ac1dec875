"""A PostgreSQL that a crash of ours left running, or whose lock file it left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from tantrum_stack.processes import until

_FAST_SHUTDOWN_SECONDS = 30.0


async def end_orphan(data: Path) -> None:
    """
    Make sure that no server works on the folder *data*, which is the caller's own.

    A server found there gets a fast shutdown, then an end. A lock file whose process
    number belongs to another program by now is made harmless.
    """
    lock = data / "postmaster.pid"
    try:
        pid_line, _, rest = lock.read_text().partition("\n")
        pid = int(pid_line)
    except (FileNotFoundError, ValueError):
        return
    if _works_on(pid, data):
        await _end(pid, data)
    elif _lives(pid):
        # PostgreSQL would take that program for a server of its own. It trusts the number
        # of its parent, as we are about to be, and goes on to look for orphaned sessions;
        # without the file it could not.
        lock.write_text(f"{os.getpid()}\n{rest}")


async def _end(pid: int, data: Path) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            os.kill(pid, number)
            async with asyncio.timeout(_FAST_SHUTDOWN_SECONDS):
                await until(lambda: not _works_on(pid, data))
            return


def _lives(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()


def _works_on(pid: int, data: Path) -> bool:
    """Whether process *pid* lives and has *data* as its folder, as postmasters do."""
    try:
        return Path("/proc", str(pid), "cwd").readlink() == data.resolve()
    except OSError:
        return False
