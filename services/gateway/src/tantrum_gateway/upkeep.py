"""
Looks after the first cache level, where nobody waits for it.

Once a second: moves the clock that hits tell their age by, lets answers expire, and looks for
what is asked often. That is asked for again before it expires, and as soon as a change has
outdated it; and is compressed again with all effort, by one thread of the lowest priority.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

import structlog
from tantrum_kit import errors

from tantrum_gateway import metrics
from tantrum_gateway.answers import Answer, Clock, Form, RawKey
from tantrum_gateway.l1 import L1
from tantrum_gateway.negotiation import Coding
from tantrum_gateway.watch import Watch

log = structlog.get_logger()

_PERIOD_SECONDS: Final = 1.0
_LEAD_RATIO: Final = 0.1
"""Of its time, that an answer may have left when it is asked for again."""

_WARM_AT_ONCE: Final = 50
"""Answers that one look, or one change, has asked for again; the rest waits to be asked for."""

_OFTEN_PER_SECOND: Final = 0.2
_OFTEN_HITS: Final = 20
"""How often an answer was sent, at least, that is asked for again as soon as it is outdated."""

_POLISHED_AFTER_SECONDS: Final = 5.0
_POLISHED_FROM_HITS: Final = 3
"""All effort is for answers that last, and are asked for."""

_REST: Final = 3.0
"""Rest after an effort, in its own length: so polishing takes a quarter of a core at most."""

_LOWEST_PRIORITY: Final = 19


class Upkeep:
    """Has everything that L1 needs done for it."""

    def __init__(
        self,
        *,
        l1: L1,
        watch: Watch,
        clock: Clock,
        threads: Executor,
        unwatched_ttl_seconds: float,
        now_monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._l1 = l1
        self._watch = watch
        self._clock = clock
        self._threads = threads
        self._unwatched_ttl_seconds = unwatched_ttl_seconds
        self._now_monotonic = now_monotonic
        self._to_warm: asyncio.Queue[tuple[str, Answer]] = asyncio.Queue(_WARM_AT_ONCE)

    def move_clock(self) -> None:
        """Have hits tell their age by what time it is now."""
        self._clock.now = self._now_monotonic()
        self._clock.heard = self._watch.heard_monotonic or 0.0

    async def run(self) -> None:
        """Do what is due each second, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._warm())
            tasks.create_task(self._polish())
            while True:
                self.move_clock()
                self._let_expire()
                self.warm(self._expiring())
                await asyncio.sleep(_PERIOD_SECONDS)

    def outdated(self, touched: Iterable[tuple[str, Answer]]) -> None:
        """Have what was asked often, and is outdated now, asked for again."""
        now_monotonic = self._now_monotonic()
        self.warm(
            (key, answer)
            for key, answer in touched
            if answer.hits >= _OFTEN_HITS
            and answer.hits > _OFTEN_PER_SECOND * (now_monotonic - answer.stored_monotonic)
        )

    def warm(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Have those of *answers* that are asked most asked for again in the background."""
        asked = ((key, answer) for key, answer in answers if answer.hits and answer.remake)
        for key, answer in heapq.nlargest(_WARM_AT_ONCE, asked, key=lambda one: one[1].hits):
            with contextlib.suppress(asyncio.QueueFull):
                self._to_warm.put_nowait((key, answer))

    def _let_expire(self) -> None:
        now_monotonic = self._now_monotonic()
        self._l1.expire(now_monotonic)
        if self._watch.silent_seconds() > self._unwatched_ttl_seconds:
            self._l1.outdate_stored_before(
                now_monotonic - self._unwatched_ttl_seconds, now_monotonic=now_monotonic
            )

    def _expiring(self) -> Iterable[tuple[str, Answer]]:
        now_monotonic = self._now_monotonic()
        for key, answer in self._l1.fresh():
            left_seconds = answer.expires_monotonic - now_monotonic
            whole_seconds = answer.expires_monotonic - answer.stored_monotonic
            if left_seconds < max(_LEAD_RATIO * whole_seconds, 2 * _PERIOD_SECONDS):
                yield key, answer

    async def _warm(self) -> None:
        while True:
            key, answer = await self._to_warm.get()
            # Somebody may have asked meanwhile.
            if answer.remake is None or self._l1.kept(key) is not answer:
                continue
            ways = answer.ways or self._l1.ways_to(answer)
            try:
                await answer.remake()
                await self._lead(ways, key)
            except errors.CallerError:
                continue  # whoever asks next will be told
            except Exception:  # the top of a background task
                log.exception("warming_failed", route=answer.route)
            metrics.WARMED.inc()

    async def _lead(self, ways: list[tuple[RawKey, Form]], key: str) -> None:
        """Have requests find the new answer as they found the old one."""
        for raw_key, former in ways:
            answer = self._l1.get(key)
            if answer is None:
                return
            form = await answer.form(former.coding, threads=self._threads)
            form.limit_index = former.limit_index
            self._l1.resized(key)
            self._l1.alias(raw_key, key, form)

    async def _polish(self) -> None:
        loop = asyncio.get_running_loop()
        with _patient_thread() as thread:
            while True:
                await asyncio.sleep(_PERIOD_SECONDS)
                for key, answer, coding in self._worth_polishing():
                    started_monotonic = self._now_monotonic()
                    form = await loop.run_in_executor(thread, answer.polished, coding)
                    if form is not None:
                        self._l1.replace(key, answer, coding, form)
                        metrics.POLISHED.inc()
                    await asyncio.sleep(_REST * (self._now_monotonic() - started_monotonic))

    def _worth_polishing(self) -> list[tuple[str, Answer, Coding]]:
        """Return the forms that are sent most, of those that no effort was made for."""
        stored_before = self._now_monotonic() - _POLISHED_AFTER_SECONDS
        forms = (
            (form.hits, key, answer, coding)
            for key, answer in self._l1.fresh()
            if answer.stored_monotonic < stored_before
            for coding, form in answer.forms.items()
            if form.hits >= _POLISHED_FROM_HITS and answer.polishable(coding)
        )
        most = heapq.nlargest(_WARM_AT_ONCE, forms, key=lambda one: one[0])
        return [(key, answer, coding) for _, key, answer, coding in most]


@contextlib.contextmanager
def _patient_thread() -> Iterator[Executor]:
    """Lend one thread that runs when no other wants to. What it has not begun, it never will."""
    thread = ThreadPoolExecutor(1, "polish", initializer=_yield_to_others)
    try:
        yield thread
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _yield_to_others() -> None:
    # On Linux priorities are a thread's own; elsewhere this may not be allowed.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
