"""
Which limit binds first when more comes: replicas, connections, or money.

Replicas are taken to grow with the traffic, from what the scalers' own metrics said last:
a service at 60 of its 70 percent CPU needs 60/70 of its replicas now, and three times that
for three times the traffic. Where no such metric is known, what runs is taken to be needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tantrum_operator.budget import spec as budgets
from tantrum_operator.budget.pricing import replica_hour
from tantrum_operator.client_connections import Demand, Poolers, demanded, poolers_of
from tantrum_operator.objects import PGBOUNCER, SCALING_BUDGET, SERVICE_SCALER, Body
from tantrum_operator.scaler import spec as scalers

HOURS_PER_MONTH: Final = 730
FACTOR_MAX: Final = 1000.0
"""What does not bind below this binds never, as far as anybody cares."""
_FACTOR_STEP: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One scaler's target. *needed* is how many replicas the traffic of now takes, in parts."""

    name: str
    replicas: int
    needed: float
    measured: bool
    """Whether *needed* is from a metric; else it is what runs."""
    minimum: int
    maximum: int
    replica_hour: Decimal | None
    budget: str

    def at(self, factor: float) -> int:
        """Return how many replicas *factor* times the traffic takes, maximum or not."""
        # What a product of binary fractions is above a whole number is no replica.
        return max(self.minimum, math.ceil(round(self.needed * factor, 9)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: what is used of it now and then, and up to which traffic it holds."""

    name: str
    unit: str
    now: Decimal
    then: Decimal
    most: Decimal
    binds_at: float
    """The highest factor that fits; below 1 where now does not; infinite where all do."""

    @property
    def holds(self) -> bool:
        return self.then <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """*limits* come in the order in which they bind; *notes* are what could not be known."""

    factor: float
    limits: Sequence[Limit]
    notes: Sequence[str]


def forecast(bodies: Iterable[Body], factor: float) -> Forecast:
    """
    Return what limits the scalers, budgets and poolers among *bodies* at *factor*.

    Raises `InvalidSpecError` of scalers and of budgets.
    """
    by_kind: dict[str, list[Body]] = {}
    for body in bodies:
        by_kind.setdefault(str(body.get("kind")), []).append(body)
    money = {
        str(body["metadata"]["name"]): budgets.parse(body["spec"])
        for body in by_kind.get(SCALING_BUDGET.name, ())
    }
    services = [_service(body, money) for body in by_kind.get(SERVICE_SCALER.name, ())]
    poolers = [poolers_of(body) for body in by_kind.get(PGBOUNCER.name, ())]
    limits = [
        *(_replicas(service, factor) for service in services),
        *(_connections(each, services, factor) for each in poolers),
        *(_money(name, spec, services, factor) for name, spec in money.items()),
    ]
    return Forecast(
        factor=factor,
        limits=sorted(limits, key=lambda limit: (limit.binds_at, limit.name)),
        notes=_notes(services, money, poolers),
    )


def _service(body: Body, money: Mapping[str, budgets.BudgetSpec]) -> Service:
    spec, status = scalers.parsed(body["spec"]), body.get("status", {})
    autoscaling = spec.autoscaling
    minimum = spec.replicas or 0
    maximum = minimum
    if autoscaling is not None:
        minimum, maximum = autoscaling.min_replicas, autoscaling.max_replicas
    replicas = status.get("replicas", minimum)
    ratio = _ratio(spec, status)
    budget = autoscaling.budget_ref.name if autoscaling and autoscaling.budget_ref else ""
    price = None
    if budget in money:
        price = replica_hour(money[budget].prices, spec.target_ref.name, None) or _paid(status)
    return Service(
        name=str(body["metadata"]["name"]),
        replicas=replicas,
        needed=replicas * (1.0 if ratio is None else ratio),
        measured=ratio is not None,
        minimum=minimum,
        maximum=maximum,
        replica_hour=price,
        budget=budget if budget in money else "",
    )


def _ratio(spec: scalers.ScalerSpec, status: Body) -> float | None:
    """Return the highest ratio to its target among the metrics that grow with the traffic."""
    proportional = {
        metric.name
        for metric in (spec.autoscaling.metrics if spec.autoscaling else ())
        if metric.latency is None
    }
    found = [
        float(each["ratio"])
        for each in status.get("lastDecision", {}).get("metrics", ())
        if each.get("valid") and each.get("ratio") is not None and each["name"] in proportional
    ]
    return max(found, default=None)


def _paid(status: Body) -> Decimal | None:
    """Return the price of a replica that the operator reckoned with last."""
    decision = status.get("lastDecision", {})
    cost, replicas = decision.get("monthlyCostBefore"), decision.get("currentReplicas")
    return Decimal(cost) / replicas / HOURS_PER_MONTH if cost and replicas else None


def _replicas(service: Service, factor: float) -> Limit:
    binds_at = service.maximum / service.needed if service.needed else math.inf
    return Limit(
        name=f"replicas of {service.name}",
        unit="replicas",
        now=Decimal(service.replicas),
        then=Decimal(service.at(factor)),
        most=Decimal(service.maximum),
        binds_at=binds_at,
    )


def _connections(poolers: Poolers, services: Sequence[Service], factor: float) -> Limit:
    held = poolers.connections_per_replica

    def connections(at: float) -> int:
        return demanded(
            Demand(
                scaler=each.name,
                replicas=each.at(at),
                connections_per_replica=held[each.name],
            )
            for each in services
            if each.name in held
        )

    now = sum(each.replicas * held[each.name] for each in services if each.name in held)
    return Limit(
        name=f"connections at {poolers.name}",
        unit="connections",
        now=Decimal(now),
        then=Decimal(connections(factor)),
        most=Decimal(poolers.limit),
        binds_at=_highest(lambda at: connections(at) <= poolers.limit),
    )


def _money(
    name: str, spec: budgets.BudgetSpec, services: Sequence[Service], factor: float
) -> Limit:
    own = [each for each in services if each.budget == name and each.replica_hour is not None]

    def monthly(counts: Mapping[str, int]) -> Decimal:
        hourly = sum((counts[s.name] * (s.replica_hour or 0) for s in own), Decimal(0))
        return spec.fixed_monthly + hourly * HOURS_PER_MONTH

    def at(traffic: float) -> Decimal:
        return monthly({each.name: each.at(traffic) for each in own})

    return Limit(
        name=f"money of {name}",
        unit=f"{spec.currency} a month",
        now=monthly({each.name: each.replicas for each in own}),
        then=at(factor),
        most=spec.max_monthly,
        binds_at=_highest(lambda traffic: at(traffic) <= spec.max_monthly),
    )


def _highest(fits: Callable[[float], bool]) -> float:
    """Return the highest factor that *fits*, to a hundredth; more traffic never fits better."""
    if fits(FACTOR_MAX):
        return math.inf
    low, high = 0.0, FACTOR_MAX
    while high - low > _FACTOR_STEP / 2:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _notes(
    services: Sequence[Service],
    money: Mapping[str, budgets.BudgetSpec],
    poolers: Sequence[Poolers],
) -> list[str]:
    guessed = [each.name for each in services if not each.measured]
    unpriced = [each.name for each in services if each.budget and each.replica_hour is None]
    without = [each.name for each in services if not each.budget]
    notes = []
    if guessed:
        notes.append(
            f"No metric of {', '.join(guessed)} says how busy it is: what runs counts as needed."
        )
    if unpriced:
        notes.append(
            f"The price of a replica of {', '.join(unpriced)} is not known: its money is missing."
        )
    if money and without:
        notes.append(f"No budget counts {', '.join(without)}.")
    if not money:
        notes.append("There is no ScalingBudget, so nothing is said of money.")
    if not poolers:
        notes.append("There is no PgBouncer, so nothing is said of connections.")
    return notes
