"""The client against a real API server: what it reads, writes, and says when it cannot."""

from __future__ import annotations

import prometheus_client
import pytest
from tantrum_kit.errors import InvalidInputError, NotFoundError
from tantrum_operator.cluster import (
    Cluster,
    ClusterUnavailableError,
    ConflictError,
    NotLeadingError,
    connected,
)
from tantrum_operator.handlers import Watch
from tantrum_operator.objects import CONFIG_MAP, DEPLOYMENT, Kind

from .manifests import config_map, deployment

pytestmark = pytest.mark.integration

_TIMEOUT_SECONDS = 30.0


@pytest.fixture
async def client(api_server):
    async with connected(api_server.kubeconfig()) as client:
        yield client


@pytest.fixture
def cluster(client):
    return Cluster(client, timeout_seconds=_TIMEOUT_SECONDS)


async def test_what_is_applied_is_read_again_and_deleted(cluster, namespace):
    await cluster.apply(config_map(namespace, colour="red"))
    await cluster.apply(config_map(namespace, colour="blue"))

    read = await cluster.get(CONFIG_MAP, namespace, "settings")
    assert read["data"] == {"colour": "blue"}
    await cluster.delete(CONFIG_MAP, namespace, "settings")
    assert await cluster.get(CONFIG_MAP, namespace, "settings") is None
    await cluster.delete(CONFIG_MAP, namespace, "settings")


async def test_another_object_of_the_same_name_is_not_deleted(cluster, namespace):
    await cluster.apply(config_map(namespace))

    await cluster.delete(CONFIG_MAP, namespace, "settings", uid="somebody-elses")

    assert await cluster.get(CONFIG_MAP, namespace, "settings") is not None


async def test_lists_have_every_page_and_keep_to_labels(cluster, namespace, monkeypatch):
    monkeypatch.setattr("tantrum_operator.cluster._PAGE_SIZE", 2)
    for number in range(5):
        await cluster.create(config_map(namespace, f"number-{number}"))

    found = await cluster.list(CONFIG_MAP, namespace)
    labelled = await cluster.list(CONFIG_MAP, namespace, labels={"app": "number-3"})

    assert [each["metadata"]["name"] for each in found] == [f"number-{n}" for n in range(5)]
    assert [each["metadata"]["name"] for each in labelled] == ["number-3"]
    assert {(each["apiVersion"], each["kind"]) for each in found} == {("v1", "ConfigMap")}


async def test_a_scale_is_set_only_where_nothing_changed_in_between(cluster, namespace):
    await cluster.apply(deployment(namespace))
    seen = await cluster.scale(namespace, "gateway")

    await cluster.set_scale(namespace, "gateway", 5, resource_version=seen.resource_version)
    with pytest.raises(ConflictError):
        await cluster.set_scale(namespace, "gateway", 9, resource_version=seen.resource_version)

    assert (seen.replicas, seen.selector) == (2, "app=gateway")
    assert (await cluster.scale(namespace, "gateway")).replicas == 5
    assert await cluster.scale(namespace, "nobody") is None


async def test_a_status_is_applied_to_that_very_object(cluster, namespace):
    written = await cluster.apply(deployment(namespace))

    await cluster.apply_status(
        DEPLOYMENT, namespace, "gateway", {"replicas": 2}, uid=written["metadata"]["uid"]
    )
    with pytest.raises(InvalidInputError, match="uid"):
        await cluster.apply_status(DEPLOYMENT, namespace, "gateway", {"replicas": 3}, uid="other")

    assert (await cluster.get(DEPLOYMENT, namespace, "gateway"))["status"]["replicas"] == 2


async def test_what_is_not_valid_is_the_callers_error(cluster, namespace):
    with pytest.raises(InvalidInputError, match="Invalid value"):
        await cluster.apply(config_map(namespace, "Not_A_Name"))
    with pytest.raises(NotFoundError):
        await cluster.apply(config_map("no-such-namespace"))


async def test_only_kinds_that_are_served_are_told(cluster):
    assert "deployments" in await cluster.served("apps/v1")
    assert await cluster.served("nobody.example.com/v1") == frozenset()


async def test_nothing_is_written_when_another_may_lead(client, namespace):
    follower = Cluster(client, timeout_seconds=_TIMEOUT_SECONDS, may_write=lambda: False)

    with pytest.raises(NotLeadingError):
        await follower.apply(config_map(namespace))

    assert await follower.get(CONFIG_MAP, namespace, "settings") is None


async def test_calls_are_counted_by_verb_kind_and_outcome(cluster, namespace):
    labels = {"verb": "get", "kind": "ConfigMap", "outcome": "not_found"}
    before = _count(labels)

    await cluster.get(CONFIG_MAP, namespace, "nothing")

    assert _count(labels) == before + 1


async def test_a_pod_uses_its_own_account_and_so_does_kopf(
    api_server, namespace, monkeypatch, tmp_path
):
    kubectl = api_server.kubectl
    kubectl("-n", namespace, "create", "serviceaccount", "op")
    account = f"--serviceaccount={namespace}:op"
    kubectl("-n", namespace, "create", "role", "op", "--verb=list", "--resource=configmaps")
    kubectl("-n", namespace, "create", "rolebinding", "op", "--role=op", account)
    token = tmp_path / "token"
    token.write_text(kubectl("-n", namespace, "create", "token", "op"))
    where = "kubernetes.aio.config.incluster_config"
    monkeypatch.setattr(f"{where}.SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(f"{where}.SERVICE_CERT_FILENAME", str(api_server.certificate))
    host, _, port = api_server.url.removeprefix("https://").rpartition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)

    async with connected(None) as client:
        found = await Cluster(client, timeout_seconds=_TIMEOUT_SECONDS).list(CONFIG_MAP, namespace)
        access = await Watch(client, [], [namespace], lambda *_, **__: None)._login()

    assert found == []
    assert access.server == api_server.url
    assert access.token == token.read_text()
    assert access.as_ssl_context().get_ca_certs()


async def test_no_answer_in_time_is_an_outage(client, namespace):
    # Nothing answers within a microsecond.
    hasty = Cluster(client, timeout_seconds=0.000001)

    with pytest.raises(ClusterUnavailableError):
        await hasty.get(CONFIG_MAP, namespace, "settings")


async def test_a_kind_that_is_not_served_is_absent(cluster, namespace):
    unserved = Kind(api_version="apps/v1", name="Deployment", plural="nothing")

    assert await cluster.get(unserved, namespace, "a") is None


def _count(labels):
    name = "tantrum_operator_api_calls_total"
    return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0
