"""Scalers, pods and figures for tests."""

from __future__ import annotations

import datetime as dt
import math

from tantrum_operator.scaler.figures import Distribution, Latency, Observed, Sample
from tantrum_operator.scaler.memory import Memory
from tantrum_operator.scaler.plan import decide
from tantrum_operator.scaler.spec import parsed
from tantrum_operator.scaler.utilisation import Phase, Pod, Resource, Usage

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

CPU = {
    "name": "cpu",
    "type": "Resource",
    "resource": {"name": "cpu", "averageUtilization": 70},
}
REQUESTS = {
    "name": "requests",
    "type": "Prometheus",
    "prometheus": {"query": "sum(rate(requests_total[1m]))", "averageValue": 50},
}
LATENCY = {
    "name": "latency",
    "type": "Latency",
    "latency": {"histogram": "request_duration_seconds"},
}


def later(seconds, now=NOW):
    return now + dt.timedelta(seconds=seconds)


def autoscaling(*metrics, **others):
    return {"minReplicas": 2, "maxReplicas": 20, "metrics": list(metrics or [CPU]), **others}


def scaler_spec(*metrics, **others):
    """The spec of a scaler that enforces; *others* are fields of its autoscaling."""
    return {
        "targetRef": {"name": "gateway"},
        "mode": "Enforce",
        "autoscaling": autoscaling(*metrics, **others),
    }


def scaler(*metrics, **others):
    return parsed(scaler_spec(*metrics, **others))


def fixed(replicas, **others):
    return parsed(
        {"targetRef": {"name": "gateway"}, "mode": "Enforce", "replicas": replicas, **others}
    )


def pod(name="gateway-0", *, cpu=None, ready_seconds=3600, now=NOW, **changes):
    """A pod that has been ready for *ready_seconds*, or is not ready yet where that is None."""
    since = now - dt.timedelta(seconds=ready_seconds or 0)
    usage = (
        {Resource.CPU: Usage(amount=cpu, time=now, window_seconds=15)} if cpu is not None else {}
    )
    defaults = {
        "name": name,
        "phase": Phase.RUNNING,
        "deleting": False,
        "ready": ready_seconds is not None,
        "start_time": since,
        "ready_changed_time": since,
        "request": {Resource.CPU: 500, Resource.MEMORY: 2**28 * 1000},
        "usage": usage,
    }
    return Pod(**{**defaults, **changes})


def pods(count, **figures):
    return [pod(f"gateway-{number}", **figures) for number in range(count)]


def durations(fraction, *, requests=1000, now=NOW):
    """A histogram with *fraction* of its requests over 200 ms."""
    within = requests * (1 - fraction)
    counts = {0.1: within / 2, 0.2: within, 1.0: float(requests), math.inf: float(requests)}
    return Distribution(counts=counts, time=now)


def latency(fraction, *, budget=None, **others):
    long_run = durations(fraction if budget is None else budget, **others)
    return {"latency": Latency(recent=durations(fraction, **others), budget=long_run)}


def rate(value, now=NOW):
    return {"requests": Sample(value=value, time=now)}


def seen(replicas, *, cpu=None, now=NOW, ready_seconds=3600, **others):
    """What is observed of *replicas* pods that each use *cpu* millicores of 500."""
    found = pods(replicas, cpu=cpu, now=now, ready_seconds=ready_seconds)
    return Observed(replicas=replicas, pods=found, **others)


class Day:
    """A target whose scaler is obeyed at once; *look* observes, decides and scales."""

    def __init__(self, spec, replicas=2):
        self.spec = spec
        self.replicas = replicas
        self.memory = Memory()
        self.now = NOW

    def look(self, *, after_seconds=15, **figures):
        self.now = later(after_seconds, self.now)
        observed = seen(self.replicas, now=self.now, **figures)
        decision = decide(self.spec, observed, self.memory, self.now)
        self.memory = decision.intended() if decision.scales else decision.memory
        self.replicas = decision.desired
        return decision
