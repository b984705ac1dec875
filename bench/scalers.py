"""300 scalers before a real API server, whose pods and figures are made up."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import resource
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import prometheus_client
from tantrum_kit import logs
from tantrum_operator import app
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.objects import DEPLOYMENT, POD, SERVICE_SCALER, Body, Kind
from tantrum_operator.prometheus import Point, Series
from tantrum_operator.recorder import Recorder
from tantrum_operator.reporter import Reporter
from tantrum_operator.scaler.reconciler import ScalerReconciler
from tantrum_stack.processes import Process, until_ready
from tantrum_stack.testing import ApiServer

from bench.report import bar, table, title

_CRDS: Final = Path(__file__).parents[1] / "charts/tvtantrum-operator/crds"
_SCALERS: Final = 300
_IDLE_PASSES: Final = 8
_PERIOD_SECONDS: Final = 15
_READY_SECONDS: Final = 120.0
_TIMEOUT_SECONDS: Final = 60.0
_NAMESPACE: Final = "bench"
_POD_SPEC: Final = {"containers": [{"name": "main", "image": "nowhere/none:1"}]}


class _Load:
    """A Prometheus that knows one figure."""

    value = 100.0

    async def instant(self, query: str) -> Sequence[Series]:
        point = Point(time=dt.datetime.now(dt.UTC), value=self.value)
        return [Series(labels={}, points=[point])]


class _TimedCluster(Cluster):
    """Knows when it scaled last."""

    scaled_at = 0.0
    scalings = 0

    async def set_scale(
        self, namespace: str, deployment: str, replicas: int, *, resource_version: str
    ) -> None:
        await super().set_scale(namespace, deployment, replicas, resource_version=resource_version)
        self.scaled_at = time.perf_counter()
        self.scalings += 1


async def measure() -> bool:
    """Print what a pass costs; return whether the bars are held."""
    logs.configure(log_format="json", level="WARNING")
    app.collect_rarely()
    async with _api_server() as server, connected(server.kubeconfig()) as client:
        await asyncio.to_thread(server.install_crds, _CRDS)
        await asyncio.to_thread(server.kubectl, "create", "namespace", _NAMESPACE)
        cluster, load = _TimedCluster(client, timeout_seconds=_TIMEOUT_SECONDS), _Load()
        empty = _peak_mebibytes()
        await _made(cluster)
        reporter = Reporter(cluster, Recorder(cluster, instance="bench"))
        reconciler = ScalerReconciler(cluster, load, metrics_seconds=_TIMEOUT_SECONDS)
        title(f"{_SCALERS} scalers of one namespace")
        held = await _passes(cluster, load, reconciler, reporter)
        print(
            f"  {_peak_mebibytes():,.0f} MiB at most, {empty:,.0f} before there were any scalers."
        )
        return held


async def _passes(
    cluster: _TimedCluster, load: _Load, reconciler: ScalerReconciler, reporter: Reporter
) -> bool:
    await _pass(reconciler, reporter)
    await _pass(reconciler, reporter)
    calls, busy = _calls(), time.process_time()
    for _ in range(_IDLE_PASSES):
        await _pass(reconciler, reporter)
    idle_calls = (_calls() - calls) / _IDLE_PASSES
    idle_seconds = (time.process_time() - busy) / _IDLE_PASSES

    load.value = 300.0
    calls, began, busy = _calls(), time.perf_counter(), time.process_time()
    await _pass(reconciler, reporter)
    scaling_seconds = time.process_time() - busy
    seconds = cluster.scaled_at - began
    table(
        ("", "API calls", "CPU ms"),
        [
            ("a pass in which nothing changes", idle_calls, idle_seconds * 1000),
            ("a pass that scales all, events included", _calls() - calls, scaling_seconds * 1000),
        ],
    )
    print(f"  {idle_calls * 60 / _PERIOD_SECONDS:,.0f} calls a minute while nothing changes;")
    return all(
        (
            bar("from the tick to the last scaling", seconds, at_most=3, unit=" s"),
            bar("targets scaled", cluster.scalings, at_least=_SCALERS),
            bar("idle CPU", 100 * idle_seconds / _PERIOD_SECONDS, at_most=1, unit=" % of a core"),
        )
    )


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _pass(reconciler: ScalerReconciler, reporter: Reporter) -> None:
    key = reconciler.key(SERVICE_SCALER, _NAMESPACE, "")
    for report in await reconciler.reconcile(key):
        await reporter.report(report, now=dt.datetime.now(dt.UTC))


def _calls() -> float:
    """Return how many calls of the API there were."""
    return sum(
        sample.value
        for metric in prometheus_client.REGISTRY.collect()
        if metric.name == "tantrum_operator_api_calls"
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


async def _made(cluster: Cluster) -> None:
    slots = asyncio.Semaphore(8)

    async def make(number: int) -> None:
        async with slots:
            await cluster.apply(_deployment(f"part-{number}"))
            await cluster.apply(_scaler(f"part-{number}"))
            for replica in range(2):
                await _with_pod(cluster, f"part-{number}", replica)

    await asyncio.gather(*(make(number) for number in range(_SCALERS)))


async def _with_pod(cluster: Cluster, app: str, replica: int) -> None:
    """Make a pod that looks as if it ran."""
    since = dt.datetime.now(dt.UTC).isoformat()
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    pod = _object(POD, f"{app}-{replica}", _POD_SPEC)
    pod["metadata"]["labels"] = {"app": app, "tier": "all"}
    await cluster.apply(pod)
    status = {"phase": "Running", "startTime": since, "conditions": [ready]}
    await cluster.apply_status(POD, _NAMESPACE, f"{app}-{replica}", status)


def _object(kind: Kind, name: str, spec: Body) -> Body:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": _NAMESPACE},
        "spec": spec,
    }


def _deployment(name: str) -> Body:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": _POD_SPEC}
    selector = {"matchLabels": labels}
    spec = {"replicas": 2, "selector": selector, "template": template}
    return _object(DEPLOYMENT, name, spec)


def _scaler(name: str) -> Body:
    metric = {
        "name": "requests",
        "type": "Prometheus",
        "prometheus": {"query": f'rate(requests_total{{part="{name}"}}[1m])', "averageValue": 50},
    }
    return _object(
        SERVICE_SCALER,
        name,
        {
            "targetRef": {"name": name},
            "mode": "Enforce",
            "autoscaling": {"maxReplicas": 20, "metrics": [metric]},
        },
    )


@contextlib.asynccontextmanager
async def _api_server() -> AsyncIterator[ApiServer]:
    folder = Path(tempfile.mkdtemp(prefix="tantrum-bench-"))
    try:
        server = ApiServer(folder)
        server.prepare()
        etcd = Process.start(server.etcd_command(), folder / "etcd.log")
        try:
            await until_ready(etcd, server.etcd_ready, within_seconds=_READY_SECONDS)
            await asyncio.to_thread(server.start)
            try:
                yield server
            finally:
                await asyncio.to_thread(server.stop)
        finally:
            await etcd.stop()
    finally:
        shutil.rmtree(folder)
