"""A RedisCache on a real API server, without anything that runs its pods."""

from __future__ import annotations

import pytest
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.objects import REDIS_CACHE, SECRET, SERVICE, STATEFUL_SET
from tantrum_operator.rediscache.reconciler import RedisCacheReconciler

from .objects import body
from .test_spec import CRD, write

pytestmark = pytest.mark.integration


@pytest.fixture
async def cluster(api_server):
    api_server.install_crds(CRD)
    async with connected(api_server.kubeconfig()) as client:
        yield Cluster(client, timeout_seconds=30)


class SilentServers:
    """There are no pods, and so no names to be looked up."""

    def __init__(self, *_: object, **__: object) -> None: ...

    async def nodes(self, addresses):
        return ()

    sentinels = nodes


@pytest.fixture
def reconcile(cluster, namespace, api_server):
    reconciler = RedisCacheReconciler(cluster, make_servers=SilentServers)

    async def reconciled(**spec):
        write(api_server, "apply", body(namespace, **spec))
        return await reconciler.reconcile(reconciler.key(REDIS_CACHE, namespace, "cache"))

    return reconciled


async def test_children_are_made_and_a_second_pass_changes_nothing(cluster, namespace, reconcile):
    await reconcile(exporterImage="exporter:1")
    first = await cluster.get(STATEFUL_SET, namespace, "cache-redis")
    await reconcile(exporterImage="exporter:1")

    second = await cluster.get(STATEFUL_SET, namespace, "cache-redis")
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    assert await cluster.get(STATEFUL_SET, namespace, "cache-sentinel")


async def test_a_child_that_was_deleted_or_changed_is_put_right(
    cluster, namespace, reconcile, api_server
):
    await reconcile()
    api_server.kubectl("delete", "service", "cache-redis", "--namespace", namespace)
    scale = ("scale", "statefulset", "cache-redis", "--replicas=5", "--namespace", namespace)
    api_server.kubectl(*scale)

    await reconcile()

    assert await cluster.get(SERVICE, namespace, "cache-redis")
    redis = await cluster.get(STATEFUL_SET, namespace, "cache-redis")
    assert redis["spec"]["replicas"] == 2


async def test_the_password_is_made_once_and_never_again(cluster, namespace, reconcile, api_server):
    await reconcile()
    made = await cluster.get(SECRET, namespace, "cache-redis-auth")
    await reconcile()
    assert (await cluster.get(SECRET, namespace, "cache-redis-auth"))["data"] == made["data"]

    api_server.kubectl("delete", "secret", "cache-redis-auth", "--namespace", namespace)
    [report] = await reconcile()

    assert await cluster.get(SECRET, namespace, "cache-redis-auth") is None
    assert {each.reason for each in report.conditions} >= {"SecretMissing"}


async def test_retained_children_have_no_owner_and_others_have_one(cluster, namespace, reconcile):
    async def owners():
        found = await cluster.get(STATEFUL_SET, namespace, "cache-redis")
        return found["metadata"].get("ownerReferences", [])

    await reconcile()
    assert await owners() == []
    await reconcile(deletionPolicy="Delete")
    assert [each["kind"] for each in await owners()] == ["RedisCache"]
    await reconcile()
    assert await owners() == []


async def test_what_is_reported_is_a_status_that_the_crd_takes(cluster, namespace, reconcile):
    [report] = await reconcile()

    await cluster.apply_status(REDIS_CACHE, namespace, "cache", report.status)
    assert (await cluster.get(REDIS_CACHE, namespace, "cache"))["status"] == report.status


class Stored:
    """Has one object, which an older definition let in."""

    def __init__(self, stored) -> None:
        self._stored = stored

    async def get(self, *_: object):
        return self._stored


async def test_a_spec_that_cannot_be_followed_is_told_and_changes_nothing():
    status = {"master": "cache-redis-1", "conditions": [], "observedGeneration": 1}
    reconciler = RedisCacheReconciler(Stored({**body(replicas=99), "status": status}))

    [report] = await reconciler.reconcile(reconciler.key(REDIS_CACHE, "shows", "cache"))

    [ready] = report.conditions
    assert (ready.type, ready.status, ready.reason) == ("Ready", "False", "InvalidSpec")
    assert "spec.replicas" in ready.message
    assert report.status == {"master": "cache-redis-1"}


async def test_what_is_gone_has_no_report(cluster, namespace):
    reconciler = RedisCacheReconciler(cluster)

    assert not await reconciler.reconcile(reconciler.key(REDIS_CACHE, namespace, "gone"))
