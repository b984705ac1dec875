"""
Starts parts one after another, keeps them running, and stops them in reverse.

A part that dies is started again, each time after a longer pause; one that keeps
dying ends the whole, since a product that is half there helps nobody find out why.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tantrum_stack import processes
from tantrum_stack.console import Console
from tantrum_stack.data_folder import DataFolder
from tantrum_stack.errors import PartFailedError
from tantrum_stack.ledger import Ledger
from tantrum_stack.processes import Command, Process

_MAX_RESTARTS = 5
_STEADY_SECONDS = 60.0
"""A part that has run this long is forgiven its earlier ends."""

_WATCH_SECONDS = 0.2
_MAX_LOG_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A server that belongs to the product."""

    title: str
    command: Command
    ready: Callable[[], Awaitable[bool]] = field(repr=False)
    """As `processes.until_ready` wants it."""

    ready_seconds: float = 30.0


@dataclass(slots=True)
class _Running:
    part: Part
    process: Process
    started_monotonic: float
    restarts: int = 0


class Supervisor:
    """
    The parts of one run. Use it from the main thread's event loop.

    The first pause before a restart is *pause_seconds*, and each later one twice the last.
    """

    def __init__(
        self,
        folder: DataFolder,
        ledger: Ledger,
        console: Console,
        *,
        pause_seconds: float = 0.5,
    ) -> None:
        self._folder = folder
        self._ledger = ledger
        self._console = console
        self._pause_seconds = pause_seconds
        self._running: list[_Running] = []

    async def run(self, title: str, command: Command, *, within_seconds: float) -> None:
        """Run *command* to its end. Raises `PartFailedError` unless it succeeds in time."""
        with self._console.step(title):
            process = self._spawn(command, self._folder.log(command.name))
            try:
                await processes.until_done(process, within_seconds=within_seconds)
            finally:
                await process.stop()
                self._ledger.remove(process)

    async def start(self, part: Part) -> None:
        """Start *part* and return when it serves. Raises `PartFailedError` if it does not."""
        with self._console.step(part.title):
            process = self._spawn(part.command, self._folder.log(part.command.name))
            running = _Running(part, process, time.monotonic())
            self._running.append(running)
            try:
                await processes.until_ready(process, part.ready, within_seconds=part.ready_seconds)
            except PartFailedError:
                await process.stop()
                self._forget(running)
                raise

    async def watch(self) -> None:
        """Keep the parts running. Never returns; raises `PartFailedError` to give up."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            # In the order of starting: what others need comes back before them.
            for running in self._running:
                _bound(running.process.log)
                if running.process.exit_code is not None:
                    await self._start_again(running)

    async def stop(self) -> None:
        """Stop every part, last started first."""
        while self._running:
            running = self._running[-1]
            with self._console.step(f"stopping {running.part.command.name}"):
                await running.process.stop()
            self._forget(running)

    def kill(self) -> None:
        """End every part at once, for a user who cannot wait."""
        for running in self._running:
            running.process.kill()

    async def _start_again(self, running: _Running) -> None:
        failure = running.process.failure(f"ended with code {running.process.exit_code}")
        await running.process.stop()  # what it may have left behind
        self._ledger.remove(running.process)
        if time.monotonic() - running.started_monotonic > _STEADY_SECONDS:
            running.restarts = 0
        if running.restarts == _MAX_RESTARTS:
            raise failure
        pause_seconds = self._pause_seconds * 2**running.restarts
        running.restarts += 1
        self._console.warn(f"{failure}\n  Starting it again in {pause_seconds:g} s.")
        await asyncio.sleep(pause_seconds)
        running.process = self._spawn(running.part.command, running.process.log)
        running.started_monotonic = time.monotonic()
        part, process = running.part, running.process
        try:
            with self._console.step(part.title):
                await processes.until_ready(process, part.ready, within_seconds=part.ready_seconds)
        except PartFailedError:
            await process.stop()  # and the next look finds it ended

    def _forget(self, running: _Running) -> None:
        self._running.remove(running)
        self._ledger.remove(running.process)

    def _spawn(self, command: Command, log: Path) -> Process:
        marked = {**command.environment, **self._ledger.environment}
        process = Process.start(replace(command, environment=marked), log)
        self._ledger.add(process)
        return process


def _bound(log: Path) -> None:
    """Move what a log holds aside when it has grown too long. Its writers append."""
    if log.stat().st_size > _MAX_LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)
