"""One pass over a budget: what its scalers get, and what its status says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tantrum_operator.budget.checkpoint import checkpoint_of, ledger_from, money
from tantrum_operator.budget.ledger import counted_on
from tantrum_operator.budget.plan import Account, Claim, Grant, account, allocate, hold, waive
from tantrum_operator.budget.reporting import conditions_of, invalid, occurrences_of
from tantrum_operator.budget.spec import BudgetSpec, InvalidSpecError, parse
from tantrum_operator.objects import Body
from tantrum_operator.pausing import pause_of
from tantrum_operator.reconciling import Report

_TELLING = frozenset({"month", "withheld", "replicas"})
"""What of a status is written at once: a rate that changed, above all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What each claim gets, by the scaler's name, and the report on the budget."""

    grants: Mapping[str, Grant]
    report: Report


def settle(body: Body, claims: Sequence[Claim], *, now: dt.datetime) -> Settlement:
    """
    Decide *claims*, which are all that name the budget *body*, together.

    Call it in every pass, without claims too: it is what counts the month. While the budget
    is paused it counts, and withholds nothing.
    """
    try:
        spec = parse(body.get("spec", {}))
    except InvalidSpecError as error:
        report = Report(body=body, conditions=[invalid(error)], status=_kept(body))
        return Settlement(grants=hold(claims), report=report)
    status = body.get("status", {})
    hourly = sum((claim.price * claim.current for claim in claims), Decimal(0))
    ledger = counted_on(
        ledger_from(status, spec.time_zone),
        now=now,
        zone=spec.time_zone,
        hourly=hourly,
        opening=spec.opening,
    )
    stand = account(spec, ledger, claims)
    pause = pause_of(body, now)
    grants = (
        allocate(claims, remainder=stand.remainder, hours=stand.ahead_hours)
        if pause is None
        else waive(claims)
    )
    conditions = conditions_of(spec, ledger, stand, grants, pause)
    report = Report(
        body=body,
        conditions=conditions,
        status={**_figures(spec, ledger.month.name, stand, grants), **checkpoint_of(ledger)},
        telling=_TELLING,
        occurrences=occurrences_of(status.get("conditions", ()), conditions),
    )
    return Settlement(grants=grants, report=report)


def _kept(body: Body) -> Body:
    # The month goes on while somebody mends the spec; a ledger is not to be lost to that.
    status = body.get("status", {})
    return {name: status[name] for name in ("ledger", "lastMonth") if name in status}


def _figures(spec: BudgetSpec, month: str, stand: Account, grants: Mapping[str, Grant]) -> Body:
    ordered = sorted(grants.values(), key=lambda grant: (-grant.claim.priority, grant.claim.name))
    return {
        "month": month,
        "maxMonthly": money(spec.max_monthly),
        "monthToDate": money(stand.month_to_date),
        "projected": money(stand.projected),
        "reserved": money(stand.reserved),
        "remainder": money(stand.remainder),
        "replicas": [
            {
                "scaler": grant.claim.name,
                "count": grant.claim.current,
                "hourly": f"{grant.claim.price * grant.claim.current:f}",
            }
            for grant in ordered
        ],
        "withheld": [
            {
                "scaler": grant.claim.name,
                "desired": grant.claim.desired,
                "allowed": grant.allowed,
                "reason": str(grant.why),
            }
            for grant in ordered
            if grant.withheld
        ],
    }
