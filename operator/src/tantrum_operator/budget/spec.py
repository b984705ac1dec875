"""Reads the spec of a ScalingBudget, by the rules that its CRD holds too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kubernetes.utils.quantity import parse_quantity
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic import ValidationError as PydanticError
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

MONEY_PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,9})?[umk]?$"
"""A Quantity without the forms that nobody writes prices in: `300`, `0.0125`, `12500u`."""
NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
MONTH_PATTERN: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
TIME_ZONE_PATTERN: Final = r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"

_CONFIG: Final = ConfigDict(alias_generator=to_camel, extra="forbid")


class InvalidSpecError(Exception):
    """A spec cannot be followed; *faults* names each fault by its path."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def quantity(text: str) -> Decimal:
    """Return what a Kubernetes quantity such as `250m` or `1Gi` comes to."""
    amount: Decimal = parse_quantity(text)  # type: ignore[no-untyped-call]  # it has no types
    return amount


def _money(value: object) -> Decimal:
    text = str(value)
    # What a YAML file holds without quotes arrives as a number; the API server makes it none.
    if isinstance(value, bool) or not re.fullmatch(MONEY_PATTERN, text):
        raise ValueError("must be an amount such as 300, 0.0125 or 12500u")
    return quantity(text)


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {value!r}; use a name such as Europe/Vienna") from error


def _once(values: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    names = [getattr(value, key) for value in values]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{key} appears more than once: {', '.join(twice)}")
    return values


Money = Annotated[Decimal, BeforeValidator(_money)]
PositiveMoney = Annotated[Money, Field(gt=0)]
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=253)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class FixedCost:
    """What is paid for every month, whatever the replicas do."""

    name: Name
    monthly: Money


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class ReplicaPrice:
    """What one replica of a Deployment costs for an hour."""

    target: Name
    replica_hour: PositiveMoney


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Prices:
    """Prices by target, and for all other targets by what their pods request."""

    replicas: Annotated[
        tuple[ReplicaPrice, ...],
        Field(max_length=64),
        AfterValidator(lambda values: _once(values, "target")),
    ] = ()
    cpu_core_hour: Money | None = None
    memory_gib_hour: Annotated[Money | None, Field(alias="memoryGiBHour")] = None

    def __post_init__(self) -> None:
        if (self.cpu_core_hour is None) != (self.memory_gib_hour is None):
            raise ValueError("cpuCoreHour and memoryGiBHour go together; give both or neither")
        if not self.replicas and self.cpu_core_hour is None:
            raise ValueError("give replicas, or cpuCoreHour and memoryGiBHour, or all three")


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Opening:
    """What replicas had cost in a month before the operator began to count."""

    month: Annotated[str, Field(pattern=MONTH_PATTERN)]
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class BudgetSpec:
    """What a person wants: a ceiling for each month, and how to reckon."""

    max_monthly: PositiveMoney
    prices: Prices
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    time_zone: Zone = field(default=ZoneInfo("UTC"))
    fixed_costs: Annotated[
        tuple[FixedCost, ...],
        Field(max_length=64),
        AfterValidator(lambda values: _once(values, "name")),
    ] = ()
    burst_hours: Annotated[int, Field(strict=True, ge=1, le=744)] | None = None
    opening: Opening | None = None

    @property
    def fixed_monthly(self) -> Decimal:
        """The sum of the fixed costs."""
        return sum((cost.monthly for cost in self.fixed_costs), Decimal(0))


_ADAPTER: Final = TypeAdapter(BudgetSpec)


def parse(spec: Mapping[str, Any]) -> BudgetSpec:
    """Return what *spec* says. Raises `InvalidSpecError` with every fault."""
    try:
        return _ADAPTER.validate_python(spec)
    except PydanticError as error:
        raise InvalidSpecError(
            f"{_path(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_context=False)
        ) from error


def _path(places: tuple[int | str, ...]) -> str:
    path = "spec"
    for place in places:
        path += f"[{place}]" if isinstance(place, int) else f".{place}"
    return path
