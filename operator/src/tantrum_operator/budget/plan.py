"""
Who may have how many replicas: one decision for all scalers under one budget.

What a month may still cost is the ceiling less the fixed costs, less what replicas have
cost so far, less what every minimum costs to the month's end. A replica above its
minimum starts only when that remainder pays for it and for all others above their minima,
to the month's end, or for as many hours as the budget's `burstHours` says. So what runs
is always paid for, and is never taken from anybody: a budget only withholds.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from tantrum_operator.budget.ledger import Ledger
from tantrum_operator.budget.spec import BudgetSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one scaler wants. Higher *priority* goes first."""

    name: str
    current: int
    desired: int
    minimum: int
    """What it is never refused; 0 where the scaler is off."""
    replica_hour: Decimal | None
    """The price of one replica for an hour; None when nothing tells it."""
    priority: int = 0
    enforced: bool = True
    """False for a scaler that only recommends: it is told what it would get, and gets nothing."""

    @property
    def base(self) -> int:
        """What it gets whatever things cost: what runs and is wanted still, and the minimum."""
        return min(self.desired, max(self.current, self.minimum))

    @property
    def reserved(self) -> int:
        """How many replicas are paid for to the month's end before anything else is."""
        return self.minimum if self.enforced else self.current

    @property
    def price(self) -> Decimal:
        """*replica_hour*, and nothing where that is not known."""
        return self.replica_hour or Decimal(0)


class Withheld(StrEnum):
    """Why a scaler does not get what it wants."""

    NOTHING = ""
    CEILING = "Ceiling"
    UNPRICED = "Unpriced"
    UNREADABLE = "BudgetUnreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one scaler gets: *allowed* is never below what runs and is wanted still."""

    claim: Claim
    allowed: int
    why: Withheld = Withheld.NOTHING

    @property
    def withheld(self) -> int:
        """How many replicas it wants and does not get."""
        return self.claim.desired - self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a month comes to, in money; None is not known."""

    month_to_date: Decimal | None
    projected: Decimal | None
    """What the month will have cost if all replicas stay as they are."""
    reserved: Decimal
    """What the fixed costs and the minima cost from now to the month's end."""
    remainder: Decimal
    """What may be spent above the minima; below 0 when the minima are beyond the ceiling."""
    above: Decimal
    """What all that runs above the minima costs for *ahead_hours*."""
    ahead_hours: Decimal
    """For how long a replica above its minimum must be payable when it starts."""


def account(spec: BudgetSpec, ledger: Ledger, claims: Sequence[Claim]) -> Account:
    """
    Return how the month stands at the ledger's `until_time`.

    Where it is not known what the month had cost before counting began, the remainder
    takes that time's even share of the ceiling as spent.
    """
    now, month = ledger.until_time, ledger.month
    hours = month.hours_left(now)
    fixed = spec.fixed_monthly
    minima = sum((c.price * c.reserved * hours for c in claims), Decimal(0))
    spent = ledger.spent(spec.opening)
    assumed = spent
    if assumed is None:
        share = max(Decimal(0), spec.max_monthly - fixed)
        assumed = share * month.elapsed_ratio(ledger.since_time) + ledger.counted
    fixed_so_far = fixed * month.elapsed_ratio(now)
    ahead = hours if spec.burst_hours is None else min(hours, Decimal(spec.burst_hours))
    return Account(
        month_to_date=None if spent is None else spent + fixed_so_far,
        projected=None if spent is None else spent + fixed + ledger.hourly * hours,
        reserved=fixed - fixed_so_far + minima,
        remainder=spec.max_monthly - fixed - assumed - minima,
        above=sum((c.price * max(0, c.current - c.reserved) * ahead for c in claims), Decimal(0)),
        ahead_hours=ahead,
    )


def allocate(claims: Sequence[Claim], *, remainder: Decimal, hours: Decimal) -> Mapping[str, Grant]:
    """
    Return what each claim gets, by name, with *remainder* to spend above the minima.

    Each replica above its minimum must be payable for *hours*. Higher priorities have all
    that they want before lower ones get anything; within one, replicas go round. While a
    higher priority lacks money, a lower one gets none of what is left, though it be cheaper.
    """
    enforced = [claim for claim in claims if claim.enforced]
    above = sum((c.price * max(0, c.base - c.reserved) * hours for c in enforced), Decimal(0))
    left = remainder - above
    allowed = _rounds(enforced, left, hours)
    spare = left - sum((c.price * (allowed[c.name] - c.base) * hours for c in enforced), Decimal(0))
    short = any(allowed[c.name] < c.desired and c.replica_hour is not None for c in enforced)
    for claim in claims:
        if not claim.enforced:
            allowed |= _rounds([claim], Decimal(0) if short else spare, hours)
    return {claim.name: _grant(claim, allowed[claim.name]) for claim in claims}


def hold(claims: Sequence[Claim]) -> Mapping[str, Grant]:
    """Return what claims get from a budget that cannot be read: minima, and what runs."""
    return {
        claim.name: Grant(
            claim=claim,
            allowed=claim.base,
            why=Withheld.NOTHING if claim.base == claim.desired else Withheld.UNREADABLE,
        )
        for claim in claims
    }


def waive(claims: Sequence[Claim]) -> Mapping[str, Grant]:
    """Return all that *claims* ask for: a budget that is paused withholds nothing."""
    return {claim.name: Grant(claim=claim, allowed=claim.desired) for claim in claims}


def _rounds(claims: Sequence[Claim], left: Decimal, hours: Decimal) -> dict[str, int]:
    allowed = {claim.name: claim.base for claim in claims}
    in_order = sorted(claims, key=lambda claim: (-claim.priority, claim.name))
    for _, group in groupby(in_order, key=lambda claim: claim.priority):
        priced = [claim for claim in group if claim.replica_hour is not None]
        # Those who have had the smallest part of what they want go first.
        waiting = [(0.0, claim.name, claim) for claim in priced if claim.desired > claim.base]
        while waiting:
            _, name, claim = heapq.heappop(waiting)
            cost = claim.price * hours
            if cost > left:
                continue
            left -= cost
            allowed[name] += 1
            if allowed[name] < claim.desired:
                part = (allowed[name] - claim.base) / (claim.desired - claim.base)
                heapq.heappush(waiting, (part, name, claim))
        if any(allowed[claim.name] < claim.desired for claim in priced):
            return allowed
    return allowed


def _grant(claim: Claim, allowed: int) -> Grant:
    if allowed == claim.desired:
        return Grant(claim=claim, allowed=allowed)
    why = Withheld.UNPRICED if claim.replica_hour is None else Withheld.CEILING
    return Grant(claim=claim, allowed=allowed, why=why)
