"""A budget before a real API server: its month is in its status, and nowhere else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.objects import SCALING_BUDGET, Key
from tantrum_operator.recorder import Recorder
from tantrum_operator.reporter import Reporter
from tantrum_operator.scaler.reconciler import ScalerReconciler

from .budgets import at, budget
from .manifests import deployment
from .scaler_manifests import scaler_body

CRDS = Path(__file__).parents[2] / "charts/tvtantrum-operator/crds"
BEGIN = at("2026-11-01T00:00:00")

pytestmark = pytest.mark.integration


@pytest.fixture
async def cluster(api_server):
    api_server.install_crds(CRDS)
    async with connected(api_server.kubeconfig()) as client:
        yield Cluster(client, timeout_seconds=30)


async def one_pass(cluster, namespace, now):
    """What an operator does that has just started."""
    reconciler = ScalerReconciler(cluster, None, metrics_seconds=1, now=lambda: now)
    reporter = Reporter(cluster, Recorder(cluster, instance="test"))
    for report in await reconciler.reconcile(
        Key(kind="ServiceScaler", namespace=namespace, name="")
    ):
        await reporter.report(report, now=now)


async def test_operators_that_end_after_each_pass_count_the_month_to_the_cent(
    cluster, api_server, namespace
):
    limits = {"fixedCosts": [{"name": "database", "monthly": 72}], "maxMonthly": 200}
    scaler = scaler_body(budgetRef={"name": "platform"})
    for body in (budget(**limits), scaler, deployment(namespace, replicas=4)):
        metadata = {"name": body["metadata"]["name"], "namespace": namespace}
        made = {name: body[name] for name in ("apiVersion", "kind", "spec")}
        await cluster.apply({**made, "metadata": metadata})

    for step in range(21):
        await one_pass(cluster, namespace, BEGIN + dt.timedelta(minutes=30 * step))

    found = await cluster.get(SCALING_BUDGET, namespace, "platform")
    status = found["status"]
    # Ten hours of 4 replicas at 0.01, and ten of the month's 720 of 72.
    assert status["monthToDate"] == "1.40"
    assert status["projected"] == "100.80"
    assert status["replicas"] == [{"scaler": "gateway", "count": 4, "hourly": "0.04"}]
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    assert conditions["MonthToDateKnown"] == conditions["Ready"] == "True"
    row = api_server.kubectl("get", "tsb", "-n", namespace, "--no-headers").split()
    assert row[:-1] == ["platform", "200", "USD", "1.40", "100.80", "False", "True"]
