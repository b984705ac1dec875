"""What the metrics of scalers ask of Prometheus: every query once, all at the same time."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from tantrum_kit.errors import CallerError

from tantrum_operator.prometheus import Metrics, Series
from tantrum_operator.scaler.figures import (
    Distribution,
    Durations,
    Figure,
    Latency,
    Missing,
    Sample,
)
from tantrum_operator.scaler.spec import LatencyMetric, ScalerSpec

AT_ONCE: Final = 16
"""How many queries are under way at the same time at most."""

Answers: TypeAlias = Mapping[str, Sequence[Series] | Missing]
"""By query."""


def queries_of(specs: Iterable[ScalerSpec]) -> set[str]:
    """Return everything that *specs* ask."""
    found: set[str] = set()
    for spec in specs:
        if spec.autoscaling is None:
            continue
        for metric in spec.autoscaling.metrics:
            if metric.prometheus is not None:
                found.add(metric.prometheus.query)
            if metric.latency is not None:
                found.update(
                    (
                        _buckets(metric.latency, metric.latency.window_seconds),
                        _buckets(metric.latency, metric.latency.budget_window_seconds),
                    )
                )
        found.update(each.query for each in spec.autoscaling.dependencies)
    return found


async def answers(
    metrics: Metrics | None, queries: Iterable[str], *, within_seconds: float
) -> Answers:
    """Return the answer to each of *queries*; what is not there *within_seconds* is missing."""
    if metrics is None:
        return dict.fromkeys(queries, Missing(why="the operator knows no Prometheus"))
    slots = asyncio.Semaphore(AT_ONCE)
    found: dict[str, Sequence[Series] | Missing] = {
        query: Missing(why="Prometheus did not answer in time") for query in queries
    }

    async def ask(query: str) -> None:
        async with slots:
            try:
                found[query] = await metrics.instant(query)
            except CallerError as error:
                found[query] = Missing(why=str(error))

    try:
        async with asyncio.timeout(within_seconds), asyncio.TaskGroup() as group:
            for query in list(found):
                group.create_task(ask(query))
    except TimeoutError:
        pass  # what was answered by then counts
    return found


def figure(query: str, found: Answers) -> Figure:
    """Return the one figure that *query* answers."""
    series = found[query]
    if isinstance(series, Missing):
        return series
    if len(series) != 1:
        count = len(series) or "no"
        return Missing(why=f"the query answers {count} series, and one is needed")
    point = series[0].points[-1]
    return Sample(value=point.value, time=point.time)


def latency(metric: LatencyMetric, found: Answers) -> Latency:
    """Return the durations of *metric*."""
    return Latency(
        recent=_durations(found[_buckets(metric, metric.window_seconds)]),
        budget=_durations(found[_buckets(metric, metric.budget_window_seconds)]),
    )


def _buckets(metric: LatencyMetric, seconds: int) -> str:
    return f"sum by (le) (increase({metric.histogram}_bucket{{{metric.selector}}}[{seconds}s]))"


def _durations(series: Sequence[Series] | Missing) -> Durations:
    if isinstance(series, Missing):
        return series
    counts: dict[float, float] = {}
    times: list[dt.datetime] = []
    for each in series:
        bound = _bound(each.labels.get("le", ""))
        if bound is not None:
            counts[bound] = each.points[-1].value
            times.append(each.points[-1].time)
    if not counts:
        return Missing(why="there is no such histogram, or no two scrapes of it yet")
    return Distribution(counts=counts, time=min(times))


def _bound(le: str) -> float | None:
    try:
        bound = float(le)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
