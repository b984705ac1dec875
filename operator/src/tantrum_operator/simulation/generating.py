"""
Traces of a day and of a week at a million monthly users, made from a seed.

33,000 people a day make 100 requests a second on average: a quarter of that at four in
the morning, nearly twice as many at eight in the evening, more at the weekend. Upon that
come what scalers are judged by: a launch (ten times as many within two minutes, gone after half
an hour), a slow ramp (twice as many within three hours), and a flash of 60 seconds.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_operator.simulation.service import Service
from tantrum_operator.simulation.trace import Step, Trace

LENGTHS: Final = {"day": 1, "week": 7}
"""Days of each trace that can be made."""

STEP_SECONDS: Final = 15
MEAN_REQUESTS_PER_SECOND: Final = 100.0
START: Final = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
"""A Monday."""

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
# By hour, as parts of the mean: night, school morning, afternoon, the hours before bed.
_DIURNAL: Final = (
    0.45, 0.35, 0.30, 0.27, 0.25, 0.30, 0.50, 0.80, 0.90, 0.90, 0.95, 1.00,
    1.05, 1.05, 1.10, 1.30, 1.50, 1.65, 1.80, 1.90, 1.95, 1.70, 1.20, 0.75,
)  # fmt: skip
_WEEKDAYS: Final = (0.92, 0.90, 0.92, 0.95, 1.05, 1.20, 1.15)
_NOISE_RATIO: Final = 0.06
_NOISE_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """Something that makes more requests come: *shape* gives the factor, from seconds in."""

    start_seconds: float
    kind: str

    def factor(self, seconds: float) -> float:
        into = seconds - self.start_seconds
        return 1.0 if into < 0 else _SHAPES[self.kind](into)


def _launch(into: float) -> float:
    rise, fall = 120.0, 600.0
    return 1 + 9 * (into / rise if into < rise else math.exp((rise - into) / fall))


def _ramp(into: float) -> float:
    length, away = 3 * _HOUR, 1800.0
    return 1 + (into / length if into < length else max(0.0, 1 - (into - length) / away))


def _flash(into: float) -> float:
    return 8.0 if into < 60 else 1.0  # noqa: PLR2004 - the flash of 60 s


_SHAPES: Final = {"launch": _launch, "ramp": _ramp, "flash": _flash}


def generate(length: str, *, seed: int, service: Service | None = None) -> Trace:
    """Return the trace of *length*, one of `LENGTHS`; the same for the same *seed*."""
    # No secret comes of it, and the same seed must give the same trace everywhere.
    source = random.Random(seed)  # noqa: S311
    days = LENGTHS[length]
    events = _events(days, source)
    drift = 0.0
    keep = math.exp(-STEP_SECONDS / _NOISE_SECONDS)
    steps = []
    for index in range(round(days * _DAY / STEP_SECONDS)):
        seconds = index * STEP_SECONDS
        drift = keep * drift + math.sqrt(1 - keep**2) * source.gauss(0, _NOISE_RATIO)
        mean = MEAN_REQUESTS_PER_SECOND * _usual(seconds) * max(0.1, 1 + drift)
        for event in events:
            mean *= event.factor(seconds)
        # Arrivals are independent of one another: their count is off by its root.
        count = source.gauss(mean * STEP_SECONDS, math.sqrt(mean * STEP_SECONDS))
        steps.append(Step(requests_per_second=round(max(0.0, count) / STEP_SECONDS, 3)))
    return Trace(
        name=f"{length} (seed {seed})",
        start_time=START,
        step_seconds=STEP_SECONDS,
        service=service or Service(),
        steps=steps,
    )


def _events(days: int, source: random.Random) -> Sequence[_Event]:
    """Return a launch, a ramp and a flash: within a day, or spread over the week."""

    def some(kind: str, day: int, hour: float) -> _Event:
        jitter = source.uniform(-0.5, 0.5)
        return _Event(start_seconds=day * _DAY + (hour + jitter) * _HOUR, kind=kind)

    if days == 1:
        return [some("flash", 0, 9.5), some("launch", 0, 12.5), some("ramp", 0, 16)]
    return [
        some("flash", 1, 10),
        some("launch", 2, 13),
        some("ramp", 3, 16),
        some("flash", 5, 19),
    ]


def _usual(seconds: float) -> float:
    hours = seconds / _HOUR
    first = int(hours)
    share = hours - first
    hour = _DIURNAL[first % 24] * (1 - share) + _DIURNAL[(first + 1) % 24] * share
    return hour * _WEEKDAYS[int(seconds // _DAY) % 7]
