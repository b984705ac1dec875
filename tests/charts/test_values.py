"""Values: what is refused and with which words, and that their table is fresh."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys

import pytest
import yaml

from images.parts import UNSHIPPED

from .rendering import CHART, CHECKOUT, EXTERNAL, VARIANTS

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())

REFUSALS = {
    "no host": ({"postgres": {"mode": "external"}}, "postgres.external.host is missing"),
    "no authorities": (
        {"postgres": {"mode": "external", "external": {"host": "db"}}},
        "postgres.external.sslMode=verify-full needs the authorities to trust",
    ),
    "embedded not allowed": (
        {"postgres": {"embedded": {"allowed": False}}},
        "postgres.mode=embedded is one pod on one volume, and not for production",
    ),
    "too many connections": (
        {"pgbouncer": {"replicas": 2, "poolSize": 62}},
        "x pgbouncer.poolSize 62 + postgres.directConnections 10 = 196 has to stay below",
    ),
    "too many clients": (
        {"catalog": {"autoscaling": {"maxReplicas": 60}}},
        "up to 1220 connections of catalog and search, and pgbouncer.maxClientConnections is 1000",
    ),
    "too many clients with the search's": (
        {"search": {"backend": "postgres", "autoscaling": {"maxReplicas": 99}}},
        "up to 1140 connections of catalog and search",
    ),
    "too many clients with those for replicas": (
        {
            "catalog": {"autoscaling": {"maxReplicas": 30}},
            "postgres": {
                "mode": "external",
                "external": {"host": "db", "readHost": "ro", "caSecretName": "ca"},
            },
        },
        "up to 1240 connections of catalog and search",
    ),
    "scaling upside down": (
        {"gateway": {"autoscaling": {"minReplicas": 9}}},
        "gateway.autoscaling.minReplicas 9 is more than maxReplicas 8",
    ),
    "no bucket": (
        {"objectStore": {"endpoint": "https://s3.example.com"}},
        "objectStore.endpoint alone is not enough",
    ),
    "no name for the ingress": ({"ingress": {"enabled": True}}, "ingress.host is missing"),
    "no gateway for the route": (
        {"httpRoute": {"enabled": True}},
        "httpRoute.parentRefs is empty",
    ),
    "a collector that nobody may reach": (
        {"tracing": {"otlpEndpoint": "http://collector.tracing:4317"}},
        "tracing.otlpEndpoint alone is not enough",
    ),
    "a key that nobody knows": ({"edge": {"replica": 3}}, "'replica' not allowed"),
    "a setting of another service": (
        {"catalog": {"settings": {"GATEWAY_LOG_LEVEL": "INFO"}}},
        "GATEWAY_LOG_LEVEL",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_work_is_refused_in_a_sentence(chart, case):
    values, sentence = REFUSALS[case]

    assert sentence in chart.refusal(values)


def test_production_refuses_the_embedded_database(chart):
    values = {"postgres": {"mode": "embedded"}}

    refusal = chart.refusal(values, files=("values-production.yaml",))

    assert "not for production: set postgres.mode to external" in refusal


def test_production_asks_for_the_database(chart):
    assert "postgres.external.host is missing" in chart.refusal(
        {}, files=("values-production.yaml",)
    )


def test_helm_lint_has_no_complaint(chart):
    done = chart.lint()

    assert done.returncode == 0, done.stdout


def test_the_last_connection_is_refused_and_the_one_before_is_not(chart):
    # 3 x 61 + 11 = 194 < 195
    chart.render({"pgbouncer": {"poolSize": 61}, "postgres": {"directConnections": 11}})

    assert "run out" in chart.refusal(
        {"pgbouncer": {"poolSize": 61}, "postgres": {"directConnections": 12}}
    )


def objects_in(schema, path=""):
    if schema.get("type") == "object":
        yield path, schema
    for key, inner in [*schema.get("properties", {}).items(), *schema.get("$defs", {}).items()]:
        yield from objects_in(inner, f"{path}.{key}")
    if isinstance(schema.get("items"), dict):
        yield from objects_in(schema["items"], f"{path}[]")


def test_no_object_takes_keys_that_nobody_knows():
    for path, schema in objects_in(SCHEMA):
        others = schema.get("additionalProperties")
        # A map of free names says what its values are.
        assert others is False or (isinstance(others, dict) and "properties" not in schema), path


def test_the_schema_knows_exactly_the_values_that_there_are():
    def compare(schema, value, path):
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if "properties" not in schema or not isinstance(value, dict):
            return
        keys = set(schema["properties"])
        if path.endswith(".limits"):
            keys -= {"cpu"}
        assert set(value) == keys, path
        for key, inner in schema["properties"].items():
            if key in value:
                compare(inner, value[key], f"{path}.{key}")

    compare(SCHEMA, DEFAULTS, "")


@pytest.mark.parametrize("variant", VARIANTS)
def test_files_of_values_only_name_values_that_there_are(variant):
    def compare(given, known, path):
        for key, value in given.items():
            assert key in known, f"{path}.{key}"
            if isinstance(value, dict) and known[key]:
                compare(value, known[key], f"{path}.{key}")

    for file in VARIANTS[variant][0]:
        compare(yaml.safe_load((CHART / file).read_text()), DEFAULTS, "")


def test_each_image_that_is_shipped_can_have_a_tag():
    images = {path.parent.name for path in CHECKOUT.glob("images/*/Containerfile")}

    assert set(DEFAULTS["images"]["tags"]) == images - {"base", "operator", *UNSHIPPED}


def test_every_value_is_used_by_a_template():
    text = "".join(path.read_text() for path in sorted((CHART / "templates").rglob("*.*")))
    for name in leaves(copy.deepcopy(DEFAULTS)):
        last = name.rpartition(".")[2]
        assert re.search(rf"\.{last}\b|\"{last}\"", text), name


def leaves(values, path=""):
    for key, value in values.items():
        name = f"{path}.{key}".removeprefix(".")
        whole = not value or key in ("resources", "tags", "dashboardLabels", "dnsTo")
        if isinstance(value, dict) and not whole:
            yield from leaves(value, name)
        else:
            yield name


def test_the_table_in_the_readme_is_fresh():
    done = subprocess.run(
        [sys.executable, CHECKOUT / "scripts" / "chart-values", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_production_names_what_it_needs():
    text = (CHART / "values-production.yaml").read_text()

    assert EXTERNAL["postgres"]["external"]["host"] not in text
    assert "postgres.external.host" in text
