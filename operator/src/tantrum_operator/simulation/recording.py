"""Reads from Prometheus what came to a scaler's target, as a trace."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import aiohttp

from tantrum_operator.prometheus import Prometheus, Series
from tantrum_operator.scaler.spec import LatencyMetric, ScalerSpec
from tantrum_operator.simulation.service import Service
from tantrum_operator.simulation.trace import Step, Trace, TraceError, filled

DAYS_MAX: Final = 90
STEP_SECONDS: Final = 60
_WINDOW: Final = "2m"
"""Of rates: long enough for two scrapes a minute apart."""

_POINTS_MAX: Final = 10_000
"""Prometheus refuses more than 11,000 points of a series at once."""

_TIMEOUT_SECONDS: Final = 60.0
_QUIET_SHARE: Final = 10
"""In the quietest tenth of the time requests hardly wait: they take the service's own time."""


class RecordingError(Exception):
    """There is nothing to record; the message says why."""


class Ranges(Protocol):
    """Answers queries over time, as `prometheus.Prometheus` does."""

    async def range(
        self, query: str, *, start: dt.datetime, end: dt.datetime, step_seconds: float
    ) -> Sequence[Series]: ...


async def recorded(url: str, spec: ScalerSpec, *, days: int) -> Trace:
    """
    Return the last *days* of the target of *spec*, up to the last whole minute.

    Raises `RecordingError`, `TraceError`, and the errors of `prometheus`.
    """
    end = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    async with aiohttp.ClientSession() as session:
        prometheus = Prometheus(session, url, timeout_seconds=_TIMEOUT_SECONDS)
        return await record(prometheus, spec, end=end, days=days)


async def record(ranges: Ranges, spec: ScalerSpec, *, end: dt.datetime, days: int) -> Trace:
    """
    Return what *ranges* know of the *days* until *end*.

    The service's own figures (how long a request takes, and how much CPU) come from there
    too, where they are.
    """
    metric = _latency_metric(spec)
    start = end - dt.timedelta(days=days)
    found = {
        name: await _read(ranges, query, start, end)
        for name, query in _queries(metric, spec.target_ref.name).items()
    }
    if not found["requests"]:
        raise RecordingError(
            f"Prometheus has no {metric.histogram}_count{{{metric.selector}}} in the last "
            f"{_days(days)}"
        )
    count = days * 86400 // STEP_SECONDS
    try:
        steps = filled(_step(found, index) for index in range(count))
    except TraceError as error:
        raise RecordingError("Prometheus has no request rate that is a number") from error
    return Trace(
        name=f"{spec.target_ref.name}, {_days(days)} until {end:%Y-%m-%d %H:%M} UTC",
        start_time=start,
        step_seconds=STEP_SECONDS,
        service=_service(found),
        steps=steps,
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _latency_metric(spec: ScalerSpec) -> LatencyMetric:
    for metric in spec.autoscaling.metrics if spec.autoscaling else ():
        if metric.latency is not None:
            return metric.latency
    raise RecordingError(
        "the scaler has no latency metric, whose histogram says how many requests came"
    )


def _queries(metric: LatencyMetric, target: str) -> dict[str, str]:
    def rate(suffix: str, more: str = "") -> str:
        labels = ",".join(part for part in (metric.selector.rstrip(", "), more) if part)
        return f"sum(rate({metric.histogram}_{suffix}{{{labels}}}[{_WINDOW}]))"

    seconds = metric.target_milliseconds / 1000
    # How a bound is spelled depends on who wrote the histogram.
    spelled = "|".join(sorted({f"{seconds:g}", f"{seconds:.1f}", f"{seconds}"}))
    within = rate("bucket", f'le=~"{spelled}"')
    return {
        "requests": rate("count"),
        "over": f"1 - {within} / {rate('count')}",
        "mean": f"{rate('sum')} / {rate('count')}",
        "replicas": f"count(count by (instance) ({metric.histogram}_count{{{metric.selector}}}))",
        "cpu": 'sum(rate(container_cpu_usage_seconds_total{container!="",'
        f'pod=~"{target}-[a-z0-9]+-[a-z0-9]+"}}[{_WINDOW}]))',
    }


async def _read(
    ranges: Ranges, query: str, start: dt.datetime, end: dt.datetime
) -> dict[int, float]:
    """Return the values of *query* that are numbers, by the index of their step."""
    found: dict[int, float] = {}
    part = dt.timedelta(seconds=STEP_SECONDS * _POINTS_MAX)
    begin = start
    while begin < end:
        # Both ends count: one step less, or neighbours would have one in common.
        until = min(begin + part, end) - dt.timedelta(seconds=STEP_SECONDS)
        series = await ranges.range(query, start=begin, end=until, step_seconds=STEP_SECONDS)
        for point in series[0].points if series else ():
            if math.isfinite(point.value):
                index = round((point.time - start).total_seconds() / STEP_SECONDS)
                found[index] = point.value
        begin += part
    return found


def _step(found: Mapping[str, Mapping[int, float]], index: int) -> Step | None:
    requests = found["requests"].get(index)
    if requests is None:
        return None
    replicas, over = found["replicas"].get(index), found["over"].get(index)
    return Step(
        requests_per_second=max(0.0, requests),
        replicas=None if replicas is None else round(replicas),
        over_ratio=None if over is None else min(1.0, max(0.0, over)),
    )


def _service(found: Mapping[str, Mapping[int, float]]) -> Service:
    """Return the service as measured: its time when it is quiet, and its CPU a request."""
    service = Service()
    requests = found["requests"]
    means = sorted(value for value in found["mean"].values() if value > 0)
    if means:
        quiet = means[: max(1, len(means) // _QUIET_SHARE)]
        service = replace(service, service_seconds=statistics.fmean(quiet))
    each = [
        used / requests[index]
        for index, used in found["cpu"].items()
        if used > 0 and requests.get(index, 0.0) > 0
    ]
    if each:
        service = replace(service, cpu_seconds=statistics.median(each))
    return service
