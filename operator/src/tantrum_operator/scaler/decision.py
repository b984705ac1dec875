"""What was decided for one scaler, and everything that explains it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tantrum_operator.budget.plan import Grant
from tantrum_operator.reconciling import Occurrence
from tantrum_operator.scaler.behavior import Limit, Stability
from tantrum_operator.scaler.memory import Memory, Scaled
from tantrum_operator.scaler.readings import Reading, Validity


class Reason(StrEnum):
    """Why the desired count is what it is: the column REASON, and the label of a metric."""

    NO_TARGET = "NoTarget"
    FIXED = "Fixed"
    OVERRIDDEN = "Overridden"
    OFF = "Off"
    TURNED_OFF = "TurnedOff"
    NO_METRICS = "NoMetrics"
    SOME_METRICS = "SomeMetricsMissing"
    BOTTLENECK = "BottleneckElsewhere"
    AT_MINIMUM = "AtMinimum"
    AT_MAXIMUM = "AtMaximum"
    STABILIZED = "Stabilized"
    RATE_LIMITED = "RateLimited"
    BUDGET = "BudgetConstrained"
    CONNECTIONS = "ConnectionsConstrained"
    UP = "ScaledUp"
    DOWN = "ScaledDown"
    STEADY = "Steady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    One decision; it has no effect until somebody scales the target to *desired*.

    `memory` is what to remember if nobody does, `intended()` what to remember, and to
    write down, before somebody does.
    """

    time: dt.datetime
    current: int | None
    """None where there is no target."""

    desired: int | None
    reason: Reason
    sentence: str
    memory: Memory
    minimum: int | None = None
    """The floor in force, with that of schedules; None where replicas are fixed."""

    maximum: int | None = None
    recommended: int | None = None
    """By the metrics, before anything held it back; None where they say nothing."""

    readings: tuple[Reading, ...] = ()
    validity: Validity | None = None
    """None where replicas are fixed."""

    stability: Stability | None = None
    limit: Limit | None = None
    schedule: str | None = None
    grant: Grant | None = None
    occurrences: tuple[Occurrence, ...] = field(default=())

    @property
    def scales(self) -> bool:
        """Whether the target has another count than it should."""
        return self.current is not None and self.desired not in {None, self.current}

    def intended(self) -> Memory:
        """Return the memory with the scaling that is about to be made."""
        if self.current is None or self.desired is None:
            return self.memory
        scaled = Scaled(
            time=self.time,
            before=self.current,
            after=self.desired,
            reason=str(self.reason),
            sentence=self.sentence,
        )
        return replace(self.memory, intent=scaled)

    def granted(self, grant: Grant) -> Decision:
        """Return the decision with what its budget made of it."""
        if not grant.withheld:
            return replace(self, grant=grant)
        told = f"its budget pays for no more ({grant.why})"
        return replace(self._withheld(grant.allowed, Reason.BUDGET, told), grant=grant)

    def within_connections(self, replicas: int, told: str) -> Decision:
        """Return the decision with as many replicas as poolers have connections for."""
        return self._withheld(replicas, Reason.CONNECTIONS, told)

    def _withheld(self, replicas: int, reason: Reason, told: str) -> Decision:
        kept = replicas == self.current
        moved = f"Keep {self.current}" if kept else f"Scale from {self.current} to {replicas}"
        wanted = self.sentence[0].lower() + self.sentence[1:]
        return replace(
            self, desired=replicas, reason=reason, sentence=f"{moved}, for {told}; else {wanted}"
        )
