"""The CRD of ScalingBudget and its parser say the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml
from pydantic.alias_generators import to_camel
from tantrum_operator.budget import spec as parser
from tantrum_operator.budget.settling import settle
from tantrum_operator.budget.spec import InvalidSpecError, parse
from tantrum_stack.errors import StackError

from .budgets import at, budget, claim

CRD = Path(__file__).parents[2] / "charts/tvtantrum-operator/crds/scalingbudgets.yaml"
SCHEMA = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
SPEC = SCHEMA["properties"]["spec"]
PRICES = SPEC["properties"]["prices"]

MODELS = [
    pytest.param(parser.BudgetSpec, SPEC, id="spec"),
    pytest.param(parser.FixedCost, SPEC["properties"]["fixedCosts"]["items"], id="fixedCosts"),
    pytest.param(parser.Prices, PRICES, id="prices"),
    pytest.param(
        parser.ReplicaPrice, PRICES["properties"]["replicas"]["items"], id="prices.replicas"
    ),
    pytest.param(parser.Opening, SPEC["properties"]["opening"], id="opening"),
]

PRICED = {"cpuCoreHour": "0.02", "memoryGiBHour": "0.003"}
VALID = [
    pytest.param({"maxMonthly": 300, "prices": PRICED}, id="by requests"),
    pytest.param(
        {
            "maxMonthly": "0.3k",
            "currency": "EUR",
            "timeZone": "Europe/Vienna",
            "fixedCosts": [{"name": "database", "monthly": 0}],
            "prices": {"replicas": [{"target": "gateway", "replicaHour": "12500u"}]},
            "burstHours": 24,
            "opening": {"month": "2026-11", "amount": "12.5"},
        },
        id="everything",
    ),
]
INVALID = [
    pytest.param({"prices": PRICED}, "maxMonthly", id="no ceiling"),
    pytest.param({"maxMonthly": 300}, "prices", id="no prices"),
    pytest.param({"maxMonthly": 0, "prices": PRICED}, "maxMonthly", id="ceiling 0"),
    pytest.param({"maxMonthly": -5, "prices": PRICED}, "maxMonthly", id="ceiling below 0"),
    pytest.param({"maxMonthly": "0.0", "prices": PRICED}, "maxMonthly", id="ceiling 0.0"),
    pytest.param({"maxMonthly": "300 USD", "prices": PRICED}, "maxMonthly", id="words"),
    pytest.param({"maxMonthly": 300, "prices": {}}, "prices", id="empty prices"),
    pytest.param({"maxMonthly": 300, "prices": {"replicas": []}}, "prices", id="no price"),
    pytest.param({"maxMonthly": 300, "prices": {"cpuCoreHour": 1}}, "prices", id="half"),
    pytest.param(
        {"maxMonthly": 300, "prices": {"replicas": [{"target": "a", "replicaHour": 0}]}},
        "replicaHour",
        id="price 0",
    ),
    pytest.param(
        {"maxMonthly": 300, "prices": {"replicas": [{"target": "A_b", "replicaHour": 1}]}},
        "target",
        id="no name",
    ),
    pytest.param(
        {"maxMonthly": 300, "prices": {"replicas": [{"target": "a", "replicaHour": 1}] * 2}},
        "replicas",
        id="a target twice",
    ),
    pytest.param(
        {"maxMonthly": 300, "prices": PRICED, "currency": "dollars"}, "currency", id="currency"
    ),
    pytest.param({"maxMonthly": 300, "prices": PRICED, "timeZone": "/"}, "timeZone", id="zone"),
    pytest.param({"maxMonthly": 300, "prices": PRICED, "burstHours": 0}, "burstHours", id="burst"),
    pytest.param(
        {"maxMonthly": 300, "prices": PRICED, "burstHours": "24"}, "burstHours", id="burst text"
    ),
    pytest.param(
        {"maxMonthly": 300, "prices": PRICED, "opening": {"month": "2026-13", "amount": 1}},
        "month",
        id="month 13",
    ),
    pytest.param(
        {"maxMonthly": 300, "prices": PRICED, "fixedCosts": [{"name": "x"}]}, "monthly", id="gap"
    ),
]


@pytest.mark.parametrize(("model", "schema"), MODELS)
def test_fields_requirements_and_defaults_are_the_same(model, schema):
    fields = {
        "memoryGiBHour" if f.name == "memory_gib_hour" else to_camel(f.name): f
        for f in dataclasses.fields(model)
    }

    assert set(fields) == set(schema["properties"])
    required = {
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    assert required == set(schema.get("required", ()))
    for name, prop in schema["properties"].items():
        if "default" in prop:
            assert str(fields[name].default) == prop["default"]


@pytest.mark.parametrize(("model", "schema"), MODELS)
def test_bounds_and_patterns_are_the_same(model, schema):
    hints = get_type_hints(model, include_extras=True)
    for name, prop in schema["properties"].items():
        field = "memory_gib_hour" if name == "memoryGiBHour" else _snake(name)
        hint = str(hints[field])
        if prop.get("x-kubernetes-int-or-string"):
            assert prop["pattern"] == parser.MONEY_PATTERN
            above_zero = "isGreaterThan" in prop["x-kubernetes-validations"][0]["rule"]
            assert ("Gt(gt=0)" in hint) == above_zero
        if prop.get("type") == "string" and name != "timeZone":
            assert f"pattern='{prop['pattern']}'" in hint
        if "maximum" in prop:
            assert f"Le(le={prop['maximum']})" in hint
            assert f"Ge(ge={prop['minimum']})" in hint
        if "maxItems" in prop:
            assert f"max_length={prop['maxItems']}" in hint or f"MaxLen(max_length={64})" in hint


@pytest.mark.parametrize("spec", VALID)
def test_the_parser_takes_what_is_valid(spec):
    assert parse(spec).max_monthly == 300


@pytest.mark.parametrize(("spec", "path"), INVALID)
def test_the_parser_names_the_fault(spec, path):
    with pytest.raises(InvalidSpecError) as caught:
        parse(spec)

    assert path in str(caught.value)
    assert "spec" in str(caught.value)


def test_the_parser_knows_time_zones_and_names_every_fault_at_once():
    with pytest.raises(InvalidSpecError) as caught:
        parse({"maxMonthly": 0, "prices": PRICED, "timeZone": "Europe/Wien"})

    assert [each.split(":")[0] for each in caught.value.faults] == [
        "spec.maxMonthly",
        "spec.timeZone",
    ]


@pytest.fixture(scope="module")
def with_crd(api_server):
    api_server.install_crds(CRD)
    return api_server


def _apply(server, namespace, body, *more):
    body = {**body, "metadata": {"name": "platform", "namespace": namespace}}
    server.kubectl("apply", "--server-side", *more, "-f", "-", stdin=yaml.safe_dump(body))


@pytest.mark.integration
@pytest.mark.parametrize("spec", VALID)
def test_the_api_server_takes_what_is_valid_and_any_status_of_ours(with_crd, namespace, spec):
    body = {**budget(), "spec": spec}
    _apply(with_crd, namespace, body)

    status = settle(body, [claim(desired=999999, hour="0.5")], now=at("2026-11-20T00:00:00"))
    _apply(
        with_crd,
        namespace,
        {**body, "status": status.report.status},
        "--subresource=status",
        "--validate=strict",
        "--field-manager=status",
    )

    kept = yaml.safe_load(with_crd.kubectl("get", "tsb", "platform", "-n", namespace, "-o", "yaml"))
    assert kept["status"] == status.report.status


@pytest.mark.integration
@pytest.mark.parametrize(("spec", "path"), INVALID)
def test_the_api_server_refuses_what_the_parser_refuses(with_crd, namespace, spec, path):
    with pytest.raises(StackError, match=path):
        _apply(with_crd, namespace, {**budget(), "spec": spec})


@pytest.mark.integration
def test_currency_and_time_zone_cannot_change(with_crd, namespace):
    _apply(with_crd, namespace, budget())

    with pytest.raises(StackError, match="currency cannot change"):
        _apply(with_crd, namespace, budget(currency="EUR"))
    with pytest.raises(StackError, match="timeZone cannot change"):
        _apply(with_crd, namespace, budget(timeZone="Europe/Vienna"))


def _snake(name):
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
