"""
Whether an upstream is worth calling: a circuit breaker.

Where half of the last calls failed, nobody waits for more of them to: all fail at once,
and callers turn to what they have. Meanwhile the upstream's own health is asked, with
pauses that grow and are drawn at random, so that gateways do not ask in step. When it
says that it serves, calls go through again, under the small bound that `concurrency`
begins with: the first that fails opens the breaker again, a few that do not close it.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, NoReturn

_LAST: Final = 20
_LAST_SECONDS: Final = 10.0
_FAILURES: Final = 5
"""It opens where at least so many, and half, of the last calls failed, of those not long ago."""

_PASSES: Final = 3
"""Calls that have to go well, and none badly, before a failure is one among many again."""

_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 1.0


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Lets calls through, or not. Calls *on_change* with each new state. For one event loop."""

    def __init__(
        self, *, on_change: Callable[[State], None], now_monotonic: Callable[[], float]
    ) -> None:
        self._on_change = on_change
        self._now_monotonic = now_monotonic
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=_LAST)
        self._era = 0
        self._passed = 0
        self._opened = asyncio.Event()
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self.state = State.CLOSED

    def begin(self) -> int | None:
        """Return what `end` wants to know of a call that begins; None where it must not."""
        return None if self.state is State.OPEN else self._era

    def end(self, era: int, *, failed: bool | None) -> None:
        """Take a call that has ended into account; None says nothing about the upstream."""
        if era != self._era:
            return  # it began before the state changed
        if self.state is State.HALF_OPEN:
            if failed:
                self._change(State.OPEN)
            elif failed is not None:
                self._passed += 1
                if self._passed >= _PASSES:
                    self._pause_seconds = _FIRST_PAUSE_SECONDS
                    self._change(State.CLOSED)
        elif failed is not None:
            self._outcomes.append((self._now_monotonic(), failed))
            if failed and self._tripped():
                self._change(State.OPEN)

    async def run(self, serving: Callable[[], Awaitable[bool]]) -> NoReturn:
        """Until cancelled: while the breaker is open, ask whether the upstream is *serving*."""
        while True:
            await self._opened.wait()
            await asyncio.sleep(self._pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311
            self._pause_seconds = min(_LONGEST_PAUSE_SECONDS, self._pause_seconds * 2)
            if await serving():
                self._change(State.HALF_OPEN)

    def _tripped(self) -> bool:
        since_monotonic = self._now_monotonic() - _LAST_SECONDS
        recent = [failed for when, failed in self._outcomes if when >= since_monotonic]
        failures = sum(recent)
        return failures >= _FAILURES and failures * 2 >= len(recent)

    def _change(self, state: State) -> None:
        self.state = state
        self._era += 1
        self._passed = 0
        self._outcomes.clear()
        if state is State.OPEN:
            self._opened.set()
        else:
            self._opened.clear()
        self._on_change(state)
