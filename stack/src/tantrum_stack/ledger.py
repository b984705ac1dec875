"""
What runs, written down while it runs, so that the next run can clear up after a `kill -9`.

Numbers of processes are given out again, so a number alone proves nothing. The
process that we started is known by the moment it began, since the machine did; its
descendants by its session and by the run's random mark in their environment (which a
program may overwrite, as Redis does, so it does not serve for both).
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tantrum_stack.processes import Process, until
from tantrum_stack.secret_files import write_private

_MARK = "TANTRUM_RUN"
_KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One process that was started."""

    name: str
    pid: int
    began: str
    stop_signal: int
    stop_seconds: float


class Ledger:
    """The entries of one run, kept in a file. Not for two processes at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._mark = secrets.token_hex(16)
        self._entries: list[Entry] = []
        self.address = ""

    @property
    def environment(self) -> dict[str, str]:
        """What marks a process as one of this run."""
        return {_MARK: self._mark}

    def add(self, process: Process) -> None:
        command = process.command
        self._entries.append(
            Entry(
                name=command.name,
                pid=process.pid,
                began=_facts(process.pid).began,
                stop_signal=command.stop_signal,
                stop_seconds=command.stop_seconds,
            )
        )
        self._write()

    def remove(self, process: Process) -> None:
        self._entries = [entry for entry in self._entries if entry.pid != process.pid]
        with contextlib.suppress(OSError):  # a full disk must not hinder stopping
            self._write()

    def publish(self, address: str) -> None:
        """Note that the product answers at *address*."""
        self.address = address
        self._write()

    def close(self) -> None:
        """Forget the run: everything has ended."""
        self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        state = {
            "supervisor": os.getpid(),
            "address": self.address,
            "mark": self._mark,
            "boot": _boot(),
            "parts": [dataclasses.asdict(entry) for entry in self._entries],
        }
        write_private(self._file, json.dumps(state, indent=1))


@dataclass(frozen=True, slots=True)
class Run:
    """What a ledger's file says of a run, which may be over."""

    supervisor: int
    address: str
    mark: str
    parts: tuple[Entry, ...]

    def living(self, entry: Entry) -> list[int]:
        """The processes of *entry* and their descendants that still run."""
        mark = f"{_MARK}={self.mark}".encode()
        living = []
        for pid in map(int, (path.name for path in Path("/proc").glob("[0-9]*"))):
            facts = _facts(pid)
            itself = pid == entry.pid and facts.began == entry.began
            if itself or (facts.session == entry.pid and mark in _environment(pid)):
                living.append(pid)
        return living


def read(file: Path) -> Run | None:
    """Return the run that *file* tells of; None when there is none, or nothing legible."""
    try:
        state = json.loads(file.read_text())
        # What ran before the machine's last start is over.
        parts = [Entry(**entry) for entry in state["parts"] if state["boot"] == _boot()]
        return Run(state["supervisor"], state["address"], state["mark"], tuple(parts))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


async def end_leftovers(run: Run) -> list[str]:
    """End what *run*, which is over, left running, last started first; return its names."""
    return [entry.name for entry in reversed(run.parts) if await _end(run, entry)]


async def _end(run: Run, entry: Entry) -> bool:
    """Stop what lives of *entry*: its leader as it likes, what is left by force."""
    living = run.living(entry)
    if not living:
        return False
    if entry.pid in living:
        _send(entry.pid, entry.stop_signal)
        await _within(entry.stop_seconds, lambda: entry.pid not in run.living(entry))
    for pid in run.living(entry):
        _send(pid, signal.SIGKILL)
    await _within(_KILL_SECONDS, lambda: not run.living(entry))
    return True


async def _within(seconds: float, condition: Callable[[], bool]) -> None:
    """Wait for *condition*, but no longer than *seconds*."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until(condition)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the kernel says of a process; a session of 0 when it has ended."""

    session: int
    began: str
    """In clock ticks since the machine's start."""


def _facts(pid: int) -> _Facts:
    try:
        stat = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return _Facts(session=0, began="")
    # The name before may hold anything, so count from its end: fields 3 and on.
    fields = stat.rpartition(")")[2].split()
    ended = fields[0] in {"Z", "X"}
    return _Facts(session=0 if ended else int(fields[3]), began="" if ended else fields[19])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _environment(pid: int) -> bytes:
    try:
        return Path("/proc", str(pid), "environ").read_bytes()
    except OSError:
        return b""
