"""The annotations with which a person keeps the operator's hands off an object."""

from __future__ import annotations

import datetime as dt
from typing import Final

from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import GROUP, Body
from tantrum_operator.reconciling import Report

PAUSED: Final = f"{GROUP}/paused"
PAUSED_UNTIL: Final = f"{GROUP}/paused-until"

_OBSERVED_ELSEWHERE: Final = ("conditions", "observedGeneration")


def pause_of(body: Body, now: dt.datetime) -> Condition | None:
    """
    Return the condition `Paused` of an object that is to be left alone, else None.

    A time that cannot be read pauses too: whoever wrote it wanted a pause.
    """
    annotations = body["metadata"].get("annotations", {})
    if annotations.get(PAUSED) == "true":
        return _paused("PausedByAnnotation", f"until the annotation {PAUSED} is removed")
    until = annotations.get(PAUSED_UNTIL)
    if until is None:
        return None
    try:
        end = dt.datetime.fromisoformat(until)
    except ValueError:
        return _paused(
            "InvalidTime",
            f"since the annotation {PAUSED_UNTIL}, {until!r}, is no time such as "
            "2026-03-01T18:00:00Z: correct or remove it",
        )
    if end.tzinfo is None:
        end = end.replace(tzinfo=dt.UTC)
    return _paused("PausedUntil", f"until {until}") if now < end else None


def paused_report(body: Body, pause: Condition) -> Report:
    """Return what to say of *body* while it is paused: what was observed before is kept."""
    ready = Condition(type="Ready", status=Truth.UNKNOWN, reason="Paused", message=pause.message)
    status = {
        field: value
        for field, value in body.get("status", {}).items()
        if field not in _OBSERVED_ELSEWHERE
    }
    return Report(body=body, conditions=(ready, pause), status=status)


def _paused(reason: str, why: str) -> Condition:
    message = f"Nothing is done here {why}."
    return Condition(type="Paused", status=Truth.TRUE, reason=reason, message=message)
