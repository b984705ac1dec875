"""The CRD of ServiceScaler and its parser say the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml
from pydantic.alias_generators import to_camel
from tantrum_operator.scaler import spec as parser
from tantrum_operator.scaler.memory import Memory, noted
from tantrum_operator.scaler.plan import decide
from tantrum_operator.scaler.spec import InvalidSpecError, Mode, parsed
from tantrum_operator.scaler.status import status_of
from tantrum_stack.errors import StackError

from .scalers import (
    CPU,
    LATENCY,
    NOW,
    REQUESTS,
    Day,
    autoscaling,
    latency,
    scaler,
    scaler_spec,
    seen,
)

CRD = Path(__file__).parents[2] / "charts/tvtantrum-operator/crds/servicescalers.yaml"
VERSION = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
SPEC = SCHEMA["properties"]["spec"]


def at(*path):
    """The schema of the field at *path* below the spec."""
    schema = SPEC
    for name in path:
        schema = schema["properties"][name]
        schema = schema.get("items", schema)
    return schema


AUTO = ("autoscaling",)
MODELS = [
    pytest.param(parser.ScalerSpec, at(), id="spec"),
    pytest.param(parser.TargetRef, at("targetRef"), id="targetRef"),
    pytest.param(parser.Autoscaling, at(*AUTO), id="autoscaling"),
    pytest.param(parser.Metric, at(*AUTO, "metrics"), id="metrics"),
    pytest.param(parser.ResourceMetric, at(*AUTO, "metrics", "resource"), id="resource"),
    pytest.param(parser.PrometheusMetric, at(*AUTO, "metrics", "prometheus"), id="prometheus"),
    pytest.param(parser.LatencyMetric, at(*AUTO, "metrics", "latency"), id="latency"),
    pytest.param(parser.Behavior, at(*AUTO, "behavior"), id="behavior"),
    pytest.param(parser.UpRules, at(*AUTO, "behavior", "scaleUp"), id="scaleUp"),
    pytest.param(parser.DownRules, at(*AUTO, "behavior", "scaleDown"), id="scaleDown"),
    pytest.param(parser.Policy, at(*AUTO, "behavior", "scaleUp", "policies"), id="policies up"),
    pytest.param(parser.Policy, at(*AUTO, "behavior", "scaleDown", "policies"), id="policies down"),
    pytest.param(parser.Schedule, at(*AUTO, "schedules"), id="schedules"),
    pytest.param(parser.Dependency, at(*AUTO, "dependencies"), id="dependencies"),
    pytest.param(parser.BudgetRef, at(*AUTO, "budgetRef"), id="budgetRef"),
]

SCHEDULE = {"name": "evening", "cron": "0 17 * * *", "durationSeconds": 3600, "minReplicas": 4}
EVERYTHING = {
    "targetRef": {"name": "gateway", "kind": "Deployment"},
    "mode": "Enforce",
    "replicas": 4,
    "overrideUntil": "2026-11-24T18:00:00Z",
    "autoscaling": {
        **autoscaling(
            CPU,
            {
                "name": "memory",
                "type": "Resource",
                "resource": {"name": "memory", "averageValue": "200Mi"},
            },
            REQUESTS,
            {"name": "queue", "type": "Prometheus", "prometheus": {"query": "q", "value": "0.5"}},
            LATENCY,
        ),
        "behavior": {
            "scaleUp": {
                "stabilizationWindowSeconds": 30,
                "selectPolicy": "Min",
                "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
                "tolerance": "0.05",
            },
            "scaleDown": {"tolerance": 0},
        },
        "schedules": [{**SCHEDULE, "timeZone": "Europe/Vienna"}],
        "dependencies": [{"name": "database", "query": "q", "faultAbove": "0.5"}],
        "budgetRef": {"name": "platform"},
        "priority": 10,
    },
}
VALID = [
    pytest.param(scaler_spec(), id="cpu"),
    pytest.param({"targetRef": {"name": "gateway"}, "replicas": 0}, id="off"),
    pytest.param(EVERYTHING, id="everything"),
]


def metric(**fields):
    return {**scaler_spec(), "autoscaling": autoscaling({"name": "m", **fields})}


def rules(**fields):
    return scaler_spec(behavior={"scaleUp": fields})


INVALID = [
    pytest.param({"replicas": 2}, "targetRef", id="no target"),
    pytest.param({"targetRef": {"name": "gateway"}}, "needs replicas, autoscaling", id="nothing"),
    pytest.param({"targetRef": {"name": "Gate_way"}, "replicas": 1}, "name", id="no name"),
    pytest.param(
        {"targetRef": {"name": "gateway", "kind": "StatefulSet"}, "replicas": 1}, "kind", id="kind"
    ),
    pytest.param({**scaler_spec(), "mode": "Dream"}, "mode", id="mode"),
    pytest.param({"targetRef": {"name": "gateway"}, "replicas": -1}, "replicas", id="replicas -1"),
    pytest.param({"targetRef": {"name": "gateway"}, "replicas": 1001}, "replicas", id="replicas"),
    pytest.param(
        {**scaler_spec(), "overrideUntil": "2026-11-24T18:00:00Z"},
        "overrideUntil needs both",
        id="override of nothing",
    ),
    pytest.param(
        {**scaler_spec(), "replicas": 3, "overrideUntil": "tomorrow"}, "overrideUntil", id="no time"
    ),
    pytest.param(scaler_spec(minReplicas=0), "minReplicas", id="minimum 0"),
    pytest.param(scaler_spec(maxReplicas=1001), "maxReplicas", id="maximum"),
    pytest.param(
        scaler_spec(minReplicas=9, maxReplicas=3), "must not be more than maxReplicas", id="bounds"
    ),
    pytest.param(
        {**scaler_spec(), "autoscaling": {"metrics": [CPU]}}, "maxReplicas", id="no maximum"
    ),
    pytest.param(
        {**scaler_spec(), "autoscaling": {"maxReplicas": 3, "metrics": []}}, "metrics", id="empty"
    ),
    pytest.param(scaler_spec(CPU, CPU), "metrics", id="a metric twice"),
    pytest.param(metric(type="Guess"), "type", id="type of metric"),
    pytest.param(metric(type="Resource"), "type", id="metric without field"),
    pytest.param(
        metric(type="Resource", resource=CPU["resource"], latency=LATENCY["latency"]),
        "type",
        id="metric with two fields",
    ),
    pytest.param(metric(type="Latency", resource=CPU["resource"]), "type", id="another's field"),
    pytest.param(metric(type="Resource", resource={"name": "disk"}), "name", id="resource"),
    pytest.param(
        metric(type="Resource", resource={"name": "cpu"}),
        "averageUtilization",
        id="no target of cpu",
    ),
    pytest.param(
        metric(
            type="Resource",
            resource={"name": "cpu", "averageUtilization": 70, "averageValue": "1"},
        ),
        "averageUtilization",
        id="two targets of cpu",
    ),
    pytest.param(
        metric(type="Resource", resource={"name": "cpu", "averageUtilization": 0}),
        "averageUtilization",
        id="utilisation 0",
    ),
    pytest.param(
        metric(type="Resource", resource={"name": "cpu", "averageValue": "much"}),
        "averageValue",
        id="amount in words",
    ),
    pytest.param(
        metric(type="Resource", resource={"name": "cpu", "averageValue": 0}),
        "averageValue",
        id="amount 0",
    ),
    pytest.param(
        metric(type="Prometheus", prometheus={"query": "q"}), "averageValue", id="query alone"
    ),
    pytest.param(
        metric(type="Prometheus", prometheus={"query": "", "value": 1}), "query", id="no query"
    ),
    pytest.param(
        metric(type="Prometheus", prometheus={"query": "q", "value": "-1"}), "value", id="below 0"
    ),
    *(
        pytest.param(
            metric(type="Latency", latency={"histogram": "h", field: value}), field, id=field
        )
        for field, value in [
            ("targetMilliseconds", 0),
            ("objectivePercent", 100),
            ("windowSeconds", 5),
            ("budgetWindowSeconds", 60),
            ("minRequests", 0),
            ("holdPercent", 100),
            ("maxStepPercent", 0),
        ]
    ),
    pytest.param(metric(type="Latency", latency={"histogram": "a b"}), "histogram", id="histogram"),
    pytest.param(metric(type="Latency", latency={}), "histogram", id="no histogram"),
    pytest.param(
        rules(stabilizationWindowSeconds=3601), "stabilizationWindowSeconds", id="long window"
    ),
    pytest.param(rules(selectPolicy="Some"), "selectPolicy", id="policy to select"),
    pytest.param(rules(policies=[]), "policies", id="no policies"),
    pytest.param(
        rules(policies=[{"type": "Pods", "value": 0, "periodSeconds": 15}]), "value", id="policy 0"
    ),
    pytest.param(
        rules(policies=[{"type": "Pods", "value": 1, "periodSeconds": 1801}]),
        "periodSeconds",
        id="policy of a long period",
    ),
    pytest.param(rules(tolerance="1.5"), "tolerance", id="tolerance"),
    pytest.param(scaler_spec(schedules=[{**SCHEDULE, "cron": "daily"}]), "cron", id="cron"),
    pytest.param(
        scaler_spec(schedules=[{**SCHEDULE, "durationSeconds": 1}]), "durationSeconds", id="short"
    ),
    pytest.param(
        scaler_spec(schedules=[{**SCHEDULE, "minReplicas": 21}]),
        "minReplicas of a schedule",
        id="schedule above the maximum",
    ),
    pytest.param(
        scaler_spec(schedules=[{**SCHEDULE, "timeZone": "/"}]), "timeZone", id="time zone"
    ),
    pytest.param(scaler_spec(schedules=[SCHEDULE, SCHEDULE]), "schedules", id="a schedule twice"),
    pytest.param(scaler_spec(dependencies=[{"name": "db"}]), "query", id="dependency"),
    pytest.param(scaler_spec(priority=-1), "priority", id="priority"),
]


@pytest.mark.parametrize(("model", "schema"), MODELS)
def test_fields_requirements_and_defaults_are_the_same(model, schema):
    fields = {to_camel(each.name): each for each in dataclasses.fields(model)}

    assert set(fields) == set(schema["properties"])
    assert {name for name, each in fields.items() if _required(each)} == set(
        schema.get("required", ())
    )
    for name, each in schema["properties"].items():
        assert each["description"]
        if "default" in each:
            assert str(fields[name].default) == str(each["default"])


@pytest.mark.parametrize(("model", "schema"), MODELS)
def test_bounds_and_patterns_are_the_same(model, schema):
    hints = {
        to_camel(name): str(hint)
        for name, hint in get_type_hints(model, include_extras=True).items()
    }
    for name, each in schema["properties"].items():
        hint = hints[name]
        if each.get("x-kubernetes-int-or-string"):
            assert each["pattern"] == parser.QUANTITY_PATTERN
            positive = any("('0')" in rule["rule"] for rule in _rules(each))
            assert ("Gt(gt=0)" in hint) == positive
        elif "pattern" in each and name != "timeZone":
            assert each["pattern"] in hint.replace("\\\\", "\\")
        for bound, told in [("minimum", "Ge(ge={})"), ("maximum", "Le(le={})")]:
            if bound in each:
                assert told.format(each[bound]) in hint
        for bound in ("maxItems", "maxLength"):
            if bound in each and not each.get("x-kubernetes-int-or-string") and name != "timeZone":
                assert f"max_length={each[bound]}" in hint


@pytest.mark.parametrize("spec", VALID)
def test_the_parser_takes_what_is_valid(spec):
    assert parsed(spec).target_ref.name == "gateway"


@pytest.mark.parametrize(("spec", "path"), INVALID)
def test_the_parser_names_the_fault(spec, path):
    with pytest.raises(InvalidSpecError, match=r"^spec") as caught:
        parsed(spec)

    assert path in str(caught.value)


def test_the_parser_names_what_the_api_server_cannot_know_and_every_fault_at_once():
    schedules = [{**SCHEDULE, "cron": "0 99 * * *", "timeZone": "Europe/Wien"}]

    with pytest.raises(InvalidSpecError) as caught:
        parsed(scaler_spec(schedules=schedules))

    assert [each.split(":")[0] for each in caught.value.faults] == [
        "spec.autoscaling.schedules[0].cron",
        "spec.autoscaling.schedules[0].timeZone",
    ]


@pytest.fixture(scope="module")
def with_crd(api_server):
    api_server.install_crds(CRD)
    return api_server


def body(namespace, spec, **others):
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "ServiceScaler",
        "metadata": {"name": "gateway", "namespace": namespace},
        "spec": spec,
        **others,
    }


def apply(server, manifest, *more):
    server.kubectl("apply", "--server-side", *more, "-f", "-", stdin=yaml.safe_dump(manifest))


def read(server, namespace):
    shown = server.kubectl("get", "tss", "gateway", "-n", namespace, "-o", "yaml")
    return yaml.safe_load(shown)


@pytest.mark.integration
@pytest.mark.parametrize("spec", VALID)
def test_the_api_server_takes_what_is_valid(with_crd, namespace, spec):
    apply(with_crd, body(namespace, spec))

    assert parsed(read(with_crd, namespace)["spec"]) == parsed(spec)


@pytest.mark.integration
@pytest.mark.parametrize(("spec", "path"), INVALID)
def test_the_api_server_refuses_what_the_parser_refuses(with_crd, namespace, spec, path):
    with pytest.raises(StackError, match=path):
        apply(with_crd, body(namespace, spec))


@pytest.mark.integration
def test_the_target_cannot_change(with_crd, namespace):
    apply(with_crd, body(namespace, scaler_spec()))

    with pytest.raises(StackError, match="targetRef cannot change"):
        apply(with_crd, body(namespace, {**scaler_spec(), "targetRef": {"name": "search"}}))


@pytest.mark.integration
def test_kubectl_scales_a_scaler(with_crd, namespace):
    apply(with_crd, body(namespace, {"targetRef": {"name": "gateway"}, "replicas": 2}))

    with_crd.kubectl("scale", "tss/gateway", "--replicas=4", "-n", namespace)

    assert read(with_crd, namespace)["spec"]["replicas"] == 4


@pytest.mark.integration
def test_the_api_server_takes_any_status_of_ours(with_crd, namespace):
    day = Day(scaler(CPU, LATENCY, schedules=[{**SCHEDULE, "cron": "* * * * *"}]))
    for _ in range(14):
        decision = day.look(cpu=10, latencies=latency(0.5, now=day.now))
    status = status_of(
        day.spec, decision, ready=2, selector="app=gateway", memory=decision.intended()
    )
    apply(with_crd, body(namespace, scaler_spec()))

    written = body(namespace, scaler_spec(), status=status)
    apply(with_crd, written, "--subresource=status", "--validate=strict", "--field-manager=status")

    assert read(with_crd, namespace)["status"] == status


def test_in_mode_observe_nothing_is_wanted():
    spec = dataclasses.replace(scaler(), mode=Mode.OBSERVE)
    decision = decide(spec, seen(2, cpu=490), Memory(), NOW)

    status = status_of(spec, decision, ready=2, selector="", memory=decision.memory)

    assert "desiredReplicas" not in status


def test_the_history_fits_its_field():
    memory = Memory()
    for number in range(60):
        memory = noted(memory, 5 + number % 13, scaler().autoscaling.behavior.rules, NOW)

    most = SCHEMA["properties"]["status"]["properties"]["history"]["properties"]
    assert len(memory.history.recommendations) <= most["recommendations"]["maxItems"]


def _required(field):
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _rules(schema):
    return schema.get("x-kubernetes-validations", ())
