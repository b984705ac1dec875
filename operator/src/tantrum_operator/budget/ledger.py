"""
What replicas have cost in a month so far: an integral over time.

A ledger is what a status keeps, and counting goes on from there: what a restart of the
operator leaves out is charged when it is back, at the higher of the rates before and
after, which is exact while nobody scales. What is older than `GAP_HOURS_MAX` may have
been scaled by anybody: counting starts again then, and what came before is *not known*,
which is something else than nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from tantrum_operator.budget.months import Month, hours_between, month_of
from tantrum_operator.budget.spec import Opening

GAP_HOURS_MAX: Final = 1
"""How long nobody may have counted before the costs of that time are taken as unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedMonth:
    """What replicas cost in a month that is over; *amount* is None when not known."""

    name: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """*counted* is what replicas cost in *month* from *since_time* to *until_time*."""

    month: Month
    since_time: dt.datetime
    until_time: dt.datetime
    counted: Decimal
    hourly: Decimal
    """What the replicas that ran at *until_time* cost for an hour."""
    last: ClosedMonth | None = None

    def before(self, opening: Opening | None) -> Decimal | None:
        """Return what replicas cost in the month until *since_time*; None when not known."""
        if self.since_time <= self.month.start_time:
            return Decimal(0)
        if opening is not None and opening.month == self.month.name:
            return opening.amount
        return None

    def spent(self, opening: Opening | None) -> Decimal | None:
        """Return what replicas cost in the month until *until_time*; None when not known."""
        before = self.before(opening)
        return None if before is None else before + self.counted


def counted_on(
    ledger: Ledger | None,
    *,
    now: dt.datetime,
    zone: ZoneInfo,
    hourly: Decimal,
    opening: Opening | None = None,
) -> Ledger:
    """
    Return *ledger* with the time up to *now* in it; None means that there was none.

    *hourly* is what the replicas cost that run now. Whole seconds are counted, since a
    status keeps no finer time and the rest must not be counted twice.
    """
    now = now.replace(microsecond=0)
    month = month_of(now, zone)
    if ledger is None or hours_between(ledger.until_time, now) > GAP_HOURS_MAX:
        return _begun(month, now, hourly, None if ledger is None else ledger.last)
    rate = max(ledger.hourly, hourly)
    if now < ledger.month.end_time:
        # A clock that went back counts nothing, and nothing twice when it is there again.
        until = max(now, ledger.until_time)
        more = rate * hours_between(ledger.until_time, until)
        return replace(ledger, until_time=until, counted=ledger.counted + more, hourly=hourly)
    spent = ledger.spent(opening)
    rest = rate * hours_between(ledger.until_time, ledger.month.end_time)
    return Ledger(
        month=month,
        since_time=month.start_time,
        until_time=now,
        counted=rate * hours_between(month.start_time, now),
        hourly=hourly,
        last=ClosedMonth(name=ledger.month.name, amount=None if spent is None else spent + rest),
    )


def _begun(month: Month, now: dt.datetime, hourly: Decimal, last: ClosedMonth | None) -> Ledger:
    # Early in a month a gap of the usual length reaches back to its first second.
    early = hours_between(month.start_time, now) <= GAP_HOURS_MAX
    since = month.start_time if early else now
    return Ledger(
        month=month,
        since_time=since,
        until_time=now,
        counted=hourly * hours_between(since, now),
        hourly=hourly,
        last=last,
    )
