"""
Replicas from one figure of a whole service, as HorizontalPodAutoscaler v2 has them.

The arithmetic follows `pkg/controller/podautoscaler/replica_calculator.go` of
Kubernetes 1.36 (external metrics), including where it rounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far the ratio of a figure to its target may be from 1 without any scaling."""

    down: float = 0.1
    up: float = 0.1

    def holds(self, ratio: float) -> bool:
        """Whether *ratio* is near enough to 1, both ends included."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


def replicas_for_value(
    value: float, *, target: float, current: int, ready: int, tolerance: Tolerance
) -> int:
    """
    Return the replicas at which *value*, taken to shrink as replicas are added, is at *target*.

    Scales the *ready* pods, not the *current* ones: pods that are not ready carried none
    of it. *value* is 0 or more, *target* more than 0.
    """
    ratio = value / target
    if current == 0:
        return math.ceil(ratio)
    if tolerance.holds(ratio):
        return current
    return math.ceil(ratio * ready)


def replicas_for_average_value(
    value: float, *, target: float, current: int, tolerance: Tolerance
) -> int:
    """
    Return the replicas among which *value* comes to *target* each.

    *value* is the figure of the whole service, such as requests a second; it is 0 or
    more, *target* more than 0.
    """
    if current > 0 and tolerance.holds(value / (target * current)):
        return current
    return math.ceil(value / target)
