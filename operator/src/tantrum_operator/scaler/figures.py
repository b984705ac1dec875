"""What was measured, before anybody drew conclusions: figures, or why there are none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tantrum_operator.scaler.utilisation import Phase, Pod


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """There is no figure; *why* is a clause for people, without a full stop."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One figure as of *time*. It may be NaN, or old: who uses it looks."""

    value: float
    time: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """
    How long requests took within a window that ended at *time*.

    *counts*: requests that took up to so many seconds, cumulative, with `inf` for all.
    """

    counts: Mapping[float, float]
    time: dt.datetime


Figure: TypeAlias = Sample | Missing
Durations: TypeAlias = Distribution | Missing

UNREAD = Missing(why="it was not read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Durations within the window of a latency metric, and within its longer budget window."""

    recent: Durations
    budget: Durations


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """
    What is, for one scaler; *figures*, *latencies* and *faults* by the names in its spec.

    A name that is not there counts as `UNREAD`.
    """

    replicas: int | None
    """What the Deployment asks for; None where there is none."""

    pods: Sequence[Pod] = ()
    usage_missing: Missing | None = None
    """Why no pod has figures of CPU and memory, where that is known."""

    figures: Mapping[str, Figure] = field(default_factory=dict)
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    faults: Mapping[str, Figure] = field(default_factory=dict)
    """Of the dependencies."""

    @property
    def ready(self) -> int:
        """How many pods run and are ready."""
        return sum(pod.ready is True and pod.phase is Phase.RUNNING for pod in self.pods)
