"""What a scaler's conditions say to people."""

from __future__ import annotations

from collections.abc import Sequence

from tantrum_operator.budget.reporting import budget_constrained
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.scaler.decision import Decision, Reason
from tantrum_operator.scaler.memory import Bottleneck
from tantrum_operator.scaler.readings import Validity
from tantrum_operator.scaler.spec import InvalidSpecError, ScalerSpec

_LIMITED = {Reason.AT_MAXIMUM, Reason.AT_MINIMUM, Reason.RATE_LIMITED}


def invalid(error: InvalidSpecError) -> Sequence[Condition]:
    """Return the conditions of a scaler that cannot be followed."""
    return [
        Condition(
            type="Ready",
            status=Truth.FALSE,
            reason="InvalidSpec",
            message=f"{error}. Until it is mended, nothing is scaled.",
        )
    ]


def conflict(target: str, owners: Sequence[str]) -> Sequence[Condition]:
    """Return the conditions of a scaler whose target others scale too."""
    message = (
        f"Deployment {target} is scaled by {', '.join(owners)} too. "
        "Until only one of them is left, none of the scalers does anything."
    )
    return [
        Condition(type="Ready", status=Truth.FALSE, reason="TargetConflict", message=message),
        Condition(type="TargetConflict", status=Truth.TRUE, reason="Shared", message=message),
    ]


def conditions_of(spec: ScalerSpec, decision: Decision) -> Sequence[Condition]:
    """Return the conditions of a scaler that was decided; `Ready` sums up the others."""
    if decision.reason is Reason.NO_TARGET:
        message = f"{decision.sentence}. Make it, or correct targetRef."
        return [_condition("Ready", Truth.FALSE, "TargetMissing", message)]
    found = [_overridden(spec, decision)]
    if decision.validity is not None and spec.autoscaling is not None:
        found += [
            _active(decision),
            _limited(decision),
            _bottleneck(decision, decision.memory.bottleneck),
        ]
    if decision.grant is not None and spec.autoscaling and spec.autoscaling.budget_ref:
        found.append(budget_constrained(spec.autoscaling.budget_ref.name, decision.grant))
    if decision.reason is Reason.CONNECTIONS:
        message = f"{decision.sentence}. Raise maxClientConnections, or the poolers' replicas."
        found.append(_condition("ConnectionsConstrained", Truth.TRUE, "StepWithheld", message))
    return [_ready(spec, decision, found), *found]


def _ready(spec: ScalerSpec, decision: Decision, found: Sequence[Condition]) -> Condition:
    faulty = [each for each in found if each.type == "ScalingActive"]
    if faulty and faulty[0].status is Truth.FALSE:
        return _condition("Ready", Truth.FALSE, faulty[0].reason, faulty[0].message)
    message = f"{decision.sentence}."
    return _condition("Ready", Truth.TRUE, f"{spec.mode}Mode", message)


def _active(decision: Decision) -> Condition:
    if decision.validity is Validity.VALID or decision.reason is Reason.TURNED_OFF:
        return _condition("ScalingActive", Truth.TRUE, Validity.VALID, "All metrics are there.")
    missing = "; ".join(f"{each.name}: {each.told}" for each in decision.readings if not each.valid)
    message = f"{missing}. Nothing is scaled down until that is mended."
    return _condition("ScalingActive", Truth.FALSE, decision.validity or Validity.NONE, message)


def _limited(decision: Decision) -> Condition:
    if decision.reason in _LIMITED:
        message = f"{decision.sentence}."
        return _condition("ScalingLimited", Truth.TRUE, decision.reason, message)
    return _condition("ScalingLimited", Truth.FALSE, "WithinRange", "Nothing limits the count.")


def _bottleneck(decision: Decision, found: Bottleneck | None) -> Condition:
    if found is None:
        return _condition(
            "BottleneckElsewhere",
            Truth.FALSE,
            "NotFound",
            "Nothing else is known to be at fault.",
        )
    tiers = " and ".join(found.tiers) or "another tier; dependencies would tell which"
    message = f"More replicas do not help: {found.evidence}. At fault: {tiers}."
    return _condition("BottleneckElsewhere", Truth.TRUE, "MoreReplicasDoNotHelp", message)


def _overridden(spec: ScalerSpec, decision: Decision) -> Condition:
    in_force = spec.autoscaling is not None and decision.validity is None
    if in_force:
        message = f"{decision.sentence}. Remove replicas to go back to autoscaling."
        return _condition("Overridden", Truth.TRUE, "ReplicasSet", message)
    return _condition("Overridden", Truth.FALSE, "NotOverridden", "Nothing overrides autoscaling.")


def _condition(type_: str, status: Truth, reason: str, message: str) -> Condition:
    return Condition(type=type_, status=status, reason=str(reason), message=message)
