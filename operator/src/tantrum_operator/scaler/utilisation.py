"""
Replicas from the CPU or memory of pods, as HorizontalPodAutoscaler v2 has them.

The arithmetic follows `pkg/controller/podautoscaler/replica_calculator.go` of
Kubernetes 1.36, including where it truncates. What it is careful about: pods without
a sample count against the direction of the change, pods that are still starting too
when it goes up, and neither may turn the direction round.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tantrum_operator.scaler.values import Tolerance

CPU_INITIALIZATION_SECONDS: Final = 300.0
"""For so long after its start a pod's CPU counts only when measured since it was ready."""

INITIAL_READINESS_SECONDS: Final = 30.0
"""A pod whose readiness last changed within so long of its start has never been ready."""


class Resource(StrEnum):
    CPU = "cpu"
    MEMORY = "memory"


class Phase(StrEnum):
    """The phases that the arithmetic tells apart."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class NoFigureError(Exception):
    """The pods give no figure to go by; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a pod used of a resource, on average over the window that ended at *time*."""

    amount: int
    """Millicores of CPU, or thousandths of bytes of memory."""

    time: dt.datetime
    window_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod of the target, as far as the arithmetic looks at it."""

    name: str
    phase: Phase
    deleting: bool
    ready: bool | None
    """None where the pod has no condition `Ready` yet."""

    start_time: dt.datetime | None
    ready_changed_time: dt.datetime | None
    """When `ready` became what it is; None where `ready` is None."""

    request: Mapping[Resource, int]
    """What all containers ask for; a resource is left out where one of them asks for none."""

    usage: Mapping[Resource, Usage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What a resource proposes: *replicas*, and the average that speaks for it."""

    replicas: int
    average: int
    """Percent of the request, or the amount a pod, before any pod was made up for."""

    ratio: float
    """*average* to its target, before any pod was made up for."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """Pods by how their figure counts; those being deleted or failed are in none."""

    measured: Sequence[Pod]
    unready: Sequence[Pod]
    missing: Sequence[Pod]


def replicas_for_utilisation(
    pods: Sequence[Pod],
    resource: Resource,
    *,
    target_percent: int,
    current: int,
    tolerance: Tolerance,
    now: dt.datetime,
) -> Proposed:
    """
    Return the replicas at which *pods* use *target_percent* of what they request.

    Raises `NoFigureError` where no pod has a figure that counts, or one has no request.
    """
    groups = _grouped(pods, resource, now)
    for pod in pods:
        if resource not in pod.request:
            raise NoFigureError(f"pod {pod.name} requests no {resource}")
    requests = {pod.name: pod.request[resource] for pod in pods}
    if sum(requests[pod.name] for pod in groups.measured) == 0:
        raise NoFigureError(f"the pods request 0 of {resource}")
    fallback_percent = max(100, target_percent)

    def percent(usage: Mapping[str, int]) -> int:
        return sum(usage.values()) * 100 // sum(requests[name] for name in usage)

    def when_missing(pod: Pod) -> int:
        return requests[pod.name] * fallback_percent // 100

    usage = {pod.name: pod.usage[resource].amount for pod in groups.measured}
    average = percent(usage)
    ratio = average / target_percent
    made_up = _made_up(groups, ratio, {pod.name: when_missing(pod) for pod in groups.missing})
    all_usage = {**usage, **made_up}
    again = (percent(all_usage) / target_percent, len(all_usage)) if made_up else None
    replicas = _scaled(len(usage), current, ratio, again, tolerance)
    return Proposed(replicas=replicas, average=average, ratio=ratio)


def replicas_for_average_usage(
    pods: Sequence[Pod],
    resource: Resource,
    *,
    target_amount: int,
    current: int,
    tolerance: Tolerance,
    now: dt.datetime,
) -> Proposed:
    """
    Return the replicas at which *pods* use *target_amount* each, in the unit of `Usage`.

    Raises `NoFigureError` where no pod has a figure that counts.
    """
    groups = _grouped(pods, resource, now)

    def mean(usage: Mapping[str, int]) -> int:
        return sum(usage.values()) // len(usage)

    usage = {pod.name: pod.usage[resource].amount for pod in groups.measured}
    average = mean(usage)
    ratio = average / target_amount
    made_up = _made_up(groups, ratio, {pod.name: target_amount for pod in groups.missing})
    all_usage = {**usage, **made_up}
    again = (mean(all_usage) / target_amount, len(all_usage)) if made_up else None
    replicas = _scaled(len(usage), current, ratio, again, tolerance)
    return Proposed(replicas=replicas, average=average, ratio=ratio)


def _grouped(pods: Sequence[Pod], resource: Resource, now: dt.datetime) -> _Groups:
    if not pods:
        raise NoFigureError("there are no pods")
    measured, unready, missing = [], [], []
    for pod in pods:
        if pod.deleting or pod.phase is Phase.FAILED:
            continue
        if pod.phase is Phase.PENDING:
            unready.append(pod)
        elif resource not in pod.usage:
            missing.append(pod)
        elif resource is Resource.CPU and _still_starting(pod, pod.usage[resource], now):
            unready.append(pod)
        else:
            measured.append(pod)
    if not measured:
        raise NoFigureError(f"no pod that counts has a figure for {resource}")
    return _Groups(measured, unready, missing)


def _still_starting(pod: Pod, usage: Usage, now: dt.datetime) -> bool:
    """Whether *usage* may be the work of starting, which says nothing about the load."""
    if pod.ready is None or pod.ready_changed_time is None or pod.start_time is None:
        return True
    if pod.start_time + dt.timedelta(seconds=CPU_INITIALIZATION_SECONDS) > now:
        whole_window = pod.ready_changed_time + dt.timedelta(seconds=usage.window_seconds)
        return not pod.ready or usage.time < whole_window
    first_change = pod.start_time + dt.timedelta(seconds=INITIAL_READINESS_SECONDS)
    return not pod.ready and first_change > pod.ready_changed_time


def _made_up(groups: _Groups, ratio: float, when_idle: Mapping[str, int]) -> dict[str, int]:
    """
    Return figures for the pods without one that counts, against the direction of *ratio*.

    On the way up they are idle, so that new pods are not forgotten while they start. On
    the way down those without a sample are as busy as *when_idle* says; those that are
    starting are left out. Exactly on target, missing pods have nothing to argue against.
    """
    if ratio < 1.0:
        return dict(when_idle)
    if ratio > 1.0:
        return {pod.name: 0 for pod in (*groups.missing, *groups.unready)}
    return {}


def _scaled(
    measured_count: int,
    current: int,
    ratio: float,
    again: tuple[float, int] | None,
    tolerance: Tolerance,
) -> int:
    """Return *current* scaled by *ratio*; *again* is the ratio and pods with made-up figures."""
    if again is None:
        return current if tolerance.holds(ratio) else math.ceil(ratio * measured_count)
    ratio_again, pod_count = again
    turned_round = (ratio < 1.0 < ratio_again) or (ratio_again < 1.0 < ratio)
    if tolerance.holds(ratio_again) or turned_round:
        return current
    replicas = math.ceil(ratio_again * pod_count)
    grew_against = ratio_again < 1.0 and replicas > current
    shrank_against = ratio_again > 1.0 and replicas < current
    return current if grew_against or shrank_against else replicas
