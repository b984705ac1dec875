"""Decides where metrics say how many replicas there should be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tantrum_operator.reconciling import Occurrence
from tantrum_operator.scaler import schedules
from tantrum_operator.scaler.behavior import Damped, Limit, SelectPolicy, Stability, damped
from tantrum_operator.scaler.bottleneck import Look, faults_of, looked
from tantrum_operator.scaler.decision import Decision, Reason
from tantrum_operator.scaler.figures import Observed
from tantrum_operator.scaler.latency import Verdict, Zone
from tantrum_operator.scaler.memory import Bottleneck, Memory, noted
from tantrum_operator.scaler.readings import Combined, Reading, Validity, combined, readings
from tantrum_operator.scaler.spec import Autoscaling, ScalerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What the steps of one decision share."""

    target: str
    autoscaling: Autoscaling
    current: int
    floor: int
    schedule: str | None
    readings: Sequence[Reading]
    combined: Combined
    time: dt.datetime

    def decision(self, memory: Memory, desired: int, reason: Reason, why: str) -> Decision:
        moved = f"Scale from {self.current} to {desired}" if desired != self.current else ""
        kept = "" if moved else f"Keep {self.current}"
        return Decision(
            time=self.time,
            current=self.current,
            desired=desired,
            reason=reason,
            sentence=f"{moved or kept}: {why}",
            memory=memory,
            minimum=self.floor,
            maximum=self.autoscaling.max_replicas,
            recommended=self.combined.replicas,
            readings=tuple(self.readings),
            validity=self.combined.validity,
            schedule=self.schedule,
        )


def decide_automatically(
    scaler: ScalerSpec, observed: Observed, memory: Memory, *, by_person: bool, now: dt.datetime
) -> Decision:
    """Return the decision for a target that exists; *memory* knows its current count."""
    autoscaling, current = scaler.autoscaling, observed.replicas
    if autoscaling is None or current is None:
        raise AssertionError("neither the target nor what it should have is known")
    schedule = schedules.active(autoscaling.schedules, now)
    floor = max(autoscaling.min_replicas, schedule.min_replicas if schedule else 0)
    found = readings(autoscaling, observed, current, now) if current else []
    case = _Case(
        target=scaler.target_ref.name,
        autoscaling=autoscaling,
        current=current,
        floor=floor,
        schedule=schedule.name if schedule and schedule.min_replicas >= floor else None,
        readings=found,
        combined=combined(found, current),
        time=now,
    )
    told = _told_of_person(case) if by_person and current else ()
    if by_person or not memory.history.recommendations:
        # What a person set, or what was there before, holds for the windows at least.
        memory = noted(memory, current, autoscaling.behavior.rules, now)
    memory = replace(memory, fixed=None)
    if current == 0:
        return _from_zero(case, memory)
    memory, events = _with_look(case, observed, replace(memory, off=False))
    return replace(_bounded(case, memory), occurrences=(*told, *events))


def _told_of_person(case: _Case) -> tuple[Occurrence, ...]:
    message = f"Somebody scaled {case.target} to {case.current}, which is gone on from"
    return (Occurrence(reason="ScaledByPerson", message=message),)


def _from_zero(case: _Case, memory: Memory) -> Decision:
    if memory.off:
        return case.decision(memory, case.floor, Reason.UP, "it is not off any more")
    why = f"somebody scaled {case.target} to 0, so it stays off until somebody scales it up"
    return case.decision(memory, 0, Reason.TURNED_OFF, why)


def _with_look(
    case: _Case, observed: Observed, memory: Memory
) -> tuple[Memory, tuple[Occurrence, ...]]:
    """Let the detector of bottlenecks elsewhere look."""
    worst = _worst(case.readings)
    if worst is None:
        return memory, ()
    look = Look(
        verdict=worst,
        current=case.current,
        maximum=case.autoscaling.max_replicas,
        needed=(_needed(case.readings) or 0) > case.current,
        faults=faults_of(case.autoscaling.dependencies, observed.faults, case.time),
        time=case.time,
    )
    before = memory.bottleneck
    climb, after = looked(memory.climb, before, look)
    memory = replace(memory, climb=climb, bottleneck=after)
    if before is None and after is not None:
        message = f"More replicas do not help {case.target}: {after.evidence}"
        return memory, (Occurrence(reason="BottleneckElsewhere", message=message, warning=True),)
    if before is not None and after is None:
        message = f"{case.target} is scaled on latency again"
        return memory, (Occurrence(reason="BottleneckEnded", message=message),)
    return memory, ()


def _worst(found: Sequence[Reading]) -> Verdict | None:
    """Return the verdict of the latency that is furthest over its objective."""
    verdicts = [each.verdict for each in found if each.verdict is not None]
    return max(verdicts, key=lambda each: each.burn or 0.0, default=None)


def _needed(found: Sequence[Reading]) -> int | None:
    """Return what the proportional metrics ask for; None where none is valid."""
    return max(
        (each.proposal or 0 for each in found if each.proportional and each.valid), default=None
    )


def _bounded(case: _Case, memory: Memory) -> Decision:
    """Decide for a target that has replicas."""
    maximum = case.autoscaling.max_replicas
    if case.current > maximum:
        return case.decision(memory, maximum, Reason.AT_MAXIMUM, f"at most {maximum} are allowed")
    if case.current < case.floor:
        return case.decision(memory, case.floor, Reason.AT_MINIMUM, _told_of_floor(case))
    if memory.bottleneck is not None:
        return _without_latency(case, memory, memory.bottleneck)
    if case.combined.replicas is None:
        return case.decision(memory, case.current, *_without_metrics(case))
    return _by_metrics(case, memory, case.combined.replicas)


def _told_of_floor(case: _Case) -> str:
    by = f" while schedule {case.schedule} is in force" if case.schedule else ""
    return f"at least {case.floor} are asked for{by}"


def _without_metrics(case: _Case) -> tuple[Reason, str]:
    missing = ", ".join(f"{each.name} ({each.told})" for each in case.readings if not each.valid)
    if case.combined.validity is Validity.NONE:
        return Reason.NO_METRICS, f"no metric can be gone by: {missing}"
    return Reason.SOME_METRICS, f"fewer would do, but not while metrics are missing: {missing}"


def _without_latency(case: _Case, memory: Memory, bottleneck: Bottleneck) -> Decision:
    """
    Decide while latency is not to be gone by: back to where the climb began.

    At once, since these replicas were added for nothing; but not below what others ask for,
    no lower while one of them cannot be read, nor where going down is disabled.
    """
    needed = _needed(case.readings) or 0
    tiers = " and ".join(bottleneck.tiers) or "another tier"
    why = f"the bottleneck is {tiers}: {bottleneck.evidence}"
    if needed > case.current:
        others = [each for each in case.readings if each.proportional]
        return _by_metrics(replace(case, combined=combined(others, case.current)), memory, needed)
    rules = case.autoscaling.behavior.rules
    held = rules.down.select_policy is SelectPolicy.DISABLED
    held = held or not all(each.valid for each in case.readings)
    wanted = max(bottleneck.replicas, needed, case.floor)
    desired = case.current if held else min(wanted, case.current)
    memory = noted(memory, desired, rules, case.time)
    return case.decision(memory, desired, Reason.BOTTLENECK, why)


def _by_metrics(case: _Case, memory: Memory, recommended: int) -> Decision:
    rules = case.autoscaling.behavior.rules
    result = damped(
        recommended,
        current=case.current,
        minimum=case.floor,
        maximum=case.autoscaling.max_replicas,
        behavior=rules,
        history=memory.history,
        now=case.time,
    )
    memory = noted(memory, recommended, rules, case.time)
    reason, held = _held(case, recommended, result)
    why = "; ".join(part for part in (_driven(case, recommended), held) if part)
    made = case.decision(memory, result.replicas, reason, why)
    return replace(made, stability=result.stability, limit=result.limit)


def _driven(case: _Case, recommended: int) -> str:
    driver = case.combined.driver
    if driver is None:
        return ""
    figures = f"{driver.value or 'too few requests'} against {driver.target}"
    told = f", {driver.told}" if driver.told else ""
    return f"{driver.name} proposes {recommended} ({figures}{told})"


def _held(case: _Case, recommended: int, result: Damped) -> tuple[Reason, str]:
    """Return the reason of the count, and what held it back as a clause."""
    match result.limit:
        case Limit.MAXIMUM:
            return Reason.AT_MAXIMUM, f"at most {case.autoscaling.max_replicas} are allowed"
        case Limit.MINIMUM:
            return Reason.AT_MINIMUM, _told_of_floor(case)
        case Limit.UP_POLICY | Limit.DOWN_POLICY:
            return Reason.RATE_LIMITED, f"the policies allow {result.replicas} just now"
        case Limit.NONE:
            pass
    if result.replicas != case.current:
        reason = Reason.UP if result.replicas > case.current else Reason.DOWN
        stabilised = "recent recommendations allow no more"
        return reason, "" if result.stability is Stability.READY else stabilised
    if recommended != case.current:
        return Reason.STABILIZED, "recent recommendations hold it"
    return _steady(case)


def _steady(case: _Case) -> tuple[Reason, str]:
    over = any(each.verdict and each.verdict.zone is Zone.OVER for each in case.readings)
    if case.current == case.autoscaling.max_replicas and over:
        return Reason.AT_MAXIMUM, ""
    return Reason.STEADY, ""
