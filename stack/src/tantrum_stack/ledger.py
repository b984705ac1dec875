"""
What runs, written down while it runs, so that the next run can clear up after a `kill -9`.

A process counts as ours only if it is in a session that we recorded and carries
that run's random mark in its environment: numbers are given out again, marks are not.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path

from tantrum_stack.processes import Process, until
from tantrum_stack.secret_files import write_private

_MARK = "TANTRUM_RUN"


@dataclass(frozen=True, slots=True)
class Entry:
    """One process that was started."""

    name: str
    pid: int
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
            Entry(command.name, process.pid, command.stop_signal, command.stop_seconds)
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
        return [
            int(folder.name)
            for folder in Path("/proc").glob("[0-9]*")
            if _session(folder) == entry.pid and mark in _environment(folder)
        ]


def read(file: Path) -> Run | None:
    """Return the run that *file* tells of; None when there is none, or nothing legible."""
    try:
        state = json.loads(file.read_text())
        parts = tuple(Entry(**entry) for entry in state["parts"])
        return Run(state["supervisor"], state["address"], state["mark"], parts)
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
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(entry.stop_seconds):
                await until(lambda: entry.pid not in run.living(entry))
    for pid in run.living(entry):
        _send(pid, signal.SIGKILL)
    return True


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _session(process: Path) -> int:
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2]
    except OSError:
        return 0  # ended meanwhile
    _state, _parent, _group, session, *_ = after_name.split()
    return int(session)


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
