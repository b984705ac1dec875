"""
Processes that the stack starts, and their ends.

Each leads a session of its own, so that a terminal's Ctrl-C reaches the
supervisor alone and the order of stopping is the supervisor's. Each is told by
the kernel (`setpriv --pdeathsig`, where that is installed) to stop when the
thread that started it dies, so `Process.start` belongs in the main thread.
Everything else here may run in any thread or event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tantrum_stack.errors import PartFailedError, disk_full, is_full, says_disk_full
from tantrum_stack.identity import Identity, becoming

_POLL_SECONDS = 0.02
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How to start one process, and how to stop it."""

    name: str
    argv: tuple[str | Path, ...]
    environment: Mapping[str, str] = field(repr=False)
    """All of it: nothing is inherited."""

    folder: Path = Path("/")
    identity: Identity | None = None
    """Whom to become; None stays who we are."""

    stdin: bytes = field(default=b"", repr=False)
    """Up to a pipe's 64 KiB."""

    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    """How long it may take to stop before it is killed."""


class Process:
    """One running (or ended) process of a `Command`. The log is appended to."""

    def __init__(self, command: Command, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.command = command
        self.log = log
        self._popen = popen
        self._ended = False

    @classmethod
    def start(cls, command: Command, log: Path) -> Process:
        as_whom, options = becoming(command.identity)
        with log.open("ab") as output:
            popen = subprocess.Popen(  # noqa: S603 - our own arguments
                # In this order: a change of user undoes what the kernel was told.
                [*as_whom, *with_parent(command.stop_signal), *command.argv],
                env=dict(command.environment),
                cwd=command.folder,
                stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **options,
            )
        if popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError), popen.stdin:
                popen.stdin.write(command.stdin)
        return cls(command, popen, log)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._popen.poll()

    async def wait(self) -> int:
        """Return the exit code once it has ended. Cancelling leaves it running."""
        await until(lambda: self.exit_code is not None)
        return self._popen.returncode

    async def stop(self) -> int:
        """Ask it to stop, and kill it with all its session if it does not in time."""
        if self.exit_code is None:
            self._popen.send_signal(self.command.stop_signal)
            try:
                async with asyncio.timeout(self.command.stop_seconds):
                    await self.wait()
            except TimeoutError:
                pass
        self.kill()
        return self._popen.returncode

    def kill(self) -> None:
        """End it and what is left of its process group at once; harmless when repeated."""
        if self._ended:
            return  # by now its number may be somebody else's
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._ended = True

    def last_lines(self, count: int = 8) -> str:
        """The end of its log, blank lines left out, for people."""
        lines = _tail(self.log).splitlines()
        return "\n".join([line for line in lines if line.strip()][-count:])

    def failure(self, what: str) -> PartFailedError:
        """Say that this part *what* ("ended with code 3"), with the end of its log."""
        lines = self.last_lines()
        folder = self.log.parent
        # What fails may be a client of what met the full disk; or no log fits either.
        if any(says_disk_full(_tail(log)) for log in folder.glob("*.log")) or is_full(folder):
            return PartFailedError(str(disk_full(folder)))
        quoted = "".join(f"\n  | {line}" for line in lines.splitlines())
        return PartFailedError(f"{self.command.name} {what}. Its log, {self.log}, ends:{quoted}")


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


async def until(condition: Callable[[], bool]) -> None:
    """Return once *condition* holds; the caller bounds the time."""
    while not condition():  # noqa: ASYNC110 - the system has no event for most of it
        await asyncio.sleep(_POLL_SECONDS)


async def run(command: Command, log: Path, *, within_seconds: float) -> None:
    """Run *command* to its end. Raises `PartFailedError` unless it succeeds in time."""
    process = Process.start(command, log)
    try:
        await until_done(process, within_seconds=within_seconds)
    finally:
        await process.stop()


async def until_done(process: Process, *, within_seconds: float) -> None:
    """Return when *process* has succeeded. Raises `PartFailedError` unless it does in time."""
    try:
        async with asyncio.timeout(within_seconds):
            code = await process.wait()
    except TimeoutError:
        raise process.failure(f"did not finish within {within_seconds:g} s") from None
    if code != 0:
        raise process.failure(f"ended with code {code}")


async def until_ready(
    process: Process, probe: Callable[[], Awaitable[bool]], *, within_seconds: float
) -> None:
    """
    Return when *probe* says that *process* can serve.

    Raises `PartFailedError` when it ends before, or is not ready in time. A *probe*
    may raise `OSError` for "not yet".
    """
    try:
        async with asyncio.timeout(within_seconds):
            while True:
                with contextlib.suppress(OSError):
                    if await probe():
                        return
                if (code := process.exit_code) is not None:
                    raise process.failure(f"ended with code {code}")
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise process.failure(f"was not ready within {within_seconds:g} s") from None


def with_parent(stop_signal: signal.Signals) -> list[str]:
    """Prefix that has the kernel send *stop_signal* when this process dies."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    return [setpriv, "--pdeathsig", stop_signal.name.removeprefix("SIG"), "--"]
