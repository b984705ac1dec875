"""A ledger as the status of a ScalingBudget keeps it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from tantrum_operator.budget.ledger import ClosedMonth, Ledger
from tantrum_operator.budget.months import month_of
from tantrum_operator.objects import Body

UNKNOWN: Final = "Unknown"
_PLACES: Final = Decimal("1e-9")
_CENTS: Final = Decimal("0.01")


def money(amount: Decimal | None) -> str:
    """Return *amount* for people, in hundredths; `Unknown` for None."""
    return UNKNOWN if amount is None else f"{amount.quantize(_CENTS):f}"


def ledger_from(status: Body, zone: ZoneInfo) -> Ledger | None:
    """Return the ledger in *status*; None when there is none, or somebody spoiled it."""
    kept = status.get("ledger")
    try:
        if kept is None:
            return None
        until = _time(kept["countedUntil"])
        return Ledger(
            month=month_of(until, zone),
            since_time=_time(kept["countedFrom"]),
            until_time=until,
            counted=_amount(kept["counted"]),
            hourly=_amount(kept["hourly"]),
            last=_closed(status.get("lastMonth")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation):
        return None


def checkpoint_of(ledger: Ledger) -> Body:
    """Return the fields of a status that `ledger_from` reads *ledger* from again."""
    kept: Body = {
        "ledger": {
            "countedFrom": _text(ledger.since_time),
            "countedUntil": _text(ledger.until_time),
            "counted": _exact(ledger.counted),
            "hourly": _exact(ledger.hourly),
        }
    }
    if ledger.last is not None:
        kept["lastMonth"] = {"month": ledger.last.name, "replicas": money(ledger.last.amount)}
    return kept


def _closed(kept: Any) -> ClosedMonth | None:
    if kept is None:
        return None
    amount = None if kept["replicas"] == UNKNOWN else _amount(kept["replicas"])
    return ClosedMonth(name=kept["month"], amount=amount)


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or amount < 0:
        raise ValueError(text)
    return amount


def _exact(amount: Decimal) -> str:
    return f"{amount.quantize(_PLACES):f}"


def _time(text: str) -> dt.datetime:
    time = dt.datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(dt.UTC)


def _text(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
