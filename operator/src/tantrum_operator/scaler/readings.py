"""What each metric of a scaler proposes, and what they come to together."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from tantrum_operator.scaler.figures import UNREAD, Latency, Missing, Observed
from tantrum_operator.scaler.latency import OLDEST_SECONDS, Verdict, Zone, verdict
from tantrum_operator.scaler.spec import (
    Autoscaling,
    LatencyMetric,
    Metric,
    MetricType,
    PrometheusMetric,
    ResourceMetric,
)
from tantrum_operator.scaler.utilisation import (
    NoFigureError,
    Resource,
    replicas_for_average_usage,
    replicas_for_utilisation,
)
from tantrum_operator.scaler.values import (
    Tolerance,
    replicas_for_average_value,
    replicas_for_value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One metric of one decision; what it lacks is None, and *told* says why."""

    name: str
    type: MetricType
    value: str | None
    target: str
    """As *value*, with its unit."""

    ratio: float | None
    """The value to its target: above 1 asks for more replicas."""

    proposal: int | None
    """None of a metric that is not valid, or that has no say."""

    valid: bool
    told: str = ""
    verdict: Verdict | None = None
    """Of a latency metric."""

    @property
    def proportional(self) -> bool:
        """Whether its proposal says how many replicas are needed, and not just more or fewer."""
        return self.type is not MetricType.LATENCY


class Validity(StrEnum):
    """How far the metrics of a scaler can be gone by; reasons of `ScalingActive`."""

    VALID = "ValidMetricFound"
    PARTIAL = "SomeMetricsMissing"
    NONE = "NoMetrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """What all metrics come to; *replicas* is None where they say nothing."""

    replicas: int | None
    validity: Validity
    driver: Reading | None = None
    """Whose proposal it is."""


def readings(
    autoscaling: Autoscaling, observed: Observed, current: int, now: dt.datetime
) -> list[Reading]:
    """Return what each metric proposes for *current* replicas (1 or more), in their order."""
    look = _Look(observed, current, autoscaling.behavior.tolerance, now)
    return [_read(metric, look) for metric in autoscaling.metrics]


def combined(found: Sequence[Reading], current: int) -> Combined:
    """
    Return the highest proposal. Where a metric failed, up is possible and down is not.

    Latency that is within its objective does not say how many replicas are enough, and has
    a say only where no proportional metric has.
    """
    valid = [each for each in found if each.valid and each.proposal is not None]
    if not valid:
        return Combined(replicas=None, validity=Validity.NONE)
    driver = max(_with_a_say(valid), key=lambda each: each.proposal or 0)
    replicas = driver.proposal or 0
    if all(each.valid for each in found):
        return Combined(replicas=replicas, validity=Validity.VALID, driver=driver)
    if replicas < current:
        return Combined(replicas=None, validity=Validity.PARTIAL)
    return Combined(replicas=replicas, validity=Validity.PARTIAL, driver=driver)


def _with_a_say(valid: Sequence[Reading]) -> Sequence[Reading]:
    if not any(each.proportional for each in valid):
        return valid
    silent = {Zone.UNDER, Zone.QUIET}
    return [each for each in valid if each.verdict is None or each.verdict.zone not in silent]


@dataclass(frozen=True, slots=True)
class _Look:
    """What every metric is read against."""

    observed: Observed
    current: int
    tolerance: Tolerance
    now: dt.datetime


def _read(metric: Metric, look: _Look) -> Reading:
    what = metric.resource or metric.prometheus or metric.latency
    match what:
        case ResourceMetric():
            return _resource(metric, what, look)
        case PrometheusMetric():
            return _prometheus(metric, what, look)
        case LatencyMetric():
            return _latency(metric, what, look)
        case None:
            raise AssertionError("a metric was parsed without its field")
        case _:
            assert_never(what)


def _resource(metric: Metric, what: ResourceMetric, look: _Look) -> Reading:
    percent, thousandths = what.average_utilization, int((what.average_value or 0) * 1000)
    target = f"{percent}%" if percent else _amount(what.name, thousandths)
    if look.observed.usage_missing is not None:
        return _invalid(metric, target, look.observed.usage_missing.why)
    try:
        found = (
            replicas_for_utilisation(
                look.observed.pods,
                what.name,
                target_percent=percent,
                current=look.current,
                tolerance=look.tolerance,
                now=look.now,
            )
            if percent
            else replicas_for_average_usage(
                look.observed.pods,
                what.name,
                target_amount=thousandths,
                current=look.current,
                tolerance=look.tolerance,
                now=look.now,
            )
        )
    except NoFigureError as error:
        return _invalid(metric, target, str(error))
    value = f"{found.average}%" if percent else _amount(what.name, found.average)
    return _valid(metric, value, target, found.ratio, found.replicas)


def _prometheus(metric: Metric, what: PrometheusMetric, look: _Look) -> Reading:
    target = float(what.value or what.average_value or 0)
    shown = f"{target:g}" if what.average_value is None else f"{target:g} a replica"
    figure = look.observed.figures.get(metric.name, UNREAD)
    if isinstance(figure, Missing):
        return _invalid(metric, shown, figure.why)
    age_seconds = (look.now - figure.time).total_seconds()
    if age_seconds > OLDEST_SECONDS:
        return _invalid(metric, shown, f"the figure is {age_seconds:.0f} s old")
    if not math.isfinite(figure.value) or figure.value < 0:
        return _invalid(metric, shown, f"the query answers {figure.value}")
    if what.average_value is None:
        replicas = replicas_for_value(
            figure.value,
            target=target,
            current=look.current,
            ready=look.observed.ready,
            tolerance=look.tolerance,
        )
        return _valid(metric, f"{figure.value:g}", shown, figure.value / target, replicas)
    replicas = replicas_for_average_value(
        figure.value, target=target, current=look.current, tolerance=look.tolerance
    )
    each = figure.value / look.current
    return _valid(metric, f"{each:g} a replica", shown, each / target, replicas)


def _latency(metric: Metric, what: LatencyMetric, look: _Look) -> Reading:
    allowed = 100 - what.objective_percent
    target = f"{allowed}% over {what.target_milliseconds} ms"
    latency = look.observed.latencies.get(metric.name, Latency(recent=UNREAD, budget=UNREAD))
    found = verdict(what, latency, pods=look.observed.pods, current=look.current, now=look.now)
    if isinstance(found, Missing):
        return _invalid(metric, target, found.why)
    return Reading(
        name=metric.name,
        type=metric.type,
        value=None if found.fraction is None else f"{found.fraction:.1%}",
        target=target,
        ratio=found.burn,
        proposal=found.replicas,
        valid=True,
        told=found.told,
        verdict=found,
    )


def _valid(metric: Metric, value: str, target: str, ratio: float, replicas: int) -> Reading:
    return Reading(
        name=metric.name,
        type=metric.type,
        value=value,
        target=target,
        ratio=ratio,
        proposal=replicas,
        valid=True,
    )


def _invalid(metric: Metric, target: str, why: str) -> Reading:
    return Reading(
        name=metric.name,
        type=metric.type,
        value=None,
        target=target,
        ratio=None,
        proposal=None,
        valid=False,
        told=why,
    )


def _amount(resource: Resource, thousandths: int) -> str:
    if resource is Resource.CPU:
        return f"{thousandths}m"
    return f"{thousandths / 1000 / 2**20:.0f}Mi"
