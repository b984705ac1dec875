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

from tantrum_operator.limits import Ask, Budget
from tantrum_operator.objects import Body
from tantrum_operator.reconciling import Occurrence
from tantrum_operator.scaler.automatic import decide_automatically
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
    """Of the target's template."""


def plan(
    candidates: Sequence[Candidate], budgets: Mapping[str, Budget], now: dt.datetime
) -> dict[str, Decision]:
    """
    Decide all scalers of a namespace together, and return the decisions by scaler.

    *budgets* are those of the namespace by name; a reference to one that is not there
    limits nothing.
    """
    decisions = {
        each.name: decide(each.spec, each.observed, each.memory, now) for each in candidates
    }
    asks: dict[str, list[Ask]] = defaultdict(list)
    for each in candidates:
        if (budget := _budget_of(each.spec)) in budgets:
            asks[budget].extend(_ask(each, decisions[each.name]))
    for name, asked in asks.items():
        for scaler, grant in budgets[name].granted(asked, now).items():
            decisions[scaler] = decisions[scaler].granted(grant)
    return decisions


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


def _ask(candidate: Candidate, decision: Decision) -> list[Ask]:
    """Return the ask of a candidate; none where there is no target."""
    if decision.current is None or decision.desired is None or not candidate.spec.autoscaling:
        return []
    return [
        Ask(
            scaler=candidate.name,
            target=candidate.spec.target_ref.name,
            pod_spec=candidate.pod_spec,
            current=decision.current,
            desired=decision.desired,
            minimum=min(decision.desired, candidate.spec.autoscaling.min_replicas),
            maximum=candidate.spec.autoscaling.max_replicas,
            priority=candidate.spec.autoscaling.priority,
        )
    ]
