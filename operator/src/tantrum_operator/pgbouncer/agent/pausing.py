"""
Keeps a pause to its deadline.

The deadline is kept here, beside PgBouncer, and not by the operator: a pause that only the
operator could end would outlive the operator. Clients wait for a server within a pause as
they do when all are busy, so PgBouncer would drop them after `query_wait_timeout`: it is
raised above the deadline first, and lowered again once nobody waits any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from tantrum_operator.pgbouncer.agent.console import Console, ConsoleUnavailableError, RefusedError
from tantrum_operator.pgbouncer.agent.files import Files, PauseRecord
from tantrum_operator.pgbouncer.protocol import PauseOrder, PausePhase, PauseState

log = structlog.get_logger(__name__)

LONGEST_SECONDS: Final = 300.0
"""More than any deadline that the CRD admits; a record that says more is of another boot."""
_AGAIN_SECONDS: Final = 0.2
_DRAIN_SECONDS: Final = 10.0
"""For who waited through the pause to get a server, before the usual bound is back."""
_MARGIN_SECONDS: Final = 5
_CLOSE_SECONDS: Final = 3.0


class Pausing:
    """
    At most one pause, in a task of *tasks*.

    *reload* has PgBouncer read its settings, with `query_wait_seconds` in them.
    """

    def __init__(
        self,
        console: Console,
        files: Files,
        tasks: asyncio.TaskGroup,
        *,
        reload: Callable[[], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self._console = console
        self._files = files
        self._tasks = tasks
        self._reload = reload
        self._now = now
        self._ended = asyncio.Event()
        self._record = files.pause_record()
        self._task: asyncio.Task[None] | None = None
        self.state: PauseState | None = None
        self.query_wait_seconds: int | None = None
        """What query_wait_timeout has to be just now; None for what is ordered."""

    @property
    def holding(self) -> bool:
        """From the order to pause until the usual settings are back."""
        return self._task is not None and not self._task.done()

    def recover(self) -> None:
        """Hold on to the pause that an earlier agent of this pod began."""
        record = self._record
        if record is not None and record.deadline_monotonic is not None:
            remaining = record.deadline_monotonic - self._now()
            within = remaining if remaining <= LONGEST_SECONDS else 0.0
            self._begin(record.generation, max(0.0, within))

    def order(self, order: PauseOrder | None) -> None:
        """Begin or end a pause. One that runs keeps its deadline, whatever is ordered."""
        if order is None:
            self._ended.set()
        elif not self.holding and (
            self._record is None or order.generation > self._record.generation
        ):
            self._begin(order.generation, min(order.remaining_seconds, LONGEST_SECONDS))

    async def close(self) -> None:
        """End the pause that runs, and return when it has ended or PgBouncer does not answer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _begin(self, generation: int, remaining_seconds: float) -> None:
        deadline = self._now() + remaining_seconds
        self._remember(PauseRecord(generation=generation, deadline_monotonic=deadline))
        self._ended = asyncio.Event()
        self.query_wait_seconds = math.ceil(remaining_seconds) + _MARGIN_SECONDS
        self.state = PauseState(generation=generation, phase=PausePhase.PAUSING)
        self._task = self._tasks.create_task(self._run(generation, deadline))
        log.info("pause_began", generation=generation, seconds=round(remaining_seconds, 1))

    async def _run(self, generation: int, deadline: float) -> None:
        keeping = asyncio.create_task(self._keep(generation))
        try:
            ended = await self._until_ended(deadline)
            # Its last words to PgBouncer may take seconds, which nobody waits for.
            keeping.cancel()
            await self._resume()
        except asyncio.CancelledError:
            keeping.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._resume()
            raise
        finally:
            await asyncio.wait([keeping])
        # Again, for a PAUSE that was under way may have come in after the first.
        await self._resume()
        self._remember(PauseRecord(generation=generation, deadline_monotonic=None))
        self.state = PauseState(
            generation=generation, phase=PausePhase.ENDED, deadline_passed=not ended
        )
        log.info("pause_ended", generation=generation, deadline_passed=not ended)
        await self._until_nobody_waits()
        self.query_wait_seconds = None
        await self._insist(self._reload)

    async def _keep(self, generation: int) -> None:
        """Pause, and pause again where PgBouncer has started anew and so forgot it."""
        await self._insist(self._reload)
        while True:
            await self._insist(self._console.pause)
            self.state = PauseState(generation=generation, phase=PausePhase.PAUSED)
            with contextlib.suppress(ConsoleUnavailableError, RefusedError):
                while await self._console.paused():  # noqa: ASYNC110 - PgBouncer tells nobody
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _until_ended(self, deadline: float) -> bool:
        """Return whether somebody ended it before *deadline*."""
        try:
            async with asyncio.timeout(max(0.0, deadline - self._now())):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    async def _resume(self) -> None:
        """Never gives up: a pooler that does not answer is restarted by its probe, unpaused."""
        await self._insist(self._console.resume)

    async def _until_nobody_waits(self) -> None:
        with contextlib.suppress(TimeoutError, ConsoleUnavailableError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while await self._somebody_waits():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _somebody_waits(self) -> bool:
        return any(row["cl_waiting"] for row in await self._console.rows("SHOW POOLS"))

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await step()
            except (ConsoleUnavailableError, RefusedError) as error:
                log.warning("pause_step_failed", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)

    def _remember(self, record: PauseRecord) -> None:
        self._record = record
        self._files.write_pause_record(record)
