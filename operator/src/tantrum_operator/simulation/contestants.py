"""
Who is compared: this scaler, the HorizontalPodAutoscaler on CPU and on requests, no scaler.

All that scale do so by `decide`: with one resource or one query as its only metric and the
default behaviour, it is the HorizontalPodAutoscaler's arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tantrum_operator.objects import Body
from tantrum_operator.scaler.figures import Figure, Latency, Missing, Observed, Sample
from tantrum_operator.scaler.memory import Memory
from tantrum_operator.scaler.plan import decide
from tantrum_operator.scaler.spec import LatencyMetric, Metric, ScalerSpec, parsed
from tantrum_operator.simulation.deployment import Deployment
from tantrum_operator.simulation.service import Service

DEFAULT_CPU_PERCENT: Final = 70
_REQUESTS_WINDOW_SECONDS: Final = 60.0


class Contestant(Protocol):
    """Says how many replicas a simulated Deployment shall have."""

    @property
    def name(self) -> str:
        """What it is called in the comparison."""

    def desired(self, deployment: Deployment) -> int:
        """Return the count from now on; called in the order of time."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Has as many replicas always."""

    name: str
    replicas: int

    def desired(self, deployment: Deployment) -> int:
        return self.replicas


class Autoscaler:
    """Decides as the operator does for *spec*, from what the simulation shows."""

    def __init__(self, name: str, spec: ScalerSpec) -> None:
        self.name = name
        self._spec = spec
        self._memory = Memory()

    def desired(self, deployment: Deployment) -> int:
        metrics = self._spec.autoscaling.metrics if self._spec.autoscaling else ()
        decision = decide(self._spec, _observed(deployment, metrics), self._memory, deployment.time)
        self._memory = decision.intended() if decision.scales else decision.memory
        return deployment.replicas if decision.desired is None else decision.desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Requests take up to *target_seconds*, but for *allowed_ratio* of them."""

    target_seconds: float = 0.2
    allowed_ratio: float = 0.05


def objective_of(spec: ScalerSpec) -> Objective:
    """Return what the first latency metric of *spec* asks for; the platform's without one."""
    for metric in spec.autoscaling.metrics if spec.autoscaling else ():
        if metric.latency is not None:
            return Objective(
                target_seconds=metric.latency.target_milliseconds / 1000,
                allowed_ratio=(100 - metric.latency.objective_percent) / 100,
            )
    return Objective()


def without_the_unsimulated(spec: Body) -> tuple[Body, list[str]]:
    """
    Return *spec* with the metrics that a simulation has figures for, and the others' names.

    It has CPU, latency, and requests a second for every query with `averageValue`.
    """
    autoscaling = spec.get("autoscaling")
    if not isinstance(autoscaling, dict) or not isinstance(autoscaling.get("metrics"), list):
        return spec, []
    known = [metric for metric in autoscaling["metrics"] if _simulated(metric)]
    left_out = [str(m["name"]) for m in autoscaling["metrics"] if m not in known]
    return {**spec, "autoscaling": {**autoscaling, "metrics": known}}, left_out


def rivals(spec: ScalerSpec, service: Service) -> Sequence[Autoscaler]:
    """Return the HorizontalPodAutoscaler on CPU and on requests, within the bounds of *spec*."""
    autoscaling = spec.autoscaling
    if autoscaling is None:
        return ()
    percent, requests = DEFAULT_CPU_PERCENT, None
    for metric in autoscaling.metrics:
        if metric.resource is not None and metric.resource.average_utilization is not None:
            percent = metric.resource.average_utilization
        if metric.prometheus is not None and metric.prometheus.average_value is not None:
            requests = float(metric.prometheus.average_value)
    busy_millicores = service.cpu_request_millicores * percent / 100 - service.idle_cpu_millicores
    if requests is None:
        by_cpu = busy_millicores / 1000 / service.cpu_seconds if service.cpu_seconds else 0.0
        requests = max(1.0, min(by_cpu or service.capacity, service.capacity))
    bounds = {
        "minReplicas": autoscaling.min_replicas,
        "maxReplicas": autoscaling.max_replicas,
    }
    return [
        Autoscaler(
            f"HPA on CPU ({percent}%)",
            _spec(
                bounds,
                {
                    "name": "cpu",
                    "type": "Resource",
                    "resource": {"name": "cpu", "averageUtilization": percent},
                },
            ),
        ),
        Autoscaler(
            f"HPA on requests ({requests:.0f})",
            _spec(
                bounds,
                {
                    "name": "requests",
                    "type": "Prometheus",
                    "prometheus": {"query": "requests", "averageValue": f"{requests:.3f}"},
                },
            ),
        ),
    ]


def _spec(bounds: Mapping[str, int], metric: Mapping[str, Any]) -> ScalerSpec:
    return parsed({"targetRef": {"name": "rival"}, "autoscaling": {**bounds, "metrics": [metric]}})


def _simulated(metric: object) -> bool:
    # What is not well-formed stays, for the parser to name the fault.
    if not isinstance(metric, dict):
        return True
    prometheus, resource = metric.get("prometheus"), metric.get("resource")
    if isinstance(prometheus, dict):
        return "value" not in prometheus
    return not (isinstance(resource, dict) and resource.get("name") == "memory")


def _observed(deployment: Deployment, metrics: Sequence[Metric]) -> Observed:
    return Observed(
        replicas=deployment.replicas,
        pods=deployment.pods(),
        figures={each.name: _figure(deployment, each) for each in metrics if each.prometheus},
        latencies={
            each.name: _latency(deployment, each.latency) for each in metrics if each.latency
        },
    )


def _figure(deployment: Deployment, metric: Metric) -> Figure:
    if metric.prometheus is None or metric.prometheus.average_value is None:
        return Missing(why="the simulation does not know it")
    requests = deployment.requests_per_second(_REQUESTS_WINDOW_SECONDS)
    return Sample(value=requests, time=deployment.time)


def _latency(deployment: Deployment, metric: LatencyMetric) -> Latency:
    return Latency(
        recent=deployment.durations(metric.window_seconds),
        budget=deployment.durations(metric.budget_window_seconds),
    )
