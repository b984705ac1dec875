"""The CRD and the parser say the same, to the same specs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from tantrum_operator.rediscache.spec import (
    EVICTION_POLICIES,
    PARAMETERS,
    InvalidSpecError,
    Persistence,
    RedisCacheSpec,
    parse,
)
from tantrum_stack.errors import StackError

from .objects import body

CRD = Path(__file__).parents[3] / "charts" / "tvtantrum-operator" / "crds" / "rediscaches.yaml"

INVALID = {
    "no image": ({"image": ""}, "image"),
    "no server": ({"replicas": 0}, "replicas"),
    "too many servers": ({"replicas": 8}, "replicas"),
    "an even number of Sentinels": ({"sentinels": 4}, "sentinels"),
    "too few Sentinels": ({"sentinels": 1}, "sentinels"),
    "an eviction policy that is none": ({"evictionPolicy": "lru"}, "evictionPolicy"),
    "a persistence that is none": ({"persistence": "RDB"}, "persistence"),
    "a file of writes and no volume": ({"persistence": "AppendOnly"}, "storage"),
    "a volume and nothing to keep": ({"storage": {"size": "1Gi"}}, "storage"),
    "a volume without a size": ({"persistence": "AppendOnly", "storage": {}}, "storage.size"),
    "more replicas to write than there are": ({"minReplicasToWrite": 2}, "minReplicasToWrite"),
    "too little memory": ({"maxMemoryMiB": 8}, "maxMemoryMiB"),
    "a limit below the data": (
        {"maxMemoryMiB": 512, "resources": {"limits": {"memory": "512Mi"}}},
        "resources.limits.memory",
    ),
    "a parameter of the operator's": ({"parameters": {"appendonly": "yes"}}, "parameters"),
    "two settings in one": ({"parameters": {"hz": "10\nsave 1 1"}}, "parameters.hz"),
    "a failover at once": ({"failoverAfterSeconds": 0}, "failoverAfterSeconds"),
    "a deletion policy that is none": ({"deletionPolicy": "Keep"}, "deletionPolicy"),
    "a Secret without a name": ({"auth": {}}, "auth.secretName"),
}


@pytest.mark.parametrize(("spec", "path"), INVALID.values(), ids=INVALID)
def test_what_is_wrong_is_named_by_its_path(spec, path):
    with pytest.raises(InvalidSpecError) as refused:
        parse(body(**spec)["spec"])

    assert f"spec.{path}" in str(refused.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(InvalidSpecError) as refused:
        parse({"replicas": 0, "sentinels": 2})

    assert len(refused.value.faults) == 3


def schema() -> dict:
    [version] = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def test_the_crd_has_the_fields_and_defaults_of_the_model():
    fields = schema()["properties"]
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}

    assert parse({"image": "redis", **defaults}) == RedisCacheSpec(image="redis")
    assert len(fields) == len(dataclasses.fields(RedisCacheSpec))
    assert set(fields["evictionPolicy"]["enum"]) == set(EVICTION_POLICIES)
    assert set(fields["persistence"]["enum"]) == set(Persistence)
    rule = fields["parameters"]["x-kubernetes-validations"][0]["rule"]
    assert set(rule.split("'")[1::2]) == PARAMETERS


@pytest.mark.parametrize("name", ["replicas", "maxMemoryMiB", "failoverAfterSeconds"])
def test_the_crd_has_the_bounds_of_the_model(name):
    field = schema()["properties"][name]
    room = {"maxMemoryMiB": 256, "replicas": 2, "failoverAfterSeconds": 3}

    for value in (field["minimum"], field["maximum"]):
        parse({"image": "redis", **room, name: value})
    for value in (field["minimum"] - 1, field["maximum"] + 1):
        with pytest.raises(InvalidSpecError):
            parse({"image": "redis", **room, name: value})


def test_every_field_of_the_spec_is_described():
    def undescribed(path, field):
        if "description" not in field:
            yield path
        for name, each in field.get("properties", {}).items():
            yield from undescribed(f"{path}.{name}", each)

    assert list(undescribed("spec", schema())) == []


@pytest.fixture
def crd(api_server):
    api_server.install_crds(CRD)
    return api_server


def write(api_server, verb, manifest) -> None:
    del manifest["metadata"]["uid"], manifest["metadata"]["generation"]
    api_server.kubectl(verb, "--filename", "-", stdin=yaml.safe_dump(manifest))


@pytest.mark.integration
def test_the_api_server_refuses_the_same_specs(crd, namespace):
    for number, (spec, path) in enumerate(INVALID.values()):
        with pytest.raises(StackError, match=rf"(?s)is invalid.*{path.split('.')[0]}"):
            write(crd, "create", body(namespace, f"cache-{number}", **spec))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("first", "change"),
    [
        ({}, {"replicas": 1}),
        ({"replicas": 1}, {"replicas": 2}),
        ({}, {"persistence": "AppendOnly", "storage": {"size": "1Gi"}}),
        (
            {"persistence": "AppendOnly", "storage": {"size": "1Gi"}},
            {"storage": {"size": "2Gi"}},
        ),
    ],
)
def test_what_cannot_change_is_refused_with_what_to_do(crd, namespace, first, change):
    write(crd, "create", body(namespace, **first))

    with pytest.raises(StackError, match="make another RedisCache"):
        write(crd, "replace", body(namespace, **first | change))


@pytest.mark.integration
def test_names_that_children_could_not_have_are_refused(crd, namespace):
    for name in ("c" * 41, "a.b", "1a"):
        with pytest.raises(StackError, match=r"metadata\.name"):
            write(crd, "create", body(namespace, name))
