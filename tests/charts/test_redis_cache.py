"""Redis by the operator: a RedisCache in place of a Deployment, which the gateway finds."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from tantrum_operator.rediscache import children, pods
from tantrum_operator.rediscache.naming import Names
from tantrum_operator.rediscache.spec import parse

from .rendering import EVERYTHING, NAMESPACE, RELEASE

NAMES = Names(namespace=NAMESPACE, cache=f"{RELEASE}-cache")


@pytest.fixture(scope="module")
def objects(chart):
    redis = {"managedBy": "operator", "sentinels": 5, "replicas": 3}
    return chart.render({**EVERYTHING, "redis": redis})


@pytest.fixture(scope="module")
def cache(objects):
    return objects.one("RedisCache", NAMES.cache)


def environment(objects, name):
    [gateway] = [pod for pod in objects.pods if pod.component == "gateway"]
    [found] = [each["value"] for each in gateway.main["env"] if each["name"] == name]
    return found


def test_the_chart_makes_no_redis_beside_it(objects):
    assert f"{RELEASE}-redis" not in {pod.owner["metadata"]["name"] for pod in objects.pods}
    assert f"{RELEASE}-redis" not in {each["metadata"]["name"] for each in objects.of("Service")}


def test_the_spec_is_one_that_the_operator_takes(cache):
    spec = parse(cache["spec"])

    assert (spec.replicas, spec.sentinels) == (3, 5)
    assert spec.auth.secret_name == f"{RELEASE}-secrets"
    assert spec.exporter_image
    pod = pods.redis(spec, NAMES)
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["nodeSelector"] == {"disk": "fast"}
    assert pod["tolerations"] == [{"key": "shows", "operator": "Exists"}]


def test_the_gateway_asks_every_sentinel_for_the_master_by_its_name(objects):
    url = urlsplit(environment(objects, "GATEWAY_REDIS_URL"))

    hosts = url.netloc.rpartition("@")[2].split(",")
    assert [host.replace(".cluster.local", "") for host in hosts] == [
        NAMES.sentinel_address(ordinal) for ordinal in range(5)
    ]
    assert url.path == f"/{NAMES.master}/0"


def test_policies_and_the_metrics_service_select_the_pods_that_the_operator_makes(objects, cache):
    made = children.manifests(
        {"apiVersion": "", "kind": "", "metadata": {"name": "", "uid": ""}},
        parse(cache["spec"]),
        NAMES,
    )
    templates = [each["spec"]["template"] for each in made if each["kind"] == "StatefulSet"]
    labels = [each["metadata"]["labels"] for each in templates]

    policies = [
        objects.one("NetworkPolicy", f"{NAMES.cache}-{each}")
        for each in ("redis", "redis-sentinel")
    ]
    assert [each["spec"]["podSelector"]["matchLabels"] for each in policies] == labels
    metrics = objects.one("Service", f"{RELEASE}-redis-metrics")
    assert metrics["spec"]["selector"] == labels[0]
    ports = [
        each for container in templates[0]["spec"]["containers"] for each in container["ports"]
    ]
    assert metrics["spec"]["ports"][0]["targetPort"] in {each["name"] for each in ports}


@pytest.mark.parametrize(("component", "port"), [("redis", 6379), ("redis-sentinel", 26379)])
def test_gateways_reach_servers_and_sentinels(objects, component, port):
    policy = objects.one("NetworkPolicy", f"{NAMES.cache}-{component}")["spec"]
    gateway = objects.one("NetworkPolicy", f"{RELEASE}-gateway")["spec"]

    def peers(rules, direction):
        return [
            peer["podSelector"]["matchLabels"]
            for rule in rules
            if any(each["port"] == port for each in rule["ports"])
            for peer in rule[direction]
            if set(peer) == {"podSelector"}
        ]

    assert NAMES.selector(component) in peers(gateway["egress"], "to")
    assert gateway["podSelector"]["matchLabels"] in peers(policy["ingress"], "from")
    assert NAMES.selector("redis-sentinel") in peers(policy["ingress"], "from")
