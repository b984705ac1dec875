"""The operator's chart: what it renders, refuses, allows and warns of."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from .rendering import CHECKOUT, NAMESPACE, RELEASE

CHART = CHECKOUT / "charts" / "tvtantrum-operator"
CASES = Path(__file__).with_name("operator.cases.yaml")
MONITORING = {"metricsFrom": [{"namespaceSelector": {"matchLabels": {"part": "monitoring"}}}]}
VARIANTS = {
    "defaults": {},
    "scalers": {"kinds": ["ServiceScaler", "ScalingBudget"]},
    "two namespaces": {"watch": {"namespaces": ["a", "b"]}},
    "everywhere": {"watch": {"allNamespaces": True}},
    "everything": {
        "image": {"pullSecrets": ["registry"]},
        "priorityClassName": "system",
        "scheduling": {"nodeSelector": {"disk": "fast"}, "tolerations": [{"key": "shows"}]},
        "prometheus": {"url": "http://prometheus.monitoring:9090"},
        "networkPolicies": {**MONITORING, "prometheusTo": MONITORING["metricsFrom"]},
        "monitoring": {"serviceMonitor": True, "rules": True, "labels": {"prometheus": "main"}},
        "settings": {"OPERATOR_PERIOD_SECONDS": 30},
    },
}
MADE = {"deployments", "statefulsets", "services", "configmaps", "secrets", "poddisruptionbudgets"}
READING = {"get", "list", "watch"}


@pytest.fixture(params=VARIANTS)
def objects(request, operator_chart):
    return operator_chart.render(VARIANTS[request.param])


def rules(objects, *kinds):
    """Return (group, resource, verb) of all rules in the roles for the custom resources."""
    return {
        (group, resource, verb)
        for kind in kinds or ("Role", "ClusterRole")
        for role in objects.of(kind)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_helm_has_nothing_to_say(operator_chart):
    done = operator_chart.lint()

    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"watch": {"allNamespaces": True, "namespaces": ["a"]}}, "namespaces"),
        ({"kinds": ["Nothing"]}, "kinds"),
        ({"kinds": []}, "kinds"),
        ({"settings": {"PATH": "/"}}, "PATH"),
        ({"prometheus": {"url": "prometheus:9090"}}, "url"),
        ({"replica": 2}, "replica"),
    ],
)
def test_nonsense_is_refused(operator_chart, values, told):
    assert told in operator_chart.refusal(values)


def test_pods_may_do_nothing_on_their_node(objects):
    [pod] = objects.pods

    security = pod.spec["securityContext"]
    assert security["runAsNonRoot"]
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod.main["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} == set(pod.main["resources"]["requests"])


def test_two_stand_by_one_another_and_a_drain_takes_one_at_a_time(objects):
    [deployment], [budget] = objects.of("Deployment"), objects.of("PodDisruptionBudget")

    assert deployment["spec"]["replicas"] == 2
    assert budget["spec"]["maxUnavailable"] == 1
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]


def test_no_right_is_for_everything(objects):
    assert [each for each in rules(objects) if "*" in each] == []
    assert {verb for group, _, verb in rules(objects) if group == "rbac.authorization.k8s.io"} == (
        set()
    )


def test_scaling_alone_takes_no_right_to_make_anything(operator_chart):
    allowed = rules(operator_chart.render(VARIANTS["scalers"]))

    writes = {(resource, verb) for _, resource, verb in allowed if verb not in READING}
    statuses = {"servicescalers", "scalingbudgets", "pgbouncers", "rediscaches"}
    assert writes == {
        ("deployments/scale", "update"),
        ("events", "create"),
        ("events", "patch"),
        ("leases", "create"),
        ("leases", "update"),
        *((f"{each}/status", "patch") for each in statuses),
    }
    assert not {resource for _, resource, _ in allowed} & (MADE - {"deployments"})


def test_specs_of_custom_resources_are_never_written(objects):
    ours = [each for each in rules(objects) if each[0] == "platform.tvtantrum.com"]

    assert {verb for _, resource, verb in ours if "/" not in resource} == READING
    assert {verb for _, resource, verb in ours if "/" in resource} == {"patch"}


def test_rights_are_where_it_acts_and_nowhere_else(operator_chart):
    two = operator_chart.render(VARIANTS["two namespaces"])
    everywhere = operator_chart.render(VARIANTS["everywhere"])
    own = operator_chart.render()

    name = f"{NAMESPACE}-{RELEASE}"
    roles = [each["metadata"] for each in two.of("Role") if each["metadata"]["name"] == name]
    assert [each["namespace"] for each in roles] == ["a", "b"]
    assert two.of("ClusterRole") == own.of("ClusterRole") == []
    assert [each["metadata"]["name"] for each in everywhere.of("ClusterRole")] == [name]
    # Who leads is decided at home.
    leases = {resource for _, resource, _ in rules(everywhere, "ClusterRole")} & {"leases"}
    assert leases == set()


def test_the_process_is_told_where_it_acts(operator_chart):
    def said(variant):
        [pod] = operator_chart.render(VARIANTS[variant]).pods
        return {each["name"]: each.get("value") for each in pod.main["env"]}

    assert said("defaults")["OPERATOR_WATCHED_NAMESPACES"] == NAMESPACE
    assert said("two namespaces")["OPERATOR_WATCHED_NAMESPACES"] == "a,b"
    assert said("everywhere")["OPERATOR_WATCHED_NAMESPACES"] == "*"
    assert said("scalers")["OPERATOR_KINDS"] == "ServiceScaler,ScalingBudget"
    assert said("everything")["OPERATOR_PROMETHEUS_URL"] == "http://prometheus.monitoring:9090"
    assert said("everything")["OPERATOR_PERIOD_SECONDS"] == "30"
    assert said("defaults")["OPERATOR_LEASE_NAME"] == RELEASE


def test_only_who_is_named_reaches_it(operator_chart):
    [closed] = operator_chart.render().of("NetworkPolicy")
    [open_] = operator_chart.render(VARIANTS["everything"]).of("NetworkPolicy")

    assert closed["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed["spec"]
    assert open_["spec"]["ingress"][0]["from"] == MONITORING["metricsFrom"]
    ports = [port["port"] for rule in open_["spec"]["egress"] for port in rule["ports"]]
    assert {53, 443, 6443, 9090} <= set(ports)


def test_alerts_fire_when_they_should_and_only_then(promtool, operator_chart, tmp_path):
    [rule] = operator_chart.render(VARIANTS["everything"]).of("PrometheusRule")
    (tmp_path / "alerts.yaml").write_text(json.dumps(rule["spec"]))
    shutil.copy(CASES, tmp_path)

    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / CASES.name))


def test_every_alert_has_its_runbook(operator_chart):
    [rule] = operator_chart.render(VARIANTS["everything"]).of("PrometheusRule")
    page = (CHECKOUT / "docs/operator/runbooks.md").read_text()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    anchors = {each.lower().replace(" ", "-") for each in headings}

    alerts = [each for group in rule["spec"]["groups"] for each in group["rules"]]
    assert alerts
    for alert in alerts:
        path, _, anchor = alert["annotations"]["runbook_url"].partition("#")
        assert (path, anchor in anchors) == ("docs/operator/runbooks.md", True), alert["alert"]
