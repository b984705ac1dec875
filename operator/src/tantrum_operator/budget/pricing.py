"""What one replica costs for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tantrum_operator.budget.spec import Prices, quantity
from tantrum_operator.objects import Body

_GIB: Final = Decimal(2**30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What the containers of one pod request together."""

    cpu_cores: Decimal
    memory_gib: Decimal


def requests_of(pod_spec: Body) -> Requests | None:
    """
    Return what a pod of *pod_spec* requests; None when a container does not say.

    Init containers that end count for nothing, as they do not stay; those that restart
    always are containers like any other.
    """
    containers = [
        *pod_spec.get("containers", ()),
        *(c for c in pod_spec.get("initContainers", ()) if c.get("restartPolicy") == "Always"),
    ]
    asked = [each.get("resources", {}).get("requests", {}) for each in containers]
    if not asked or not all("cpu" in each and "memory" in each for each in asked):
        return None
    return Requests(
        cpu_cores=sum((quantity(each["cpu"]) for each in asked), Decimal(0)),
        memory_gib=sum((quantity(each["memory"]) for each in asked), Decimal(0)) / _GIB,
    )


def replica_hour(prices: Prices, target: str, requests: Requests | None) -> Decimal | None:
    """Return the price of a replica of *target* for an hour; None when nothing tells it."""
    for price in prices.replicas:
        if price.target == target:
            return price.replica_hour
    if requests is None or prices.cpu_core_hour is None or prices.memory_gib_hour is None:
        return None
    return requests.cpu_cores * prices.cpu_core_hour + requests.memory_gib * prices.memory_gib_hour
