"""
Replicas from how many requests take too long.

Latency is not proportional to replicas, so no ratio of it says how many are needed. What
is used is the fraction of requests over the target against the fraction that the objective
allows (1 - objective): their ratio is the burn. Above 1 it goes up by a bounded step, with
credit for replicas that have not had time to help; from the hold band to 1 it stays; below
the band it lets go down, unless the budget of the longer window is being used up too fast.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tantrum_operator.scaler.figures import Distribution, Durations, Latency, Missing
from tantrum_operator.scaler.spec import LatencyMetric
from tantrum_operator.scaler.utilisation import Pod

OLDEST_SECONDS: Final = 90.0
"""A figure that is older says nothing about now."""

FULL_STEP_BURN: Final = 4.0
"""From so many times the allowed fraction on, the step is the largest."""

DOWN_STEP_PERCENT: Final = 10
"""How many replicas go at once, where nothing but latency says how many are needed."""


class Zone(StrEnum):
    """Where the fraction over target is."""

    OVER = "Over"
    """More requests are over target than the objective allows: never fewer replicas."""

    HOLD = "Hold"
    """Near the objective, or the longer window is not: as many as now."""

    UNDER = "Under"
    """Well within: fewer would do, as far as latency can tell."""

    QUIET = "Quiet"
    """Too few requests to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What latency proposes: *replicas*, and the figures that speak for it."""

    zone: Zone
    replicas: int
    fraction: float | None
    """Of the requests that took longer than the target; None where there are too few."""

    burn: float | None
    """*fraction* to what the objective allows: above 1 it is missed."""

    requests: float
    settled: bool
    """Whether every replica has had the time to show what it can do."""

    told: str
    """Why, as a clause for people."""


def verdict(
    metric: LatencyMetric,
    latency: Latency,
    *,
    pods: Sequence[Pod],
    current: int,
    now: dt.datetime,
) -> Verdict | Missing:
    """
    Return what *latency* proposes for *current* replicas (1 or more), or why it cannot tell.

    Over the target it is never fewer than *current*. Figures that are missing, not numbers,
    or old are none; too few requests are an answer (`Zone.QUIET`), but propose nothing else
    than *current*.
    """
    recent = _fraction(metric, latency.recent, now)
    if isinstance(recent, Missing):
        return recent
    fraction, requests = recent
    settled = _settled(metric, pods, now)
    if fraction is None or requests < metric.min_requests:
        return Verdict(
            zone=Zone.QUIET,
            replicas=current,
            fraction=None,
            burn=None,
            requests=requests,
            settled=settled >= current,
            told=f"{requests:.0f} requests are too few to tell",
        )
    burn = fraction / _allowed(metric)
    zone, told = _zone(metric, burn, _fraction(metric, latency.budget, now))
    replicas = current
    if zone is Zone.OVER:
        replicas = _after_step(metric, burn, settled, current)
        told += "" if replicas > current else ", replicas that are starting count as the step"
    elif zone is Zone.UNDER:
        replicas = max(1, current - max(1, current * DOWN_STEP_PERCENT // 100))
    return Verdict(
        zone=zone,
        replicas=replicas,
        fraction=fraction,
        burn=burn,
        requests=requests,
        settled=settled >= current,
        told=told,
    )


def _zone(
    metric: LatencyMetric, burn: float, long_run: tuple[float | None, float] | Missing
) -> tuple[Zone, str]:
    if burn > 1:
        return Zone.OVER, f"over the objective {burn:.2g} times"
    if burn * 100 >= metric.hold_percent:
        return Zone.HOLD, "in the hold band"
    if isinstance(long_run, Missing):
        return Zone.HOLD, f"the error budget is unknown: {long_run.why}"
    spent = (long_run[0] or 0.0) / _allowed(metric)
    if spent > 1:
        return Zone.HOLD, f"the error budget burns {spent:.2g} times too fast"
    return Zone.UNDER, "well within the objective"


def _allowed(metric: LatencyMetric) -> float:
    return (100 - metric.objective_percent) / 100


def _after_step(metric: LatencyMetric, burn: float, settled: int, current: int) -> int:
    """
    Return the *settled* replicas and a step, but not fewer than *current*.

    So a step waits for the one before, and the count does not run away.
    """
    base = max(1, min(settled, current))
    share = min(1.0, burn / FULL_STEP_BURN) * metric.max_step_percent / 100
    return max(current, base + math.ceil(base * share))


def _settled(metric: LatencyMetric, pods: Sequence[Pod], now: dt.datetime) -> int:
    """Return how many have been ready for half the window: the others cannot show in it yet."""
    ready_since = now - dt.timedelta(seconds=metric.window_seconds / 2)
    return sum(
        pod.ready is True
        and not pod.deleting
        and pod.ready_changed_time is not None
        and pod.ready_changed_time <= ready_since
        for pod in pods
    )


def _fraction(
    metric: LatencyMetric, durations: Durations, now: dt.datetime
) -> tuple[float | None, float] | Missing:
    """Return the fraction over the target (None of no requests) and how many requests."""
    if isinstance(durations, Missing):
        return durations
    target_seconds = metric.target_milliseconds / 1000
    if why := _unusable(durations, target_seconds, now):
        return Missing(why=why)
    total = durations.counts[math.inf]
    if total == 0:
        return None, 0.0
    within = min(total, _within(durations, target_seconds))
    return (total - within) / total, total


def _unusable(durations: Distribution, target_seconds: float, now: dt.datetime) -> str:
    """Return why nothing can be told from *durations*; empty where something can."""
    age_seconds = (now - durations.time).total_seconds()
    if age_seconds > OLDEST_SECONDS:
        return f"the figure is {age_seconds:.0f} s old"
    counts = durations.counts
    if not all(math.isfinite(each) and each >= 0 for each in counts.values()):
        return "the figure is not a number"
    bounds = [each for each in counts if each != math.inf]
    if not bounds or math.inf not in counts:
        return "the histogram has no buckets"
    if max(bounds) < target_seconds:
        return "no bucket of the histogram reaches the target"
    return ""


def _within(durations: Distribution, target_seconds: float) -> float:
    """Return how many took up to *target_seconds*, taking those of a bucket as spread evenly."""
    below, below_count = 0.0, 0.0
    for bound, count in sorted(durations.counts.items()):
        if bound == target_seconds:
            return count
        if bound > target_seconds:
            share = (target_seconds - below) / (bound - below)
            return below_count + (count - below_count) * share
        below, below_count = bound, count
    return below_count
