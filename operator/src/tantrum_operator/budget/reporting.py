"""What a ScalingBudget's conditions and events say to people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tantrum_operator.budget.checkpoint import money
from tantrum_operator.budget.ledger import Ledger
from tantrum_operator.budget.plan import Account, Grant, Withheld
from tantrum_operator.budget.spec import BudgetSpec, InvalidSpecError
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import Body
from tantrum_operator.reconciling import Occurrence

_WARNINGS: Final = {"MinimaBeyondCeiling", "BeyondCeiling", "Withholding", "NoPrice", "Lost"}
"""The reasons that are an event when they begin."""


def invalid(error: InvalidSpecError) -> Condition:
    """Return the condition of a budget that cannot be followed."""
    message = f"{error}. Until it is mended, replicas start up to their minima only."
    return _ready(Truth.FALSE, "InvalidSpec", message)


def conditions_of(
    spec: BudgetSpec,
    ledger: Ledger,
    stand: Account,
    grants: Mapping[str, Grant],
    pause: Condition | None = None,
) -> Sequence[Condition]:
    """Return all conditions of a budget that was followed; `Ready` sums up the others."""
    parts = [
        _priced(grants.values()),
        _known(ledger, stand),
        _within(spec, ledger, stand),
        _withholding(grants.values()),
    ]
    if pause is not None:
        message = f"{pause.message} The month is counted on, and nothing is withheld."
        return [_ready(Truth.UNKNOWN, "Paused", message), *parts, replace(pause, message=message)]
    faulty = [p for p in parts if p.status is Truth.FALSE and p.type in ("Priced", "WithinCeiling")]
    if faulty:
        return [_ready(Truth.FALSE, faulty[0].reason, faulty[0].message), *parts]
    return [_ready(Truth.TRUE, "Followed", "The ceiling is kept."), *parts]


def _ready(status: Truth, reason: str, message: str) -> Condition:
    return Condition(type="Ready", status=status, reason=reason, message=message)


def budget_constrained(budget: str, grant: Grant) -> Condition:
    """Return the condition of the scaler that got *grant* from *budget*."""
    claim = grant.claim
    if not grant.withheld:
        return Condition(
            type="BudgetConstrained",
            status=Truth.FALSE,
            reason="Granted",
            message=f"ScalingBudget {budget} pays for all {claim.desired} replicas.",
        )
    because = {
        Withheld.CEILING: "its ceiling does not pay for more; raise maxMonthly, or accept it",
        Withheld.UNPRICED: f"it has no price for a replica of {claim.name}; add one to its prices",
        Withheld.UNREADABLE: "it is missing or its spec is invalid; mend that",
        Withheld.NOTHING: "",
    }[grant.why]
    return Condition(
        type="BudgetConstrained",
        status=Truth.TRUE,
        reason=str(grant.why),
        message=f"ScalingBudget {budget} withholds {grant.withheld} of {claim.desired} replicas: "
        f"{because}.",
    )


def occurrences_of(old: Iterable[Body], new: Iterable[Condition]) -> Sequence[Occurrence]:
    """Return an event for each fault that *new* has and *old*, of the status, had not."""
    before = {(each.get("type"), each.get("reason")) for each in old}
    return [
        Occurrence(reason=each.reason, message=each.message, warning=True)
        for each in new
        if each.type != "Ready"
        and each.reason in _WARNINGS
        and (each.type, each.reason) not in before
    ]


def _priced(grants: Iterable[Grant]) -> Condition:
    without = sorted(g.claim.name for g in grants if g.claim.replica_hour is None)
    if not without:
        return Condition(
            type="Priced",
            status=Truth.TRUE,
            reason="AllPriced",
            message="Every replica has a price.",
        )
    return Condition(
        type="Priced",
        status=Truth.FALSE,
        reason="NoPrice",
        message=f"No price for a replica of {', '.join(without)}: its cost is missing from every "
        "figure, and it gets no more than its minimum. Add it to prices.replicas, or give "
        "cpuCoreHour and memoryGiBHour and let each of its containers request CPU and memory.",
    )


def _known(ledger: Ledger, stand: Account) -> Condition:
    if stand.month_to_date is not None:
        return Condition(
            type="MonthToDateKnown",
            status=Truth.TRUE,
            reason="Counted",
            message=f"{ledger.month.name} is counted from its beginning.",
        )
    return Condition(
        type="MonthToDateKnown",
        status=Truth.UNKNOWN,
        reason="Lost",
        message=f"What replicas cost in {ledger.month.name} before "
        f"{ledger.since_time:%Y-%m-%d %H:%M} UTC is not known; an even share of the ceiling is "
        "taken as spent. Put the amount, from the bill, into spec.opening, or wait for the "
        "next month.",
    )


def _within(spec: BudgetSpec, ledger: Ledger, stand: Account) -> Condition:
    ceiling = f"{money(spec.max_monthly)} {spec.currency}"
    if stand.remainder < 0:
        return Condition(
            type="WithinCeiling",
            status=Truth.FALSE,
            reason="MinimaBeyondCeiling",
            message=f"Fixed costs and minimum replicas exceed the ceiling of {ceiling} by "
            f"{money(-stand.remainder)} by the end of {ledger.month.name}. Nothing is stopped; "
            "raise maxMonthly or lower minReplicas.",
        )
    if stand.above > stand.remainder:
        return Condition(
            type="WithinCeiling",
            status=Truth.FALSE,
            reason="BeyondCeiling",
            message=f"If what runs above the minima goes on for {stand.ahead_hours:.0f} h, the "
            f"ceiling of {ceiling} is passed by {money(stand.above - stand.remainder)}. Nothing "
            "is stopped and nothing more starts; scale down, or raise maxMonthly.",
        )
    if stand.month_to_date is None:
        return Condition(
            type="WithinCeiling",
            status=Truth.UNKNOWN,
            reason="MonthToDateUnknown",
            message="See MonthToDateKnown.",
        )
    return Condition(
        type="WithinCeiling",
        status=Truth.TRUE,
        reason="Within",
        message=f"What runs now stays within {ceiling}.",
    )


def _withholding(grants: Iterable[Grant]) -> Condition:
    short = sorted(
        (grant for grant in grants if grant.withheld),
        key=lambda grant: (-grant.claim.priority, grant.claim.name),
    )
    if not short:
        return Condition(
            type="Withholding",
            status=Truth.FALSE,
            reason="AllGranted",
            message="Every scaler has what it wants.",
        )
    whom = ", ".join(f"{g.claim.name} ({g.allowed} of {g.claim.desired})" for g in short)
    return Condition(
        type="Withholding",
        status=Truth.TRUE,
        reason="Withholding",
        message=f"Withheld from {whom}.",
    )
