"""
How many replicas a target should have.

Pure: no I/O and no clock. The status that a scaler shows, the replay of a recorded day and
the operator itself all come from `decide`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tantrum_operator.budget import spec as budget_spec
from tantrum_operator.budget.plan import Claim, hold
from tantrum_operator.budget.pricing import replica_hour, requests_of
from tantrum_operator.budget.settling import settle
from tantrum_operator.client_connections import Poolers
from tantrum_operator.objects import Body
from tantrum_operator.reconciling import Occurrence, Report
from tantrum_operator.scaler.automatic import decide_automatically
from tantrum_operator.scaler.connections import within_connections
from tantrum_operator.scaler.decision import Decision, Reason
from tantrum_operator.scaler.figures import Observed
from tantrum_operator.scaler.memory import Memory, settled
from tantrum_operator.scaler.spec import Mode, ScalerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One scaler of a pass."""

    name: str
    spec: ScalerSpec
    observed: Observed
    memory: Memory
    pod_spec: Body = field(default_factory=dict)
    """Of the target's template: what a replica requests tells what it costs."""

    held: bool = False
    """It is to be left alone: what runs counts against its budget, and no more is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a pass came to."""

    decisions: Mapping[str, Decision]
    """By scaler, of those that are not held."""

    budgets: Sequence[Report]


def plan(
    candidates: Sequence[Candidate],
    budgets: Sequence[Body],
    now: dt.datetime,
    *,
    poolers: Sequence[Poolers] = (),
) -> Plan:
    """
    Decide all scalers of a namespace together, within its ScalingBudgets and *poolers*.

    A scaler whose budget is not there gets its minimum, or what runs.
    """
    decisions = {
        each.name: decide(each.spec, each.observed, each.memory, now)
        for each in candidates
        if not each.held
    }
    claims: dict[str, list[Claim]] = defaultdict(list)
    prices = {each["metadata"]["name"]: _prices(each) for each in budgets}
    for each in candidates:
        if name := _budget_of(each.spec):
            claims[name].extend(_claim(each, decisions.get(each.name), prices.get(name)))
    settlements = [
        settle(each, claims.pop(each["metadata"]["name"], ()), now=now) for each in budgets
    ]
    grants = [settlement.grants for settlement in settlements]
    for grant in [*grants, *(hold(left) for left in claims.values())]:
        decisions |= {
            name: decisions[name].granted(each) for name, each in grant.items() if name in decisions
        }
    decisions = within_connections(
        decisions,
        poolers,
        running={each.name: each.observed.replicas or 0 for each in candidates},
        priorities={
            each.name: each.spec.autoscaling.priority
            for each in candidates
            if each.spec.autoscaling
        },
    )
    return Plan(decisions=decisions, budgets=[each.report for each in settlements])


def decide(scaler: ScalerSpec, observed: Observed, memory: Memory, now: dt.datetime) -> Decision:
    """
    Return what *scaler* wants of what was *observed*.

    Call it with the `memory` of the decision before, or with its `intended()` where the
    target was then scaled; with an empty `Memory()` the first time. *now* never goes back
    between calls. It is the same whether the mode is to enforce or not: acting on the
    decision is the caller's.
    """
    if observed.replicas is None:
        return Decision(
            time=now,
            current=None,
            desired=None,
            reason=Reason.NO_TARGET,
            sentence=f"There is no Deployment {scaler.target_ref.name}",
            memory=memory,
        )
    memory, by_person = settled(memory, observed.replicas)
    fixed = scaler.fixed_at(now)
    if fixed is not None:
        return _fixed(scaler, fixed, observed.replicas, memory, by_person=by_person, now=now)
    return decide_automatically(scaler, observed, memory, by_person=by_person, now=now)


def _fixed(
    scaler: ScalerSpec,
    fixed: int,
    current: int,
    memory: Memory,
    *,
    by_person: bool,
    now: dt.datetime,
) -> Decision:
    """Decide where `replicas` is in force."""
    asked_before = memory.fixed == fixed
    turned_off = current == 0 < fixed and not memory.off and (asked_before or not _known(memory))
    enforced = scaler.mode is Mode.ENFORCE
    memory = replace(memory, fixed=fixed, off=enforced and fixed == 0, climb=None, bottleneck=None)
    if turned_off:
        return Decision(
            time=now,
            current=0,
            desired=0,
            reason=Reason.TURNED_OFF,
            sentence=_TURNED_OFF.format(scaler.target_ref.name),
            memory=memory,
        )
    reason = Reason.OFF if fixed == 0 else Reason.FIXED
    asked = f"{fixed} replicas are asked for"
    if scaler.autoscaling is not None:
        until = scaler.override_until
        reason = reason if fixed == 0 else Reason.OVERRIDDEN
        asked += " by replicas, which overrides autoscaling"
        asked += f" until {until:%Y-%m-%dT%H:%M:%SZ}" if until else ""
    sentence = asked if current == fixed else f"Scale from {current} to {fixed}: {asked}"
    against = by_person and asked_before and current != fixed
    put_right = Occurrence(
        reason="PutRight",
        message=f"Somebody scaled {scaler.target_ref.name} to {current}; {asked}",
    )
    return Decision(
        time=now,
        current=current,
        desired=fixed,
        reason=reason,
        sentence=sentence,
        memory=memory,
        occurrences=(put_right,) if against and enforced else (),
    )


_TURNED_OFF = "Somebody scaled {} to 0, so it stays off until somebody scales it up"


def _known(memory: Memory) -> bool:
    return memory.fixed is not None or bool(memory.history.recommendations)


def _budget_of(spec: ScalerSpec) -> str:
    reference = spec.autoscaling.budget_ref if spec.autoscaling else None
    return reference.name if reference else ""


def _prices(budget: Body) -> budget_spec.Prices | None:
    try:
        return budget_spec.parse(budget.get("spec", {})).prices
    except budget_spec.InvalidSpecError:
        return None  # `settle` tells of it


def _claim(
    candidate: Candidate, decision: Decision | None, prices: budget_spec.Prices | None
) -> list[Claim]:
    """Return what a candidate asks of its budget; nothing where there is no target."""
    autoscaling, current = candidate.spec.autoscaling, candidate.observed.replicas
    if autoscaling is None or current is None:
        return []
    desired = current
    if decision is not None and decision.desired is not None:
        desired = decision.desired
    # A count that a person asked for is not for a budget to refuse.
    asked = decision is not None and decision.validity is None
    return [
        Claim(
            name=candidate.name,
            current=current,
            desired=desired,
            minimum=desired if asked else min(desired, autoscaling.min_replicas),
            replica_hour=_price(candidate, prices),
            priority=autoscaling.priority,
            enforced=candidate.spec.mode is Mode.ENFORCE,
        )
    ]


def _price(candidate: Candidate, prices: budget_spec.Prices | None) -> Decimal | None:
    if prices is None:
        return None
    return replica_hour(prices, candidate.spec.target_ref.name, requests_of(candidate.pod_spec))
