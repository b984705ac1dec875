"""PgBouncer objects on a real API server, with an agent that answers what it is told to."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json

import pytest
import yaml
from aiohttp import web
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.conditions import Truth
from tantrum_operator.objects import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    PGBOUNCER,
    SECRET,
    SERVICE,
)
from tantrum_operator.pgbouncer.agents import Agents
from tantrum_operator.pgbouncer.pods import labels
from tantrum_operator.pgbouncer.protocol import (
    AgentState,
    UpstreamState,
    digest_of,
    orders_from_json,
    state_to_json,
)
from tantrum_operator.pgbouncer.reconciler import PgBouncerReconciler

from .specs import pgbouncer
from .test_spec import CRD, bare

pytestmark = pytest.mark.integration

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
CHILDREN = (
    (CONFIG_MAP, "pooler-settings"),
    (SECRET, "pooler-agent"),
    (SERVICE, "pooler"),
    (SERVICE, "pooler-metrics"),
    (DISRUPTION_BUDGET, "pooler"),
    (DEPLOYMENT, "pooler"),
)


class FakeAgent:
    """Does at once what it is ordered, and has read *max_connections*."""

    def __init__(self, max_connections=100):
        self.max_connections = max_connections
        self.orders = None
        self.tokens = set()

    @property
    def state(self):
        upstream = UpstreamState(
            database="tantrum",
            reachable=True,
            max_connections=self.max_connections,
            reserved_connections=3,
        )
        state = AgentState(version="1.24.1", ready=True, upstreams=(upstream,))
        if self.orders is None:
            return state
        return dataclasses.replace(
            state,
            in_force=digest_of(self.orders.settings),
            paused=self.orders.pause is not None,
        )

    @contextlib.asynccontextmanager
    async def serving(self):
        async def get(request):
            return web.Response(text=state_to_json(self.state))

        async def put(request):
            self.tokens.add(request.headers["Authorization"].removeprefix("Bearer "))
            self.orders = orders_from_json(await request.read())
            return web.Response(text=state_to_json(self.state))

        application = web.Application()
        application.add_routes([web.get("/v1/state", get), web.put("/v1/orders", put)])
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


class Bench:
    """One object, the reconciler, and the agent that the pods of the test lead to."""

    def __init__(self, server, namespace, cluster, agent, port):
        self.server = server
        self.namespace = namespace
        self.cluster = cluster
        self.agent = agent
        self._reconciler = PgBouncerReconciler(
            cluster, Agents(port=port), agent_image="operator:1", now=lambda: NOW
        )

    def put(self, **changes):
        body = bare(pgbouncer(namespace=self.namespace, **changes))
        self.server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))

    def add_pod(self, name="pooler-1"):
        container = {"name": "pgbouncer", "image": "pgbouncer:1"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": labels("pooler"),
            },
            "spec": {"containers": [container]},
        }
        self.server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(pod))
        status = {"status": {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}}
        where = ("-n", self.namespace, "patch", "pod", name, "--subresource=status")
        self.server.kubectl(*where, "-p", json.dumps(status))

    async def reconcile(self):
        key = self._reconciler.key(PGBOUNCER, self.namespace, "pooler")
        return await self._reconciler.reconcile(key)

    async def conditions(self):
        [report] = await self.reconcile()
        return {each.type: (each.status, each.reason) for each in report.conditions}

    async def children(self):
        return {
            (kind.name, name)
            for kind, name in CHILDREN
            if await self.cluster.get(kind, self.namespace, name)
        }

    async def get(self, kind, name="pooler"):
        return await self.cluster.get(kind, self.namespace, name)


@pytest.fixture(scope="module")
def server(api_server):
    api_server.install_crds(CRD)
    return api_server


@pytest.fixture
async def bench(server, namespace):
    agent = FakeAgent()
    async with connected(server.kubeconfig()) as client, agent.serving() as port:
        yield Bench(server, namespace, Cluster(client, timeout_seconds=60), agent, port)


async def test_an_object_becomes_poolers_that_are_told_what_to_do(bench):
    bench.put()

    await bench.reconcile()
    bench.add_pod()
    said = await bench.conditions()

    assert await bench.children() == {(kind.name, name) for kind, name in CHILDREN}
    assert "max_db_connections = 20\n" in bench.agent.orders.settings
    assert said["ConfigInForce"] == (Truth.TRUE, "InForce")
    assert said["ConnectionsFit"] == (Truth.TRUE, "Fits")
    # No kubelet is here that would make one ready.
    assert said["Ready"] == (Truth.FALSE, "PoolersNotReady")


async def test_what_stands_is_written_once(bench):
    bench.put()
    bench.add_pod()
    await bench.reconcile()
    await bench.reconcile()
    versions = [
        (await bench.get(kind, name))["metadata"]["resourceVersion"] for kind, name in CHILDREN
    ]

    await bench.reconcile()

    assert versions == [
        (await bench.get(kind, name))["metadata"]["resourceVersion"] for kind, name in CHILDREN
    ]


async def test_a_child_that_is_deleted_or_changed_is_put_back(bench):
    bench.put()
    await bench.reconcile()
    await bench.cluster.delete(SERVICE, bench.namespace, "pooler")
    bench.server.kubectl("-n", bench.namespace, "scale", "deployment/pooler", "--replicas=7")

    await bench.reconcile()

    assert await bench.children() == {(kind.name, name) for kind, name in CHILDREN}
    assert (await bench.get(DEPLOYMENT))["spec"]["replicas"] == 2


async def test_a_pool_that_would_not_fit_is_refused_and_the_old_one_runs_on(bench):
    bench.put()
    bench.add_pod()
    await bench.reconcile()
    await bench.reconcile()

    bench.put(pool__size=50, replicas=4)
    [report] = await bench.reconcile()

    assert report.conditions[0].reason == "ConnectionBudgetExceeded"
    assert [each.reason for each in report.occurrences] == ["ConnectionBudgetExceeded"]
    assert "max_db_connections = 20\n" in bench.agent.orders.settings
    assert (await bench.get(DEPLOYMENT))["spec"]["replicas"] == 2

    bench.agent.max_connections = 500
    await bench.reconcile()
    assert "max_db_connections = 50\n" in bench.agent.orders.settings
    assert (await bench.get(DEPLOYMENT))["spec"]["replicas"] == 4


async def test_poolers_that_were_retained_are_taken_over(bench):
    bench.put()
    bench.add_pod()
    await bench.reconcile()
    await bench.reconcile()
    before, [token] = await bench.get(DEPLOYMENT), bench.agent.tokens

    await bench.cluster.delete(PGBOUNCER, bench.namespace, "pooler")
    gone = await bench.reconcile()
    left = await bench.children()
    bench.put(pool__size=15)
    await bench.reconcile()

    assert gone == []
    assert left == {(kind.name, name) for kind, name in CHILDREN}
    after = await bench.get(DEPLOYMENT)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert bench.agent.tokens == {token}
    assert "max_db_connections = 15\n" in bench.agent.orders.settings


async def test_the_policy_may_change_and_takes_its_owner_with_it(bench):
    async def owners():
        return [
            len((await bench.get(kind, name))["metadata"].get("ownerReferences", []))
            for kind, name in CHILDREN
        ]

    bench.put(deletionPolicy="Delete")
    await bench.reconcile()
    owned = await owners()
    bench.put(deletionPolicy="Retain")
    await bench.reconcile()

    assert owned == [1] * 6
    assert await owners() == [0] * 6


async def test_somebody_elses_deployment_is_not_touched(bench):
    other = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "pooler", "namespace": bench.namespace},
        "spec": {"ports": [{"port": 80}]},
    }
    bench.server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(other))
    bench.put()

    said = await bench.conditions()

    assert said == {"Ready": (Truth.FALSE, "NameTaken")}
    assert await bench.children() == {("Service", "pooler")}


async def test_a_pause_is_written_down_before_it_is_ordered(bench):
    bench.put()
    bench.add_pod()
    await bench.reconcile()
    bench.put(paused=True)

    said = await bench.conditions()
    settings = await bench.get(CONFIG_MAP, "pooler-settings")

    assert said["Paused"] == (Truth.TRUE, "Pausing")
    assert bench.agent.orders.pause.remaining_seconds == 15.0
    assert settings["data"]["pause-until"] == f"{NOW.timestamp() + 15:.0f}"

    bench.put(paused=False)
    await bench.reconcile()
    assert bench.agent.orders.pause is None
    settings = await bench.get(CONFIG_MAP, "pooler-settings")
    assert settings["data"]["pause-until"] == ""
    assert "platform.tvtantrum.com/pause" not in settings["metadata"]["annotations"]


async def test_a_spec_that_got_past_the_crd_is_refused_by_a_condition(bench, monkeypatch):
    bench.put()
    body = await bench.get(PGBOUNCER)
    body["spec"]["pool"]["size"] = 99

    async def stored_before_the_rule(*_):
        return body

    monkeypatch.setattr(bench.cluster, "get", stored_before_the_rule)

    assert await bench.conditions() == {"Ready": (Truth.FALSE, "InvalidSpec")}
