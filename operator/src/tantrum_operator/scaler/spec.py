"""Reads the spec of a ServiceScaler, by the rules that its CRD holds too."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from kubernetes.utils.quantity import parse_quantity
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)
from pydantic import ValidationError as PydanticError
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from tantrum_operator.objects import Body
from tantrum_operator.scaler import behavior
from tantrum_operator.scaler.utilisation import Resource
from tantrum_operator.scaler.values import Tolerance

NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
LABEL_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
QUANTITY_PATTERN: Final = r"^[0-9]{1,15}(\.[0-9]{1,9})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
HISTOGRAM_PATTERN: Final = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"
CRON_PATTERN: Final = r"^\S+( \S+){4}$"
TIME_ZONE_PATTERN: Final = r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"

# By name too, for code: a spec is parsed by aliases alone.
_CONFIG: Final = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid")
_Replicas = Annotated[int, Field(ge=1, le=1000)]


class InvalidSpecError(Exception):
    """A spec cannot be followed; *faults* names each fault by its path."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class Mode(StrEnum):
    """How far a scaler goes: it measures, says what it would do, or does it."""

    OBSERVE = "Observe"
    RECOMMEND = "Recommend"
    ENFORCE = "Enforce"


class MetricType(StrEnum):
    RESOURCE = "Resource"
    PROMETHEUS = "Prometheus"
    LATENCY = "Latency"


def _quantity(value: object) -> Decimal:
    text = str(value)
    # The API server takes whole numbers without quotes, and no others.
    if isinstance(value, bool | float) or not re.fullmatch(QUANTITY_PATTERN, text):
        raise ValueError("must be a quantity such as 50, 0.5, 250m or 200Mi")
    try:
        amount: Decimal = parse_quantity(text)  # type: ignore[no-untyped-call] # it has no types
    except (ValueError, InvalidOperation) as error:
        raise ValueError("must be a quantity such as 50, 0.5, 250m or 200Mi") from error
    return amount


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {value!r}; use a name such as Europe/Vienna") from error


def _cron(value: str) -> str:
    try:
        CronSim(value, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    except CronSimError as error:
        raise ValueError(f"is not a cron expression: {error}") from error
    return value


def _named_once(values: Sequence[Any]) -> Sequence[Any]:
    names = [value.name for value in values]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"name appears more than once: {', '.join(twice)}")
    return values


def _utc(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError("must have a time zone, as 2026-11-24T18:00:00Z")
    return value.astimezone(dt.UTC)


Quantity = Annotated[Decimal, BeforeValidator(_quantity)]
PositiveQuantity = Annotated[Quantity, Field(gt=0)]
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=253)]
Label = Annotated[str, Field(pattern=LABEL_PATTERN, max_length=63)]
Query = Annotated[str, Field(min_length=1, max_length=4096)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class TargetRef:
    name: Name
    kind: Annotated[str, Field(pattern="^Deployment$")] = "Deployment"


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class BudgetRef:
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class ResourceMetric:
    """CPU or memory of the pods: either percent of what they request, or an amount each."""

    name: Resource
    average_utilization: Annotated[int, Field(ge=1, le=1000)] | None = None
    average_value: PositiveQuantity | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.average_utilization is None) == (self.average_value is None):
            raise ValueError("needs either averageUtilization or averageValue")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class PrometheusMetric:
    """What a query answers: *value* for the whole service, or *average_value* a replica."""

    query: Query
    value: PositiveQuantity | None = None
    average_value: PositiveQuantity | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.value is None) == (self.average_value is None):
            raise ValueError("needs either value or averageValue")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class LatencyMetric:
    """The share of requests that take longer than a target, from a histogram in seconds."""

    histogram: Annotated[str, Field(pattern=HISTOGRAM_PATTERN, max_length=200)]
    selector: Annotated[str, Field(max_length=1024)] = ""
    target_milliseconds: Annotated[int, Field(ge=1, le=60000)] = 200
    objective_percent: Annotated[int, Field(ge=50, le=99)] = 95
    window_seconds: Annotated[int, Field(ge=15, le=600)] = 60
    budget_window_seconds: Annotated[int, Field(ge=600, le=86400)] = 3600
    min_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    hold_percent: Annotated[int, Field(ge=1, le=99)] = 50
    max_step_percent: Annotated[int, Field(ge=10, le=200)] = 100


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Metric:
    """One metric; the field that *type* names is set, and no other."""

    name: Label
    type: MetricType
    resource: ResourceMetric | None = None
    prometheus: PrometheusMetric | None = None
    latency: LatencyMetric | None = None

    @model_validator(mode="after")
    def _as_type_says(self) -> Self:
        given = {
            MetricType.RESOURCE: self.resource is not None,
            MetricType.PROMETHEUS: self.prometheus is not None,
            MetricType.LATENCY: self.latency is not None,
        }
        if not given[self.type] or sum(given.values()) != 1:
            raise ValueError(f"type {self.type} needs the field {self.type.lower()}, and no other")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Policy:
    type: behavior.PolicyType
    value: Annotated[int, Field(ge=1, le=1000)]
    period_seconds: Annotated[int, Field(ge=1, le=1800)]


_WindowSeconds = Annotated[int, Field(ge=0, le=3600)]
_Policies = Annotated[tuple[Policy, ...], Field(min_length=1, max_length=10)]
_Tolerance = Annotated[Quantity, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class UpRules:
    """The way up, with the defaults of autoscaling/v2 for what is left out."""

    stabilization_window_seconds: _WindowSeconds = behavior.UP_BY_DEFAULT.window_seconds
    select_policy: behavior.SelectPolicy = behavior.SelectPolicy.MAX
    policies: _Policies | None = None
    tolerance: _Tolerance = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class DownRules:
    """The way down, as the way up."""

    stabilization_window_seconds: _WindowSeconds = behavior.DOWN_BY_DEFAULT.window_seconds
    select_policy: behavior.SelectPolicy = behavior.SelectPolicy.MAX
    policies: _Policies | None = None
    tolerance: _Tolerance = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Behavior:
    scale_up: UpRules = field(default_factory=UpRules)
    scale_down: DownRules = field(default_factory=DownRules)

    @property
    def rules(self) -> behavior.Behavior:
        return behavior.Behavior(
            up=_rules(self.scale_up, behavior.UP_BY_DEFAULT),
            down=_rules(self.scale_down, behavior.DOWN_BY_DEFAULT),
        )

    @property
    def tolerance(self) -> Tolerance:
        return Tolerance(up=float(self.scale_up.tolerance), down=float(self.scale_down.tolerance))


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Schedule:
    """A floor under the replicas for *duration_seconds* from each time that *cron* names."""

    name: Label
    cron: Annotated[str, Field(pattern=CRON_PATTERN, max_length=100), AfterValidator(_cron)]
    time_zone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("UTC")
    duration_seconds: Annotated[int, Field(ge=60, le=604800)]
    min_replicas: _Replicas


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Dependency:
    """A tier that the target waits for: at fault while *query* answers more than *fault_above*."""

    name: Label
    query: Query
    fault_above: Quantity = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Autoscaling:
    min_replicas: _Replicas = 2
    max_replicas: _Replicas
    metrics: Annotated[
        tuple[Metric, ...], Field(min_length=1, max_length=8), AfterValidator(_named_once)
    ]
    behavior: Behavior = field(default_factory=Behavior)
    schedules: Annotated[
        tuple[Schedule, ...], Field(max_length=16), AfterValidator(_named_once)
    ] = ()
    dependencies: Annotated[
        tuple[Dependency, ...], Field(max_length=8), AfterValidator(_named_once)
    ] = ()
    budget_ref: BudgetRef | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] = 0

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError("minReplicas must not be more than maxReplicas")
        if any(each.min_replicas > self.max_replicas for each in self.schedules):
            raise ValueError("minReplicas of a schedule must not be more than maxReplicas")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class ScalerSpec:
    target_ref: TargetRef
    mode: Mode = Mode.RECOMMEND
    replicas: Annotated[int, Field(ge=0, le=1000)] | None = None
    override_until: Annotated[dt.datetime, AfterValidator(_utc)] | None = None
    autoscaling: Autoscaling | None = None

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if self.replicas is None and self.autoscaling is None:
            raise ValueError("needs replicas, autoscaling or both")
        if self.override_until is not None and (self.replicas is None or self.autoscaling is None):
            raise ValueError("overrideUntil needs both replicas and autoscaling")
        return self

    def fixed_at(self, now: dt.datetime) -> int | None:
        """Return the count that `replicas` asks for at *now*; None where autoscaling decides."""
        if self.autoscaling is not None and self.override_until is not None:
            return self.replicas if now < self.override_until else None
        return self.replicas


def _rules(given: UpRules | DownRules, default: behavior.Rules) -> behavior.Rules:
    policies = [
        behavior.Policy(type=each.type, value=each.value, period_seconds=each.period_seconds)
        for each in given.policies or ()
    ]
    return behavior.Rules(
        window_seconds=given.stabilization_window_seconds,
        select_policy=given.select_policy,
        policies=policies or default.policies,
    )


_SPEC: Final = TypeAdapter(ScalerSpec)


def parsed(spec: Body) -> ScalerSpec:
    """Return *spec* as a value; raises `InvalidSpecError`, which names every fault."""
    try:
        return _SPEC.validate_python(spec, by_alias=True, by_name=False)
    except PydanticError as error:
        raise InvalidSpecError(_faults(error)) from error


def _faults(error: PydanticError) -> list[str]:
    return [f"{_path(each['loc'])}: {_told(each['msg'])}" for each in error.errors()]


def _told(message: str) -> str:
    return message.removeprefix("Value error, ")


def _path(location: tuple[int | str, ...]) -> str:
    path = "spec"
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path
