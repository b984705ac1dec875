"""
What a scaler has to remember between two looks, and no more.

All of it is in the object's status, so that a restart, or another operator, decides as
this one would have. Of the recommendations only those are kept that can still win: for
stabilising down the highest of each stretch of time until now, for up the lowest.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tantrum_operator.scaler.behavior import Behavior, Change, History, Recommendation

EXTREMES_MAX: Final = 10
"""Of each direction. Where there are more, two become the one that holds back more."""

DECISIONS_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Steps up while requests were over target, since it was last within."""

    start_replicas: int
    replicas: int
    """At the last look."""

    fraction: float
    """Over target, before the first step."""

    steps: int = 0
    faults: int = 0
    """Looks in a row at which a dependency was at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """More replicas do not help, for another tier is at fault."""

    time: dt.datetime
    replicas: int
    """To go back to, as far as latency is concerned."""

    requests: float
    """Within the window, when it was found: with many more, the finding is no longer one."""

    tiers: tuple[str, ...]
    """Empty where no dependency was found at fault."""

    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A scaling: begun at *time*, and why."""

    time: dt.datetime
    before: int
    after: int
    reason: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Empty where a scaler is new."""

    history: History = field(default_factory=History)
    replicas: int | None = None
    """At the last look."""

    intent: Scaled | None = None
    """Recorded before the scaling: whether it took place, the next look shows."""

    fixed: int | None = None
    """What `replicas` asked for at the last look, where it was in force."""

    off: bool = False
    """The target has no replicas because its scaler says so, not because a person did."""

    climb: Climb | None = None
    bottleneck: Bottleneck | None = None
    scalings: tuple[Scaled, ...] = ()
    """The last of them, the newest first."""


def settled(memory: Memory, current: int) -> tuple[Memory, bool]:
    """
    Return what is known now that the target has *current*, and whether a person set that.

    An intent that took place becomes a change to look back on; another is forgotten.
    """
    intent = memory.intent
    if intent is None:
        by_person = memory.replicas is not None and current != memory.replicas
        return replace(memory, replicas=current), by_person
    forgotten = replace(memory, intent=None, replicas=current)
    if current == intent.after:
        return replace(
            forgotten,
            history=_with_change(memory.history, intent),
            scalings=(intent, *memory.scalings)[:DECISIONS_MAX],
        ), False
    return forgotten, current != intent.before


def resumed(memory: Memory, now: dt.datetime) -> Memory:
    """
    Return what was read from a status, as whoever wrote it would know it *now*.

    A status is written when a recommendation changes, so the last one in it has been
    repeated since, up to when nobody looked any more; and of that time nothing is known.
    Taking it as repeated until *now* can hold a scaling back, and never cause one.
    """
    past = memory.history.recommendations
    if not past:
        return memory
    last = max(past, key=lambda each: each.time)
    extended = replace(last, time=max(last.time, now))
    others = tuple(each for each in past if each is not last)
    return replace(memory, history=replace(memory.history, recommendations=(*others, extended)))


def noted(memory: Memory, replicas: int, behavior: Behavior, now: dt.datetime) -> Memory:
    """Return *memory* with *replicas* recommended now, without what cannot win any more."""
    past = (*memory.history.recommendations, Recommendation(time=now, replicas=replicas))
    up = _within(past, behavior.up.window_seconds, now)
    down = _within(past, behavior.down.window_seconds, now)
    # The last one is kept even without windows: it is what a restart goes on from.
    kept = {*_lowest(up), *_highest(down), past[-1]}
    longest = max(
        policy.period_seconds for rules in (behavior.up, behavior.down) for policy in rules.policies
    )
    since = now - dt.timedelta(seconds=longest)
    history = History(
        recommendations=tuple(sorted(kept, key=lambda each: (each.time, each.replicas))),
        ups=_recent(memory.history.ups, since),
        downs=_recent(memory.history.downs, since),
    )
    return replace(memory, history=history)


def _with_change(history: History, scaled: Scaled) -> History:
    change = Change(time=scaled.time, replicas=abs(scaled.after - scaled.before))
    if scaled.after > scaled.before:
        return replace(history, ups=(*history.ups, change))
    return replace(history, downs=(*history.downs, change))


def _within(
    past: Sequence[Recommendation], seconds: float, now: dt.datetime
) -> list[Recommendation]:
    since = now - dt.timedelta(seconds=seconds)
    return sorted((each for each in past if each.time > since), key=lambda each: each.time)


def _highest(past: Sequence[Recommendation]) -> list[Recommendation]:
    """Those that no later one reaches."""
    kept: list[Recommendation] = []
    for each in past:
        while kept and kept[-1].replicas <= each.replicas:
            kept.pop()
        kept.append(each)
    return _fewer(kept)


def _lowest(past: Sequence[Recommendation]) -> list[Recommendation]:
    """Those that no later one goes down to."""
    kept: list[Recommendation] = []
    for each in past:
        while kept and kept[-1].replicas >= each.replicas:
            kept.pop()
        kept.append(each)
    return _fewer(kept)


def _fewer(kept: list[Recommendation]) -> list[Recommendation]:
    """
    Make two one until few enough are left: the earlier count, until the later time.

    The earlier is the more extreme, so the merged one holds back for longer than both did.
    The pair nearest in time costs least.
    """
    while len(kept) > EXTREMES_MAX:
        gaps = [later.time - earlier.time for earlier, later in itertools.pairwise(kept)]
        # The last is what a restart goes on from, and stays as it is.
        at = gaps.index(min(gaps[:-1]))
        kept[at : at + 2] = [replace(kept[at], time=kept[at + 1].time)]
    return kept


def _recent(changes: Sequence[Change], since: dt.datetime) -> tuple[Change, ...]:
    return tuple(each for each in changes if each.time > since)
