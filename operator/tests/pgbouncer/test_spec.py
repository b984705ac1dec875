"""The parser and the CRD say the same: fields, defaults, bounds, and what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tantrum_operator.pgbouncer.spec import PARAMETERS, InvalidSpecError, spec_from
from tantrum_stack.errors import StackError

from .specs import pgbouncer

CRD = Path(__file__).parents[3] / "charts/tvtantrum-operator/crds/pgbouncers.yaml"

WRONG = {
    "spec.replicas": {"replicas": 0},
    "spec.replicas: must be": {"replicas": 21},
    "spec.image": {"image": ""},
    "spec.upstream: needs either": {"upstream": {"database": "tantrum"}},
    "spec.upstream": {
        "upstream": {"database": "tantrum", "host": "a", "serviceRef": {"name": "a"}}
    },
    "spec.upstream.host": {"upstream__host": "a b"},
    "spec.upstream.port": {"upstream__port": 70000},
    "spec.upstream.database": {"upstream__database": "drop;table"},
    "spec.upstream.readOnly: needs": {"upstream__readOnly": {}},
    "spec.upstream.readOnly.database": {
        "upstream__readOnly": {"host": "replica", "database": "tantrum"}
    },
    "spec.auth.secretRef.name": {"auth__secretRef": {}},
    "spec.auth.user": {"auth__user": "o'neill"},
    "spec.auth.function": {"auth__function": "pg_shadow; --"},
    "spec.pool.mode": {"pool__mode": "statement"},
    "spec.pool.size": {"pool__size": 51},
    "spec.pool.minSize": {"pool__minSize": -1},
    "spec.pool.reserveSize": {"pool__size": 5, "pool__reserveSize": 5},
    "spec.pool.maxClientConnections": {"pool__maxClientConnections": 9},
    "spec.pool.idleTimeoutSeconds": {"pool__idleTimeoutSeconds": 0},
    "spec.pool.queryWaitTimeoutSeconds": {"pool__queryWaitTimeoutSeconds": 0},
    "spec.parameters.auth_type": {"parameters": {"auth_type": "any"}},
    "spec.parameters.verbose": {"parameters": {"verbose": "1\nadmin_users = me"}},
    "spec.tls.upstream.mode": {"tls__upstream__mode": "allow"},
    "spec.tls.upstream.caRef": {"tls__upstream__mode": "verify-full"},
    "spec.clients[0].connectionsPerReplica": {
        "clients": [{"scalerRef": {"name": "catalog"}, "connectionsPerReplica": 0}]
    },
    "spec.podLabels": {"podLabels": {"platform.tvtantrum.com/pgbouncer": "another"}},
    "spec.pauseDeadlineSeconds": {"pauseDeadlineSeconds": 121},
    "spec.directConnections": {"directConnections": -1},
    "spec.drainSeconds": {"drainSeconds": 301},
    "spec.clientLifetimeSeconds": {"clientLifetimeSeconds": 3601},
    "spec.deletionPolicy": {"deletionPolicy": "Orphan"},
}
"""What the parser says of each begins with the key."""

EVERYTHING = {
    "replicas": 3,
    "image": "registry.example/pgbouncer:1.25",
    "upstream": {
        "serviceRef": {"name": "primary", "namespace": "databases"},
        "database": "tantrum",
        "readOnly": {"host": "10.0.0.7", "port": 5433},
    },
    "auth__function": "pooling.user_lookup",
    "pool": {"mode": "session", "size": 50, "minSize": 0, "reserveSize": 5},
    "parameters": dict.fromkeys(PARAMETERS, "1"),
    "tls": {
        "upstream": {"mode": "verify-full", "caRef": {"kind": "ConfigMap", "name": "authorities"}},
        "clients": {"secretName": "certificate"},
    },
    "clients": [{"scalerRef": {"name": "catalog"}, "connectionsPerReplica": 20}],
    "paused": True,
    "resources": {"requests": {"cpu": 1, "memory": "64Mi"}},
    "podLabels": {"app.kubernetes.io/name": "tvtantrum"},
    "priorityClassName": "important",
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
    "deletionPolicy": "Delete",
}


@pytest.fixture(scope="session")
def schema():
    [version] = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


@pytest.fixture(scope="module")
def server(api_server):
    api_server.install_crds(CRD)
    return api_server


@pytest.mark.parametrize("fault", WRONG)
def test_the_parser_names_what_is_wrong_by_its_path(fault):
    with pytest.raises(InvalidSpecError) as caught:
        spec_from(pgbouncer(**WRONG[fault]))

    assert any(said.startswith(fault) for said in caught.value.faults)


def test_every_fault_is_told_at_once():
    with pytest.raises(InvalidSpecError) as caught:
        spec_from(pgbouncer(replicas=0, pool__size=0, deletionPolicy="Orphan"))

    assert len(caught.value.faults) == 3


@pytest.mark.integration
def test_the_api_server_refuses_the_same(server, namespace):
    admitted = []
    for fault, changes in WRONG.items():
        body = pgbouncer(namespace=namespace, **changes)
        try:
            server.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(bare(body)))
        except StackError:
            continue
        admitted.append(fault)

    assert admitted == []


@pytest.mark.integration
def test_the_least_and_the_most_are_admitted_by_both(server, namespace):
    least = pgbouncer("least", namespace)
    most = pgbouncer("most", namespace, **EVERYTHING)

    for body in (least, most):
        server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(bare(body)))
    stored = [
        yaml.safe_load(server.kubectl("-n", namespace, "get", "tpb", name, "-o", "yaml"))
        for name in ("least", "most")
    ]

    # What the CRD fills in is what the parser takes for it.
    assert [spec_from(each) for each in stored] == [spec_from(least), spec_from(most)]
    assert stored[0]["spec"]["replicas"] == 2
    assert stored[0]["spec"]["pool"]["size"] == 20


def bare(body):
    metadata = {key: body["metadata"][key] for key in ("name", "namespace")}
    return {**body, "metadata": metadata}


def test_the_crd_allows_the_parameters_that_the_parser_allows(schema):
    [rule] = schema["properties"]["spec"]["properties"]["parameters"]["x-kubernetes-validations"]

    for name in PARAMETERS:
        assert f"'{name}'" in rule["rule"]
    assert rule["rule"].count("'") == 2 * len(PARAMETERS)


def test_every_field_has_a_description_and_every_number_bounds(schema):
    for part in ("spec", "status"):
        for path, field in fields(schema["properties"][part], part):
            assert field.get("description"), path
            if part == "spec" and field.get("type") == "integer":
                assert {"minimum", "maximum"} <= field.keys(), path


def fields(schema, path):
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from fields(field, f"{path}.{name}")
    if "properties" in (items := schema.get("items", {})):
        for name, field in items["properties"].items():
            yield from fields(field, f"{path}[].{name}")


def test_the_page_has_every_field_and_condition(schema):
    page = (CRD.parents[3] / "docs/operator/pgbouncer.md").read_text()

    for part in ("spec", "status"):
        for name in schema["properties"][part]["properties"]:
            assert f"`{name}" in page or f", .{name}" in page, name
    for name in PARAMETERS:
        assert f"`{name}`" in page
    [said] = [
        field["description"]
        for path, field in fields(schema["properties"]["status"], "status")
        if path == "status.conditions"
    ]
    for condition in re.findall(r"[A-Z]\w+", said):
        assert f"| `{condition}` |" in page
