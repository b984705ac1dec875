"""Reads pods, and what metrics.k8s.io says of them, from the bodies of the API."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from kubernetes.utils.quantity import parse_quantity

from tantrum_operator.objects import Body
from tantrum_operator.scaler.utilisation import Phase, Pod, Resource, Usage

_DURATION: Final = re.compile(r"(?P<amount>\d+(?:\.\d+)?)(?P<unit>h|ms|m|s|us|µs|ns)")
_SECONDS: Final = {
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
}


def pod_of(body: Body, usage: Mapping[Resource, Usage]) -> Pod:
    """Return the pod *body*, of which metrics.k8s.io said *usage*."""
    status = body.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    ready = conditions.get("Ready")
    return Pod(
        name=body["metadata"]["name"],
        phase=_phase(status.get("phase")),
        deleting="deletionTimestamp" in body["metadata"],
        # Not known is what it was: only "False" says that it is not.
        ready=None if ready is None else ready["status"] != "False",
        start_time=_time(status.get("startTime")),
        ready_changed_time=None if ready is None else _time(ready.get("lastTransitionTime")),
        request=_requests(body.get("spec", {})),
        usage=usage,
    )


def usage_of(body: Body) -> dict[Resource, Usage]:
    """Return what the PodMetrics *body* says; without a resource that a container lacks."""
    containers = body.get("containers", ())
    time, window = _time(body.get("timestamp")), _seconds(body.get("window", ""))
    found = {}
    for resource in Resource:
        amounts = [each.get("usage", {}).get(resource) for each in containers]
        if time is not None and amounts and None not in amounts:
            amount = sum(thousandths(each) for each in amounts)
            found[resource] = Usage(amount=amount, time=time, window_seconds=window)
    return found


def selects(selector: Body, labels: Mapping[str, str]) -> bool:
    """Whether a Deployment's *selector* finds a pod with *labels*."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression_holds(each, labels) for each in selector.get("matchExpressions") or ()
    )


def thousandths(quantity: Any) -> int:
    """Return *quantity* in thousandths, rounded up as Kubernetes does."""
    amount: Decimal = parse_quantity(quantity)  # type: ignore[no-untyped-call] # it has no types
    return int((amount * 1000).to_integral_value(rounding="ROUND_CEILING"))


def _expression_holds(expression: Body, labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or ()
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _phase(phase: str | None) -> Phase:
    return Phase(phase) if phase in set(Phase) else Phase.UNKNOWN


def _requests(spec: Body) -> dict[Resource, int]:
    """Return what the containers request together, those that stay beside them included."""
    containers = [
        *spec.get("containers", ()),
        *(c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"),
    ]
    requests = [each.get("resources", {}).get("requests") or {} for each in containers]
    return {
        resource: _sum(each[resource] for each in requests)
        for resource in Resource
        if requests and all(resource in each for each in requests)
    }


def _sum(quantities: Iterable[Any]) -> int:
    return sum(thousandths(each) for each in quantities)


def _seconds(duration: str) -> float:
    """Return the seconds of a duration as Go writes it: `30s`, `1m0.5s`."""
    found = _DURATION.finditer(duration)
    return sum(float(each["amount"]) * _SECONDS[each["unit"]] for each in found)


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
