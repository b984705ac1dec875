"""Conditions: what is true of an object, since when, and what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tantrum_operator.objects import Body


class Truth(StrEnum):
    """The status of a condition; Unknown is what could not be observed, never a guess."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """
    One thing that is true of an object or not.

    *reason* is one CamelCase word that programs may test; *message* is a sentence for
    people, which says what to do where the condition is not as it should be.
    """

    type: str
    status: Truth
    reason: str
    message: str


def merged(
    old: Iterable[Body], new: Sequence[Condition], *, generation: int, now: dt.datetime
) -> list[Body]:
    """
    Return *new* as an object's status holds them, `Ready` first.

    What *new* does not name is gone. `lastTransitionTime` is kept from *old* while the
    `status` of a type stays: people read it as "since when", and a value that always
    moves would wake every watcher.
    """
    before = {each["type"]: each for each in old}
    ordered = sorted(new, key=lambda each: (each.type != "Ready", each.type))
    return [_body(each, before.get(each.type), generation, now) for each in ordered]


def _body(new: Condition, old: Body | None, generation: int, now: dt.datetime) -> Body:
    since = now.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if old is not None and old["status"] == new.status:
        since = old["lastTransitionTime"]
    return {
        "type": new.type,
        "status": str(new.status),
        "reason": new.reason,
        "message": new.message,
        "observedGeneration": generation,
        "lastTransitionTime": since,
    }
