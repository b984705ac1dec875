"""NetworkPolicies allow each hop that the settings point at, and no other."""

from __future__ import annotations

import re

import pytest
import yaml

from .rendering import NAMESPACE, RELEASE

ADDRESS = re.compile(
    rf"\b{RELEASE}-([a-z-]+)\.{NAMESPACE}\.svc\.cluster\.local(?:[ :](?:port=)?(\d{{4,5}}))?"
)
SCHEMES = {"http": 80, "https": 443}
ENGINES = {"edge": 9100, "pgbouncer": 9127, "redis": 9121, "postgres": 9187}


def selected(policy, labels):
    return matches(policy["spec"]["podSelector"], labels)


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def passes(rules, direction, labels, port, *, protocol="TCP"):
    """Say whether one of a policy's rules is for pods of this namespace with *labels*."""
    for rule in rules:
        ports = rule.get("ports")
        if ports and not any(one["port"] == port and one["protocol"] == protocol for one in ports):
            continue
        peers = rule.get(direction)
        if not peers:
            return True
        ours = [peer["podSelector"] for peer in peers if set(peer) == {"podSelector"}]
        if any(matches(selector, labels) for selector in ours):
            return True
    return False


class Network:
    """What the policies of a rendering allow between its pods."""

    def __init__(self, objects):
        self.policies = objects.of("NetworkPolicy")
        self.labels = {pod.component: pod.labels for pod in objects.pods}
        self.ports = {pod.component: set(pod.ports.values()) for pod in objects.pods}

    def allows(self, source, target, port):
        return self._out(source, target, port) and self._in(source, target, port)

    def _out(self, source, target, port):
        return self._passes("Egress", "to", self.labels[source], self.labels[target], port)

    def _in(self, source, target, port):
        return self._passes("Ingress", "from", self.labels[target], self.labels[source], port)

    def _passes(self, kind, direction, own, other, port):
        policies = [
            one
            for one in self.policies
            if kind in one["spec"]["policyTypes"] and selected(one, own)
        ]
        assert policies, "nothing is denied by default"
        return any(
            passes(one["spec"].get(kind.lower(), ()), direction, other, port) for one in policies
        )


def words_of(pod, objects):
    """Return all text in which a pod finds addresses."""
    for container in pod.containers:
        yield from (one.get("value", "") for one in container.get("env", ()))
        yield from container.get("args", ())
        command = container.get("command", ())
        yield " ".join(f"{one}" for one in command)
    for volume in pod.spec.get("volumes", ()):
        name = volume.get("configMap", {}).get("name")
        if name:
            yield from objects.one("ConfigMap", name)["data"].values()


def hops_that_settings_ask_for(objects):
    """Return (component, component, port of the pod) of each address in a pod's settings."""
    hops = set()
    for pod in objects.pods:
        environment = {
            one["name"]: one.get("value", "") for c in pod.containers for one in c.get("env", ())
        }
        text = "\n".join(words_of(pod, objects))
        for match in ADDRESS.finditer(text):
            part, port = match[1], match[2]
            if pod.component == "prometheus":
                # It asks DNS for addresses and has the port of the pod beside the name.
                [port] = re.findall(
                    r"\bport: (\d+)", text[match.end() :].partition("- job_name")[0]
                )
                hops.add((pod.component, part.removesuffix("-metrics"), int(port)))
                continue
            service = objects.one("Service", f"{RELEASE}-{part}")
            [target] = [
                one
                for one in objects.pods
                if matches({"matchLabels": service["spec"]["selector"]}, one.labels)
            ]
            if port is None:
                scheme = text[: match.start()].rpartition("://")[0][-5:].lstrip(" \n")
                port = {"http": "80", "https": "443"}.get(scheme) or environment.get(
                    "PGPORT", "5432"
                )
            [named] = [one for one in service["spec"]["ports"] if one["port"] == int(port)]
            hops.add((pod.component, part, target.ports[named["targetPort"]]))
    return hops


@pytest.mark.parametrize("variant", ["defaults", "trial", "production", "everything"])
def test_each_hop_of_the_settings_is_allowed_and_no_other(chart, variant):
    objects = chart.variant(variant)
    network = Network(objects)

    allowed = {
        (source, target, port)
        for source in network.labels
        for target in network.labels
        for port in network.ports[target]
        if network.allows(source, target, port)
    }

    wanted = hops_that_settings_ask_for(objects)
    if "opensearch" in network.labels:
        # Allowed already, for whoever tells search of it by its settings.
        wanted.add(("search", "opensearch", 9200))
    # Everybody may go to the edge, but of the release's own pods only the test goes out to it.
    assert ("gateway", "catalog", 50051) in wanted
    assert allowed == wanted


def test_the_database_is_for_those_who_need_it(chart):
    network = Network(chart.variant("everything"))

    allowed = {one for one in network.labels if network.allows(one, "postgres", 5432)}
    assert allowed == {"pgbouncer", "migrations", "backup"}


def test_opensearch_which_asks_for_no_password_is_for_search_alone(chart):
    network = Network(chart.variant("everything"))

    allowed = {one for one in network.labels if network.allows(one, "opensearch", 9200)}
    assert allowed == {"search"}


def test_figures_of_the_engines_are_for_prometheus_alone(chart):
    network = Network(chart.variant("everything"))

    for part, port in ENGINES.items():
        allowed = {one for one in network.labels if network.allows(one, part, port)}
        assert allowed == {"prometheus"}, part


def test_the_edge_is_for_everybody_by_default(chart):
    [policy] = [
        one
        for one in chart.variant("defaults").of("NetworkPolicy")
        if one["metadata"]["name"] == f"{RELEASE}-edge"
    ]

    [rule] = policy["spec"]["ingress"]
    assert "from" not in rule


def test_all_pods_may_ask_dns_and_nothing_else_of_the_cluster(chart):
    policy = chart.variant("defaults").one("NetworkPolicy", f"{RELEASE}-dns")

    [rule] = policy["spec"]["egress"]
    assert {(one["protocol"], one["port"]) for one in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert rule["to"]


def test_only_the_job_for_the_secret_may_ask_the_api_server(chart):
    objects = chart.variant("everything")

    for port in (443, 6443):
        may = {
            pod.component
            for pod in objects.pods
            for one in objects.of("NetworkPolicy")
            if selected(one, pod.labels)
            and any(
                not rule.get("to") and any(p["port"] == port for p in rule["ports"])
                for rule in one["spec"].get("egress", ())
            )
        }
        # The object store of the backup answers at 443 as well.
        assert may == ({"secrets", "backup"} if port == 443 else {"secrets"})


def test_policies_can_be_left_out(chart):
    assert not chart.variant("bare").of("NetworkPolicy")


def test_an_external_database_is_reached_at_its_port(chart):
    objects = chart.variant("production")

    for part in ("pgbouncer", "migrations"):
        policy = objects.one("NetworkPolicy", f"{RELEASE}-{part}")
        [rule] = policy["spec"]["egress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": 6543}]
        assert yaml.safe_dump(rule["to"])


def test_traces_find_their_way_to_the_collector(chart):
    objects = chart.variant("everything")

    for part in ("catalog", "search", "gateway"):
        [pod] = [one for one in objects.pods if one.component == part]
        policy = objects.one("NetworkPolicy", f"{RELEASE}-{part}")
        [way] = [
            rule
            for rule in policy["spec"]["egress"]
            if rule["ports"] == [{"protocol": "TCP", "port": 4317}]
        ]
        assert way["to"] == [{"namespaceSelector": {"matchLabels": {"part": "tracing"}}}]
        assert f"{part.upper()}_OTLP_ENDPOINT" in yaml.safe_dump(pod.spec)
