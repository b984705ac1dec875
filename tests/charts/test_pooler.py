"""The release with its poolers in the operator's hands."""

from __future__ import annotations

import jsonschema
import pytest
import yaml
from tantrum_operator.pgbouncer.spec import TlsMode, spec_from

from .rendering import CHECKOUT, EVERYTHING, EXTERNAL, NAMESPACE, RELEASE
from .test_definitions import strict

BY_OPERATOR = {"pgbouncer": {"managedBy": "operator"}}
READING = {"external": {**EXTERNAL["postgres"]["external"], "readHost": "ro.example.com"}}
VARIANTS = {
    "defaults": BY_OPERATOR,
    "everything": {**EVERYTHING, **BY_OPERATOR},
    "external": {"postgres": {**EXTERNAL["postgres"], **READING}, **BY_OPERATOR},
}
CRD = CHECKOUT / "charts/tvtantrum-operator/crds/pgbouncers.yaml"


@pytest.fixture(params=VARIANTS)
def objects(request, chart):
    return chart.render(VARIANTS[request.param])


def pooler(objects):
    body = objects.one("PgBouncer", f"{RELEASE}-pooler")
    return {**body, "metadata": {**body["metadata"], "namespace": NAMESPACE}}


def test_the_object_is_as_the_definition_and_the_operator_have_it(objects):
    [version] = yaml.safe_load(CRD.read_text())["spec"]["versions"]

    jsonschema.validate(
        pooler(objects)["spec"],
        strict(version["schema"]["openAPIV3Schema"]["properties"]["spec"]),
    )
    assert spec_from(pooler(objects)).pool.size == 25


def test_services_and_policies_of_the_release_find_its_pods(objects):
    labels = pooler(objects)["spec"]["podLabels"].items()

    service = objects.one("Service", f"{RELEASE}-pgbouncer")
    policy = objects.one("NetworkPolicy", f"{RELEASE}-pgbouncer")
    assert service["spec"]["selector"].items() <= labels
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels
    [operators] = [
        rule
        for rule in policy["spec"]["ingress"]
        if "app.kubernetes.io/name" in str(rule) and "tvtantrum-operator" in str(rule)
    ]
    assert operators["ports"] == [{"protocol": "TCP", "port": 9127}]


def test_nothing_else_runs_poolers(objects):
    made = {(one["kind"], one["metadata"]["name"]) for one in objects.all}

    assert not made & {
        (kind, f"{RELEASE}-pgbouncer")
        for kind in ("ConfigMap", "Deployment", "PodDisruptionBudget")
    }


def test_servers_are_reached_as_the_chart_would_reach_them(chart):
    embedded = spec_from(pooler(chart.render(VARIANTS["defaults"])))
    external = spec_from(pooler(chart.render(VARIANTS["external"])))

    assert [each.name for each in embedded.databases] == ["tantrum"]
    assert embedded.tls.upstream_mode is TlsMode.DISABLE
    assert [(each.name, each.host, each.port) for each in external.databases] == [
        ("tantrum", "db.example.com", 6543),
        ("tantrum_replicas", "ro.example.com", 6543),
    ]
    assert external.tls.upstream_mode is TlsMode.VERIFY_FULL
    assert external.tls.upstream_ca.name == "db-ca"


def test_the_chart_makes_no_object_where_it_keeps_poolers_itself(chart):
    assert chart.render({}).of("PgBouncer") == []
