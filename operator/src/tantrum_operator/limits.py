"""
What limits the scalers of a namespace together.

A scaler asks for replicas; what the asks would share (money, connections) grants them.
Whoever implements `Budget` sees all asks of a pass at once, so that priority can decide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from tantrum_operator.objects import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one scaler would do if nothing limited it."""

    scaler: str
    target: str
    """The name of its Deployment."""

    pod_spec: Body = field(default_factory=dict)
    """Of the Deployment's template: what a replica requests is in there."""

    current: int
    desired: int
    minimum: int
    """What must be there whatever it costs; at most *desired*, unless *desired* is 0."""

    maximum: int
    priority: int
    """The ask with more is granted first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an ask came to: *replicas* between the ask's current and desired count."""

    replicas: int
    monthly_cost_before: Decimal | None = None
    """Of the current replicas over a whole month; None where nobody knows the price."""

    monthly_cost_after: Decimal | None = None
    told: str = ""
    """Why fewer than asked for, as a clause for people; empty where nothing was withheld."""


class Budget(Protocol):
    """Grants replicas, with no I/O and no clock."""

    def granted(self, asks: Sequence[Ask], now: dt.datetime) -> Mapping[str, Grant]:
        """
        Return a grant for each of *asks*, by scaler.

        Never fewer replicas than an ask's current or desired count, whichever is lower:
        nothing is taken from whom has it.
        """
