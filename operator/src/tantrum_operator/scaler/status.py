"""A scaler's status: what it decided and why, and what it has to remember."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from tantrum_operator.objects import Body
from tantrum_operator.scaler.behavior import Change, History, Recommendation
from tantrum_operator.scaler.decision import Decision
from tantrum_operator.scaler.memory import Bottleneck, Climb, Memory, Scaled
from tantrum_operator.scaler.readings import Reading
from tantrum_operator.scaler.spec import Mode, ScalerSpec

TELLING: Final = frozenset(
    {
        "replicas",
        "readyReplicas",
        "desiredReplicas",
        "recommendedReplicas",
        "minReplicas",
        "maxReplicas",
        "reason",
        "decisions",
        "intent",
        "bottleneck",
        "climb",
        "fixedReplicas",
        "off",
    }
)
"""
What makes a status worth writing at once.

Of the recommendations that the history holds, the last one's count is enough: `resumed`
makes up for the rest.
"""

_HOURS_PER_MONTH: Final = 730


def status_of(
    scaler: ScalerSpec, decision: Decision, *, ready: int, selector: str, memory: Memory
) -> Body:
    """Return the fields of the status, but for conditions."""
    wanted = None if scaler.mode is Mode.OBSERVE else decision.desired
    found: Body = {
        "replicas": decision.current,
        "readyReplicas": ready,
        "selector": selector,
        "desiredReplicas": wanted,
        "recommendedReplicas": decision.recommended,
        "minReplicas": decision.minimum,
        "maxReplicas": decision.maximum,
        "reason": str(decision.reason),
        "lastDecision": _decision(decision),
        "decisions": [_scaled(each) for each in memory.scalings],
        **_remembered(memory),
    }
    return _without_none(found)


def memory_of(status: Body) -> Memory:
    """Return what *status* remembers; nothing where it does not say, or not in our words."""
    kept: Body = status.get("history") or {}
    try:
        return Memory(
            history=History(
                recommendations=tuple(
                    Recommendation(time=_time(each["time"]), replicas=each["replicas"])
                    for each in kept.get("recommendations", ())
                ),
                ups=_changes(kept.get("ups", ())),
                downs=_changes(kept.get("downs", ())),
            ),
            replicas=status.get("replicas"),
            intent=_scaled_of(status["intent"]) if "intent" in status else None,
            fixed=status.get("fixedReplicas"),
            off=status.get("off", False),
            climb=_climb_of(status["climb"]) if "climb" in status else None,
            bottleneck=_bottleneck_of(status["bottleneck"]) if "bottleneck" in status else None,
            scalings=tuple(_scaled_of(each) for each in status.get("decisions", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return Memory()


def _decision(decision: Decision) -> Body:
    price = decision.grant.claim.replica_hour if decision.grant else None
    return {
        "time": _text(decision.time),
        "currentReplicas": decision.current,
        "desiredReplicas": decision.desired,
        "recommendedReplicas": decision.recommended,
        "reason": str(decision.reason),
        "sentence": decision.sentence,
        "stabilized": None if decision.stability is None else str(decision.stability),
        "limited": None if decision.limit is None else str(decision.limit),
        "schedule": decision.schedule,
        "monthlyCostBefore": _monthly(price, decision.current),
        "monthlyCostAfter": _monthly(price, decision.desired),
        "metrics": [_reading(each) for each in decision.readings],
    }


def _monthly(replica_hour: Decimal | None, replicas: int | None) -> str | None:
    """Return what *replicas* cost in a month of average length; None where nobody knows."""
    if replica_hour is None or replicas is None:
        return None
    return f"{replica_hour * replicas * _HOURS_PER_MONTH:.2f}"


def _reading(reading: Reading) -> Body:
    return {
        "name": reading.name,
        "value": reading.value,
        "target": reading.target,
        "ratio": None if reading.ratio is None else f"{reading.ratio:.2f}",
        "proposedReplicas": reading.proposal,
        "valid": reading.valid,
        "message": reading.told or None,
    }


def _remembered(memory: Memory) -> Body:
    bottleneck, climb, intent = memory.bottleneck, memory.climb, memory.intent
    return {
        "intent": None if intent is None else _scaled(intent),
        "bottleneck": None
        if bottleneck is None
        else {
            "time": _text(bottleneck.time),
            "replicas": bottleneck.replicas,
            "tiers": list(bottleneck.tiers),
            "evidence": bottleneck.evidence,
            "requests": round(bottleneck.requests),
        },
        "climb": None
        if climb is None
        else {
            "startReplicas": climb.start_replicas,
            "replicas": climb.replicas,
            "fraction": f"{climb.fraction:.4f}",
            "steps": climb.steps,
            "faults": climb.faults,
        },
        "fixedReplicas": memory.fixed,
        "off": memory.off or None,
        "history": {
            "recommendations": [_counted(each) for each in memory.history.recommendations],
            "ups": [_counted(each) for each in memory.history.ups],
            "downs": [_counted(each) for each in memory.history.downs],
        },
    }


def _scaled(scaled: Scaled) -> Body:
    return {
        "time": _text(scaled.time),
        "fromReplicas": scaled.before,
        "toReplicas": scaled.after,
        "reason": scaled.reason,
        "sentence": scaled.sentence,
    }


def _scaled_of(body: Body) -> Scaled:
    return Scaled(
        time=_time(body["time"]),
        before=body["fromReplicas"],
        after=body["toReplicas"],
        reason=body["reason"],
        sentence=body["sentence"],
    )


def _climb_of(body: Body) -> Climb:
    return Climb(
        start_replicas=body["startReplicas"],
        replicas=body["replicas"],
        fraction=float(body["fraction"]),
        steps=body["steps"],
        faults=body["faults"],
    )


def _bottleneck_of(body: Body) -> Bottleneck:
    return Bottleneck(
        time=_time(body["time"]),
        replicas=body["replicas"],
        requests=body["requests"],
        tiers=tuple(body["tiers"]),
        evidence=body["evidence"],
    )


def _changes(bodies: Sequence[Body]) -> tuple[Change, ...]:
    return tuple(Change(time=_time(each["time"]), replicas=each["replicas"]) for each in bodies)


def _counted(each: Recommendation | Change) -> Body:
    return {"time": _text(each.time), "replicas": each.replicas}


def _text(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _without_none(body: Body) -> Body:
    """Return *body* without what is None, at any depth: server-side apply knows no null."""
    return {key: _kept(each) for key, each in body.items() if each is not None}


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return _without_none(value)
    return [_kept(each) for each in value] if isinstance(value, list) else value
