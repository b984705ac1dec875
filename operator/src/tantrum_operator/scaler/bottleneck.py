"""
Does scaling help at all?

Three steps up that do not bring the fraction over target down, or a dependency at fault
while it is over: then another tier is the bottleneck, and the replicas that were added go
back. It ends by itself when requests are within target again, when many more come than
when it was found, or after half an hour, since only trying again can tell.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tantrum_operator.scaler.figures import UNREAD, Figure, Missing
from tantrum_operator.scaler.latency import OLDEST_SECONDS, Verdict, Zone
from tantrum_operator.scaler.memory import Bottleneck, Climb
from tantrum_operator.scaler.spec import Dependency

STEPS: Final = 3
STEPS_AT_MAXIMUM: Final = 2
"""Where the maximum allows no third."""

BETTER_RATIO: Final = 0.9
"""The fraction over target is better when it is below so much of what it was."""

FAULT_LOOKS: Final = 2
"""In a row, so that one glance at a restart blames nobody."""

MORE_REQUESTS_RATIO: Final = 1.5
LASTS_AT_MOST: Final = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the detector looks at."""

    verdict: Verdict
    current: int
    maximum: int
    needed: bool
    """A metric that is proportional to load asks for more than *current*."""

    faults: Sequence[str]
    """Dependencies at fault."""

    time: dt.datetime


def faults_of(
    dependencies: Sequence[Dependency], figures: Mapping[str, Figure], now: dt.datetime
) -> list[str]:
    """Return the dependencies that are known to be at fault, in their order."""
    found = []
    for each in dependencies:
        figure = figures.get(each.name, UNREAD)
        if isinstance(figure, Missing) or (now - figure.time).total_seconds() > OLDEST_SECONDS:
            continue
        # What is not a number is more than nothing.
        if figure.value > float(each.fault_above):
            found.append(each.name)
    return found


def looked(
    climb: Climb | None, bottleneck: Bottleneck | None, look: Look
) -> tuple[Climb | None, Bottleneck | None]:
    """Return both as they are after *look*."""
    if bottleneck is not None:
        ended = _ended(bottleneck, look)
        return None, None if ended else bottleneck
    if look.verdict.zone is not Zone.OVER or look.verdict.fraction is None:
        return None, None
    climb = _climbed(climb, look, look.verdict.fraction)
    found = _found(climb, look, look.verdict.fraction)
    if found is not None:
        return None, found
    if climb.steps >= STEPS and look.verdict.settled:
        # It helps: what comes next is another climb.
        return _start(look, look.verdict.fraction), None
    return climb, None


def _ended(bottleneck: Bottleneck, look: Look) -> bool:
    return (
        look.verdict.zone is not Zone.OVER
        or look.verdict.requests > bottleneck.requests * MORE_REQUESTS_RATIO
        or look.time - bottleneck.time >= LASTS_AT_MOST
    )


def _start(look: Look, fraction: float) -> Climb:
    return Climb(start_replicas=look.current, replicas=look.current, fraction=fraction)


def _climbed(climb: Climb | None, look: Look, fraction: float) -> Climb:
    if climb is None or look.current < climb.replicas:
        climb = _start(look, fraction)
    return replace(
        climb,
        replicas=look.current,
        steps=climb.steps + (look.current > climb.replicas),
        faults=climb.faults + 1 if look.faults else 0,
    )


def _better(climb: Climb, fraction: float) -> bool:
    return fraction <= climb.fraction * BETTER_RATIO


def _found(climb: Climb, look: Look, fraction: float) -> Bottleneck | None:
    if look.needed:
        return None
    steps = STEPS_AT_MAXIMUM if look.current >= look.maximum else STEPS
    if climb.faults >= FAULT_LOOKS:
        evidence = f"{' and '.join(look.faults)} at fault while requests are over target"
    elif climb.steps >= steps and look.verdict.settled and not _better(climb, fraction):
        evidence = (
            f"{climb.steps} steps from {climb.start_replicas} to {look.current} replicas took the "
            f"fraction over target from {climb.fraction:.1%} to {fraction:.1%}"
        )
    else:
        return None
    return Bottleneck(
        time=look.time,
        replicas=climb.start_replicas,
        requests=look.verdict.requests,
        tiers=tuple(look.faults),
        evidence=evidence,
    )
