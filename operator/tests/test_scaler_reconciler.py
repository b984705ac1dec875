"""Passes over the scalers of a namespace of a real API server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tantrum_operator.cluster import ClusterUnavailableError, connected
from tantrum_operator.objects import (
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    SCALING_BUDGET,
    SERVICE_SCALER,
)

from .manifests import deployment
from .scaler_passes import BusyCluster, DyingCluster, Operator
from .scalers import CPU, LATENCY, REQUESTS, autoscaling

pytestmark = pytest.mark.integration

CRDS = Path(__file__).parents[2] / "charts/tvtantrum-operator/crds"
REQUEST_RATE = REQUESTS["prometheus"]["query"]


@pytest.fixture(scope="module")
def with_crds(api_server):
    api_server.install_crds(CRDS)
    return api_server


@pytest.fixture
async def operator(with_crds, namespace):
    async with connected(with_crds.kubeconfig()) as client:
        operator = Operator(client, namespace)
        await operator.cluster.apply(deployment(namespace))
        yield operator


async def test_a_target_is_scaled_and_the_status_says_why(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()

    assert await operator.replicas() == 6
    conditions, occurrences = told["gateway"]
    assert (conditions["Ready"].status, occurrences) == ("True", ["Scaled"])
    status = await operator.status()
    assert (status["replicas"], status["desiredReplicas"], status["reason"]) == (2, 6, "ScaledUp")
    assert status["intent"]["toReplicas"] == 6
    assert status["lastDecision"]["sentence"] == (
        "Scale from 2 to 6: requests proposes 6 (150 a replica against 50 a replica)"
    )
    await operator.look()
    status = await operator.status()
    assert "intent" not in status
    assert [each["toReplicas"] for each in status["decisions"]] == [6]


@pytest.mark.parametrize("mode", ["Observe", "Recommend"])
async def test_other_modes_scale_nothing(operator, mode):
    await operator.make(REQUESTS, spec={"mode": mode})
    operator.metrics.values[REQUEST_RATE] = 300.0

    await operator.look()

    assert await operator.replicas() == 2
    assert (await operator.status()).get("desiredReplicas") == (6 if mode == "Recommend" else None)


async def test_cpu_is_that_of_the_pods(operator):
    await operator.make(CPU)
    await _with_pods(operator, 2)
    operator.cluster.millicores = 500

    await operator.look()

    assert await operator.replicas() == 3


async def test_without_what_measures_nothing_goes_down_and_it_recovers(operator):
    await operator.make(CPU, REQUESTS, LATENCY)
    await operator.scale(6)
    operator.metrics.gone = True

    for _ in range(3):
        told = await operator.look(after_seconds=400)
    conditions, _ = told["gateway"]
    assert await operator.replicas() == 6
    assert (conditions["Ready"].status, conditions["Ready"].reason) == ("False", "NoMetrics")
    assert "Prometheus: refused" in conditions["ScalingActive"].message
    operator.metrics.gone = False
    operator.metrics.values[REQUEST_RATE] = 50.0
    operator.metrics.over_target(0.0)
    operator.cluster.millicores = 50
    await _with_pods(operator, 6)
    told = await operator.look(after_seconds=400)
    assert told["gateway"][0]["Ready"].status == "True"
    assert await operator.replicas() == 2


async def test_two_scalers_of_one_target_are_refused_and_named(operator):
    await operator.make(REQUESTS)
    await operator.make(REQUESTS, name="second")
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()

    assert await operator.replicas() == 2
    assert "ServiceScaler second" in told["gateway"][0]["TargetConflict"].message
    assert "ServiceScaler gateway" in told["second"][0]["TargetConflict"].message


async def test_a_scaler_beside_an_autoscaler_is_refused_and_names_it(operator):
    await operator.make(REQUESTS)
    await operator.cluster.create(_autoscaler(operator.namespace))
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()

    assert await operator.replicas() == 2
    assert "HorizontalPodAutoscaler old" in told["gateway"][0]["Ready"].message
    await operator.cluster.delete(HORIZONTAL_POD_AUTOSCALER, operator.namespace, "old")
    await operator.look()
    assert await operator.replicas() == 6


async def test_a_spec_that_only_the_operator_can_judge_is_told_of_and_others_go_on(operator):
    schedule = {"name": "x", "cron": "0 99 * * *", "durationSeconds": 60, "minReplicas": 2}
    await operator.make(
        name="wrong",
        target="search",
        spec={"autoscaling": {**autoscaling(REQUESTS), "schedules": [schedule]}},
    )
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()

    assert told["wrong"][0]["Ready"].reason == "InvalidSpec"
    assert "spec.autoscaling.schedules[0].cron" in told["wrong"][0]["Ready"].message
    assert await operator.replicas() == 6


async def test_a_paused_scaler_does_nothing(operator):
    await operator.make(REQUESTS, annotations={"platform.tvtantrum.com/paused": "true"})
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()

    assert await operator.replicas() == 2
    assert told["gateway"][0]["Paused"].status == "True"


async def test_a_scaler_without_a_target_says_so_until_there_is_one(operator):
    await operator.make(REQUESTS, name="search", target="search")
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()
    assert told["search"][0]["Ready"].reason == "TargetMissing"
    await operator.cluster.apply(deployment(operator.namespace, "search"))
    await operator.look()
    assert await operator.replicas("search") == 6


async def test_a_budget_withholds_what_it_does_not_pay_for(operator):
    budget = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "ScalingBudget",
        "metadata": {"name": "platform", "namespace": operator.namespace},
        "spec": {
            "maxMonthly": 40,
            "prices": {"replicas": [{"target": "gateway", "replicaHour": "0.01"}]},
        },
    }
    await operator.cluster.apply(budget)
    autoscaled = {**autoscaling(REQUESTS), "budgetRef": {"name": "platform"}}
    await operator.make(spec={"autoscaling": autoscaled})
    operator.metrics.values[REQUEST_RATE] = 1000.0

    told = await operator.look()

    replicas = await operator.replicas()
    assert 2 < replicas < 20
    assert told["gateway"][0]["BudgetConstrained"].status == "True"
    assert "platform" in told
    status = await operator.status()
    assert status["reason"] == "BudgetConstrained"
    assert status["lastDecision"]["sentence"].startswith(
        f"Scale from 2 to {replicas}, for its budget pays for no more (Ceiling); else scale from 2 "
    )
    assert float(status["lastDecision"]["monthlyCostBefore"]) == pytest.approx(14.6)
    found = await operator.cluster.get(SCALING_BUDGET, operator.namespace, "platform")
    assert found["status"]["withheld"][0]["allowed"] == replicas


async def test_poolers_without_connections_for_a_step_withhold_it(operator):
    await operator.make(REQUESTS)
    await operator.cluster.apply(_poolers(operator.namespace, admitting=40))
    operator.metrics.values[REQUEST_RATE] = 300.0

    told = await operator.look()

    assert await operator.replicas() == 4
    assert "PgBouncer main admits 40" in told["gateway"][0]["ConnectionsConstrained"].message


async def test_an_operator_that_dies_before_it_scales_leaves_no_trace_of_a_person(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0
    dying = operator.restarted(DyingCluster)

    with pytest.raises(ClusterUnavailableError):
        await dying.look()
    assert (await operator.status())["intent"]["toReplicas"] == 6
    told = await operator.restarted().look()

    assert await operator.replicas() == 6
    assert told["gateway"][1] == ["Scaled"]


async def test_a_write_that_left_the_count_does_not_keep_it_from_scaling(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0
    busy = operator.restarted(BusyCluster)
    touched = deployment(operator.namespace)
    touched["metadata"]["annotations"] = {"another": "write"}
    busy.cluster.meanwhile = lambda: operator.cluster.apply(touched)

    told = await busy.look()

    assert await operator.replicas() == 6
    assert told["gateway"][1] == ["Scaled"]


async def test_a_person_who_scales_at_the_same_time_is_not_overruled(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0
    busy = operator.restarted(BusyCluster)
    busy.cluster.meanwhile = lambda: operator.scale(9)

    told = await busy.look()
    assert await operator.replicas() == 9
    assert told["gateway"][1] == ["ScalingRefused"]
    told = await busy.look()
    assert await operator.replicas() == 9
    assert told["gateway"][1] == ["ScaledByPerson"]


async def test_a_restart_causes_no_scaling_down(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0
    await operator.look()
    operator.metrics.values[REQUEST_RATE] = 50.0
    await operator.look()

    told = await operator.restarted().look(after_seconds=200)

    assert await operator.replicas() == 6
    assert told["gateway"][1] == []


async def test_a_person_is_told_of_and_gone_on_from(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 100.0
    await operator.look()
    await operator.scale(5)

    told = await operator.restarted().look()

    assert told["gateway"][1] == ["ScaledByPerson"]
    assert await operator.replicas() == 5


async def test_deleting_a_scaler_leaves_its_replicas(operator):
    await operator.make(REQUESTS)
    operator.metrics.values[REQUEST_RATE] = 300.0
    await operator.look()

    await operator.cluster.delete(SERVICE_SCALER, operator.namespace, "gateway")
    told = await operator.look()

    assert told == {}
    assert await operator.replicas() == 6


async def test_many_scalers_ask_once(operator):
    for number in range(12):
        await operator.cluster.apply(deployment(operator.namespace, f"part-{number}"))
        await operator.make(REQUESTS, name=f"part-{number}", target=f"part-{number}")
    operator.metrics.values[REQUEST_RATE] = 300.0

    await operator.look()

    assert operator.metrics.asked == 1
    counts = await asyncio.gather(*(operator.replicas(f"part-{n}") for n in range(12)))
    assert set(counts) == {6}


async def _with_pods(operator, count):
    """Pods that run, since nothing here runs them."""
    ready = {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": "2026-11-24T09:00:00Z",
    }
    status = {"phase": "Running", "startTime": "2026-11-24T09:00:00Z", "conditions": [ready]}
    for number in range(count):
        name = f"gateway-{number}"
        requests = {"cpu": "500m", "memory": "256Mi"}
        await operator.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": operator.namespace,
                    "labels": {"app": "gateway"},
                },
                "spec": {
                    "containers": [
                        {
                            "name": "main",
                            "image": "nowhere/none:1",
                            "resources": {"requests": requests},
                        }
                    ]
                },
            }
        )
        await operator.cluster.apply_status(POD, operator.namespace, name, status)


def _autoscaler(namespace):
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "old", "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gateway"},
            "maxReplicas": 3,
        },
    }


def _poolers(namespace, *, admitting):
    """Two poolers, whose client is the gateway with ten connections a replica."""
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {"name": "main", "namespace": namespace},
        "spec": {
            "image": "nowhere/pgbouncer:1",
            "upstream": {"host": "postgres", "database": "tv"},
            "auth": {"secretRef": {"name": "database"}, "user": "tv"},
            "pool": {"maxClientConnections": admitting},
            "clients": [{"scalerRef": {"name": "gateway"}, "connectionsPerReplica": 10}],
        },
    }
