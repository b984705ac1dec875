"""
What a scaler would have made of the last days, against what was there.

Both go through the same model of the service, so that the difference is the scaler's and
not the model's. It is a sentence for the status of a scaler that only recommends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tantrum_operator.scaler.spec import ScalerSpec
from tantrum_operator.simulation.comparing import run
from tantrum_operator.simulation.contestants import Autoscaler, objective_of
from tantrum_operator.simulation.deployment import Deployment
from tantrum_operator.simulation.trace import Trace

_MINUS = "\N{MINUS SIGN}"


class Recorded:
    """Has the replicas that a trace says were there."""

    name = "as it was"

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def desired(self, deployment: Deployment) -> int:
        into = (deployment.time - self._trace.start_time).total_seconds()
        index = min(round(into / self._trace.step_seconds), len(self._trace.steps) - 1)
        replicas = self._trace.steps[index].replicas
        return deployment.replicas if replicas is None else replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the scaler would have taken more (or, below 0, fewer) than what was there."""

    days: float
    replica_hours: float
    minutes_over: float

    def __str__(self) -> str:
        span = f"{self.days:.0f} days" if round(self.days) != 1 else "day"
        return (
            f"last {span}: {_signed(self.replica_hours)} replica-hours, "
            f"{_signed(self.minutes_over)} min over target"
        )


def advice(trace: Trace, spec: ScalerSpec) -> Advice | None:
    """Return how *spec* would have done over *trace*; None where no replicas are recorded."""
    recorded: Sequence[int] = [s.replicas for s in trace.steps if s.replicas is not None]
    if not recorded:
        return None
    objective = objective_of(spec)
    there, would = (
        run(trace, contestant, objective=objective, replicas=recorded[0])
        for contestant in (Recorded(trace), Autoscaler("this scaler", spec))
    )
    return Advice(
        days=trace.hours / 24,
        replica_hours=would.replica_hours - there.replica_hours,
        minutes_over=would.minutes_over - there.minutes_over,
    )


def _signed(amount: float) -> str:
    rounded = round(amount)
    if rounded == 0:
        return "\N{PLUS-MINUS SIGN}0"
    return f"{'+' if rounded > 0 else _MINUS}{abs(rounded)}"
