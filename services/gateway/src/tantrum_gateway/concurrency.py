"""
How many calls to an upstream may be under way: as many as it answers in time.

The bound adapts as TCP's window does (additive increase, multiplicative decrease, and a
slow start). Nobody queues: whoever is above the bound is told at once, and the less
important a call is, the smaller the part of the bound that is open to it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Priority(StrEnum):
    """
    What a call is for; the first are the last to be shed.

    Health checks come before all of these: they are never counted and never shed.
    """

    READ = "read"
    """Lists, single things, and whatever editors do."""
    SEARCH = "search"
    SUGGEST = "suggest"
    AD_HOC = "ad-hoc"
    """GraphQL documents that nobody has stored before."""
    ANALYTICS = "analytics"


_SHARE: Final = {
    Priority.READ: 1.0,
    Priority.SEARCH: 0.9,
    Priority.SUGGEST: 0.75,
    Priority.AD_HOC: 0.6,
    Priority.ANALYTICS: 0.4,
}
"""Part of the bound that calls of a priority may fill, those of all others counted."""

_LEAST: Final = 32.0
"""An upstream that is slow, but for other reasons than us, still gets what misses ask for: 50 a
second that take 0.6 s each."""

_RESTART: Final = 8.0
_FIRST: Final = 100.0
_MOST: Final = 400.0
_DECREASE: Final = 0.9
_DECREASE_PERIOD_SECONDS: Final = 0.1
"""Late calls come in bursts; each burst is one sign of too much, not many."""


class Limiter:
    """Counts calls under way, and adapts their bound to how they end. For one event loop."""

    def __init__(self, *, now_monotonic: Callable[[], float]) -> None:
        self._now_monotonic = now_monotonic
        self._limit = _FIRST
        self._slow_start_below = _FIRST
        self._decreased_monotonic = 0.0
        self.under_way = 0

    @property
    def limit(self) -> int:
        """Calls that may be under way, of the most important."""
        return int(self._limit)

    def begin(self, priority: Priority) -> bool:
        """Count a call that begins; return False where it must not."""
        if self.under_way + 1 > max(1.0, self._limit * _SHARE[priority]):
            return False
        self.under_way += 1
        return True

    def end(self, *, late: bool | None) -> None:
        """Count a call that has ended, *late* or in time; None says nothing about either."""
        full = self.under_way * 2 >= self._limit
        self.under_way -= 1
        if late:
            self._decrease()
        elif late is not None and full:
            # What nobody needed says nothing about whether it could be more.
            slow_start = self._limit < self._slow_start_below
            self._limit = min(_MOST, self._limit + (1.0 if slow_start else 1.0 / self._limit))

    def restart(self) -> None:
        """Begin small again, and grow fast: the upstream comes back from an outage."""
        self._slow_start_below = max(self._limit, _FIRST)
        self._limit = _RESTART

    def _decrease(self) -> None:
        now_monotonic = self._now_monotonic()
        if now_monotonic - self._decreased_monotonic < _DECREASE_PERIOD_SECONDS:
            return
        self._decreased_monotonic = now_monotonic
        self._limit = max(min(self._limit, _LEAST), self._limit * _DECREASE)
        self._slow_start_below = self._limit
