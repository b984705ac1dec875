"""Runs contestants over a trace and measures what came of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias, TypeVar

from tantrum_operator.scaler.figures import Distribution
from tantrum_operator.scaler.spec import ScalerSpec
from tantrum_operator.simulation.contestants import (
    Autoscaler,
    Contestant,
    Fixed,
    Objective,
    objective_of,
    rivals,
)
from tantrum_operator.simulation.deployment import Deployment, Moment
from tantrum_operator.simulation.queueing import replicas_for
from tantrum_operator.simulation.service import Service
from tantrum_operator.simulation.trace import Trace

DECISION_SECONDS: Final = 15.0
"""How often the operator decides, and a HorizontalPodAutoscaler does."""

T = TypeVar("T")

Progress: TypeAlias = Callable[[str, float], None]
"""Called with a contestant's name and how much of its run is done, 0 to 1."""


def silently(name: str, ratio: float) -> None:
    """A `Progress` that tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one contestant came to. Lists have an entry for each step of the trace."""

    name: str
    replicas: Sequence[int]
    replica_hours: float
    minutes_over: float
    """Minutes in which more requests than the objective allows were over target."""
    over_ratio: float
    """Of all requests, the fraction over target."""
    p95_seconds: float
    """Of all requests; infinite where more than a twentieth took longer than can be told."""
    turns: int
    """Changes of direction: up after down, or down after up."""

    def cost(self, replica_hour: Decimal) -> Decimal:
        return replica_hour * Decimal(str(round(self.replica_hours, 6)))


def compare(trace: Trace, spec: ScalerSpec, *, progress: Progress = silently) -> Sequence[Run]:
    """Return a run of the scaler of *spec*, of its rivals, and of as many as the peak needs."""
    objective = objective_of(spec)
    autoscaling = spec.autoscaling
    least, most = (autoscaling.min_replicas, autoscaling.max_replicas) if autoscaling else (1, 1000)
    start = at_start(trace, objective, least=least, most=most)
    peak = at_peak(trace, objective)
    contestants: list[tuple[Contestant, int]] = [
        (Autoscaler("this scaler", spec), start),
        *((rival, start) for rival in rivals(spec, trace.service)),
        (Fixed("fixed at peak", peak), peak),
    ]
    return [
        run(trace, contestant, objective=objective, replicas=replicas, progress=progress)
        for contestant, replicas in contestants
    ]


def run(
    trace: Trace,
    contestant: Contestant,
    *,
    objective: Objective,
    replicas: int,
    progress: Progress = silently,
) -> Run:
    """Let *contestant* scale from *replicas* on, over the whole of *trace*."""
    deployment = Deployment(
        trace.service,
        replicas=replicas,
        target_seconds=objective.target_seconds,
        step_seconds=trace.step_seconds,
        time=trace.start_time,
    )
    every = max(1, round(DECISION_SECONDS / trace.step_seconds))
    tell = max(1, len(trace.steps) // 50)
    counts: list[int] = []
    moments: list[Moment] = []
    for index, step in enumerate(trace.steps):
        counts.append(deployment.replicas)
        moments.append(deployment.serve(step.requests_per_second))
        if index % every == 0:
            deployment.scale(contestant.desired(deployment))
        if index % tell == 0:
            progress(contestant.name, index / len(trace.steps))
    progress(contestant.name, 1.0)
    requests = sum(each.requests for each in moments)
    return Run(
        name=contestant.name,
        replicas=counts,
        replica_hours=sum(counts) * trace.step_seconds / 3600,
        minutes_over=_minutes_over(moments, trace.step_seconds, objective.allowed_ratio),
        over_ratio=sum(each.over for each in moments) / requests if requests else 0.0,
        p95_seconds=quantile(deployment.durations_of_all(), 0.95),
        turns=_turns(counts),
    )


def at_start(trace: Trace, objective: Objective, *, least: int, most: int) -> int:
    """Return how many replicas the beginning of *trace* needs, within the bounds."""
    first = trace.steps[0].requests_per_second
    return max(least, min(most, _needed(first, trace.service, objective)))


def at_peak(trace: Trace, objective: Objective) -> int:
    """Return how many replicas the busiest step of *trace* needs."""
    busiest = max(step.requests_per_second for step in trace.steps)
    return _needed(busiest, trace.service, objective)


def quantile(durations: Distribution, ratio: float) -> float:
    """Return how long so many of the requests took at most, in seconds; 0 of none."""
    total = durations.counts[math.inf]
    below, below_count = 0.0, 0.0
    for bound, count in sorted(durations.counts.items()):
        if count >= ratio * total:
            if math.isinf(bound) or count == below_count:
                return bound if total else 0.0
            return below + (bound - below) * (ratio * total - below_count) / (count - below_count)
        below, below_count = bound, count
    return math.inf


def _needed(requests_per_second: float, service: Service, objective: Objective) -> int:
    return replicas_for(
        requests_per_second,
        service=service,
        target_seconds=objective.target_seconds,
        allowed=objective.allowed_ratio,
    )


def _minutes_over(moments: Sequence[Moment], step_seconds: float, allowed_ratio: float) -> float:
    minutes = 0.0
    for group in _grouped(moments, step_seconds):
        requests = sum(each.requests for each in group)
        if requests and sum(each.over for each in group) / requests > allowed_ratio:
            minutes += len(group) * step_seconds / 60
    return minutes


def _grouped(each: Sequence[T], step_seconds: float) -> Iterator[Sequence[T]]:
    """Yield the steps of each minute; a step that is longer than that is its own."""
    size = max(1, round(60 / step_seconds))
    for start in range(0, len(each), size):
        yield each[start : start + size]


def _turns(counts: Sequence[int]) -> int:
    changes = [after - before for before, after in itertools.pairwise(counts)]
    signs = [change > 0 for change in changes if change]
    return sum(one != other for one, other in itertools.pairwise(signs))
