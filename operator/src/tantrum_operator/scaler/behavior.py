"""
How fast a recommendation may take effect, as HorizontalPodAutoscaler v2 has it.

The arithmetic follows `pkg/controller/podautoscaler/horizontal.go` of Kubernetes 1.36:
first the recommendation is stabilised against those of the recent past, then limited by
the policies against the changes of the recent past, then by the bounds.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PolicyType(StrEnum):
    PODS = "Pods"
    PERCENT = "Percent"


class SelectPolicy(StrEnum):
    """Which policy counts: the one that allows most, or least, or none at all."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


class Stability(StrEnum):
    """What stabilising did; the reasons of the autoscaler's condition `AbleToScale`."""

    READY = "ReadyForNewScale"
    HELD_UP = "ScaleUpStabilized"
    HELD_DOWN = "ScaleDownStabilized"


class Limit(StrEnum):
    """What limited a change; the reasons of the autoscaler's condition `ScalingLimited`."""

    NONE = "DesiredWithinRange"
    MAXIMUM = "TooManyReplicas"
    MINIMUM = "TooFewReplicas"
    UP_POLICY = "ScaleUpLimit"
    DOWN_POLICY = "ScaleDownLimit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The most that may change within *period_seconds*: pods, or percent of the pods."""

    type: PolicyType
    value: int
    period_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one direction."""

    window_seconds: int
    select_policy: SelectPolicy
    policies: Sequence[Policy]


UP_BY_DEFAULT: Final = Rules(
    window_seconds=0,
    select_policy=SelectPolicy.MAX,
    policies=(
        Policy(type=PolicyType.PODS, value=4, period_seconds=15),
        Policy(type=PolicyType.PERCENT, value=100, period_seconds=15),
    ),
)
DOWN_BY_DEFAULT: Final = Rules(
    window_seconds=300,
    select_policy=SelectPolicy.MAX,
    policies=(Policy(type=PolicyType.PERCENT, value=100, period_seconds=15),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    up: Rules = UP_BY_DEFAULT
    down: Rules = DOWN_BY_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What was recommended at *time*, before it was stabilised."""

    time: dt.datetime
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A scaling that took place: *replicas* more or fewer than before, never 0."""

    time: dt.datetime
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the rules look back on, in any order."""

    recommendations: Sequence[Recommendation] = ()
    ups: Sequence[Change] = ()
    downs: Sequence[Change] = ()
    """How many replicas were taken away, as positive counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damped:
    """What is left of a recommendation, and what held it back."""

    replicas: int
    stability: Stability
    limit: Limit
    limited: bool
    """Whether policies or bounds changed what stabilising had left."""


def damped(
    recommended: int,
    *,
    current: int,
    minimum: int,
    maximum: int,
    behavior: Behavior,
    history: History,
    now: dt.datetime,
) -> Damped:
    """
    Return what of *recommended* may take effect now.

    Never beyond *current* on the other side than *recommended* is, unless the bounds ask
    for it.
    """
    stable = _stabilised(recommended, current, behavior, history.recommendations, now)
    if stable == recommended:
        stability = Stability.READY
    else:
        stability = Stability.HELD_UP if recommended >= current else Stability.HELD_DOWN
    if stable > current:
        by_policy = max(current, _up_limit(current, behavior.up, history, now))
        replicas, limit = _limited_up(stable, by_policy, maximum)
    elif stable < current:
        by_policy = min(current, _down_limit(current, behavior.down, history, now))
        replicas, limit = _limited_down(stable, by_policy, minimum)
    else:
        replicas, limit = stable, Limit.NONE
    return Damped(replicas=replicas, stability=stability, limit=limit, limited=replicas != stable)


def _stabilised(
    recommended: int,
    current: int,
    behavior: Behavior,
    past: Sequence[Recommendation],
    now: dt.datetime,
) -> int:
    """
    Return *current* moved no further than every recommendation within the windows agrees.
    """
    up_since = now - dt.timedelta(seconds=behavior.up.window_seconds)
    down_since = now - dt.timedelta(seconds=behavior.down.window_seconds)
    lowest = min([recommended, *(each.replicas for each in past if each.time > up_since)])
    highest = max([recommended, *(each.replicas for each in past if each.time > down_since)])
    return min(max(current, lowest), highest)


def _limited_up(wanted: int, by_policy: int, maximum: int) -> tuple[int, Limit]:
    allowed = min(maximum, by_policy)
    if wanted <= allowed:
        return wanted, Limit.NONE
    return allowed, Limit.UP_POLICY if maximum > by_policy else Limit.MAXIMUM


def _limited_down(wanted: int, by_policy: int, minimum: int) -> tuple[int, Limit]:
    allowed = max(minimum, by_policy)
    if wanted >= allowed:
        return wanted, Limit.NONE
    return allowed, Limit.DOWN_POLICY if minimum < by_policy else Limit.MINIMUM


def _up_limit(current: int, rules: Rules, history: History, now: dt.datetime) -> int:
    if rules.select_policy is SelectPolicy.DISABLED:
        return current
    choose = min if rules.select_policy is SelectPolicy.MIN else max
    return choose(_most(current, policy, history, now) for policy in rules.policies)


def _down_limit(current: int, rules: Rules, history: History, now: dt.datetime) -> int:
    if rules.select_policy is SelectPolicy.DISABLED:
        return current
    # The policy that allows the smallest change is the one that leaves most pods.
    choose = max if rules.select_policy is SelectPolicy.MIN else min
    return choose(_fewest(current, policy, history, now) for policy in rules.policies)


def _most(current: int, policy: Policy, history: History, now: dt.datetime) -> int:
    start = _at_start_of_period(current, policy, history, now)
    if policy.type is PolicyType.PODS:
        return start + policy.value
    # Rounded up, or a small count could never grow.
    return math.ceil(start * (1 + policy.value / 100))


def _fewest(current: int, policy: Policy, history: History, now: dt.datetime) -> int:
    start = _at_start_of_period(current, policy, history, now)
    if policy.type is PolicyType.PODS:
        return start - policy.value
    return int(start * (1 - policy.value / 100))


def _at_start_of_period(current: int, policy: Policy, history: History, now: dt.datetime) -> int:
    since = now - dt.timedelta(seconds=policy.period_seconds)
    added = sum(each.replicas for each in history.ups if each.time > since)
    removed = sum(each.replicas for each in history.downs if each.time > since)
    return current - added + removed
