"""Passes of a reconciler of scalers before a real API server; only what measures is made up."""

from __future__ import annotations

import datetime as dt
import math

from tantrum_operator.cluster import Cluster, ClusterUnavailableError
from tantrum_operator.objects import DEPLOYMENT, POD, SERVICE_SCALER, Key
from tantrum_operator.prometheus import Point, PrometheusUnavailableError, Series
from tantrum_operator.recorder import Recorder
from tantrum_operator.reporter import Reporter
from tantrum_operator.scaler.reconciler import ScalerReconciler

from .scalers import autoscaling

TIMEOUT_SECONDS = 30.0


class Measured:
    """Answers every query by what a test says is so at the reconciler's own time."""

    def __init__(self):
        self.now = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
        self.values = {}
        self.gone = False
        self.asked = 0

    async def instant(self, query):
        self.asked += 1
        if self.gone:
            raise PrometheusUnavailableError("Prometheus: refused")
        found = self.values.get(query)
        if found is None:
            return []
        if isinstance(found, dict):
            return [
                Series(labels={"le": str(bound)}, points=[Point(time=self.now, value=count)])
                for bound, count in found.items()
            ]
        return [Series(labels={}, points=[Point(time=self.now, value=found)])]

    def over_target(self, fraction):
        counts = {0.2: 1000 * (1 - fraction), 1.0: 1000.0, math.inf: 1000.0}
        for seconds in (60, 3600):
            query = f"sum by (le) (increase(request_duration_seconds_bucket{{}}[{seconds}s]))"
            self.values[query] = counts


class MeasuredCluster(Cluster):
    """Has a metrics.k8s.io, by what a test says each pod uses."""

    millicores = None

    async def pod_metrics(self, namespace, selector):
        if self.millicores is None:
            return await super().pod_metrics(namespace, selector)
        return [
            {
                "metadata": {"name": each["metadata"]["name"]},
                "timestamp": self.now.isoformat(),
                "window": "15s",
                "containers": [{"usage": {"cpu": f"{self.millicores}m", "memory": "1Mi"}}],
            }
            for each in await self.list(POD, namespace)
        ]


class DyingCluster(MeasuredCluster):
    """Dies before it scales."""

    async def set_scale(self, *arguments, **named):
        raise ClusterUnavailableError("PUT: timed out")


class BusyCluster(MeasuredCluster):
    """Somebody writes the Deployment between the look and the scaling: *meanwhile* says what."""

    meanwhile = None

    async def apply_status(self, *arguments, **named):
        await super().apply_status(*arguments, **named)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()


class Operator:
    """A reconciler and what writes its reports; `restarted` is another one."""

    def __init__(self, client, namespace, kind=MeasuredCluster):
        self.cluster = kind(client, timeout_seconds=TIMEOUT_SECONDS)
        self.metrics = Measured()
        self.namespace = namespace
        self._client = client
        self._reconciler = ScalerReconciler(
            self.cluster,
            self.metrics,
            metrics_seconds=TIMEOUT_SECONDS,
            now=lambda: self.metrics.now,
        )
        self._reporter = Reporter(self.cluster, Recorder(self.cluster, instance="test"))

    async def look(self, *, after_seconds=15):
        """Reconcile once, and return the conditions and occurrences by scaler."""
        self.metrics.now += dt.timedelta(seconds=after_seconds)
        self.cluster.now = self.metrics.now
        key = self._reconciler.key(SERVICE_SCALER, self.namespace, "gateway")
        assert key == Key(kind="ServiceScaler", namespace=self.namespace, name="")
        reports = await self._reconciler.reconcile(key)
        for report in reports:
            await self._reporter.report(report, now=self.metrics.now)
        return {
            each.body["metadata"]["name"]: (
                {condition.type: condition for condition in each.conditions},
                [occurrence.reason for occurrence in each.occurrences],
            )
            for each in reports
        }

    def restarted(self, kind=MeasuredCluster):
        again = Operator(self._client, self.namespace, kind)
        again.metrics = self.metrics
        again._reconciler._metrics = self.metrics
        again._reconciler._now = lambda: self.metrics.now
        again.cluster.millicores = self.cluster.millicores
        return again

    async def replicas(self, name="gateway"):
        return (await self.cluster.get(DEPLOYMENT, self.namespace, name))["spec"]["replicas"]

    async def status(self, name="gateway"):
        return (await self.cluster.get(SERVICE_SCALER, self.namespace, name))["status"]

    async def scale(self, replicas):
        """As a person does."""
        scale = await self.cluster.scale(self.namespace, "gateway")
        await self.cluster.set_scale(
            self.namespace, "gateway", replicas, resource_version=scale.resource_version
        )

    async def make(self, *metrics, name="gateway", target="gateway", spec=None, annotations=None):
        body = {
            "apiVersion": "platform.tvtantrum.com/v1alpha1",
            "kind": "ServiceScaler",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "annotations": annotations or {},
            },
            "spec": {
                "mode": "Enforce",
                "autoscaling": autoscaling(*metrics),
                **(spec or {}),
                "targetRef": {"name": target},
            },
        }
        await self.cluster.apply(body)
