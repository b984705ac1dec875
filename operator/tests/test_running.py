"""The operator as a process: what it does with objects, their children and their pauses."""

from __future__ import annotations

import json
import signal
import urllib.request

import pytest

from .conftest import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def kubectl(api_server, namespace):
    def ask(*arguments, stdin=""):
        return api_server.kubectl("--namespace", namespace, *arguments, stdin=stdin)

    return ask


def make(kubectl, name="pool", text="one", **annotations):
    manifest = {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"text": text},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def text_of_child(kubectl, name="pool"):
    found = json.loads(kubectl("get", "configmaps", "--output=json"))["items"]
    texts = {each["metadata"]["name"]: each.get("data", {}).get("text") for each in found}
    return texts.get(name)


def read(kubectl, name="pool"):
    return json.loads(kubectl("get", "pgbouncers", name, "--output=json"))


def ready(kubectl, name="pool"):
    conditions = read(kubectl, name).get("status", {}).get("conditions", [])
    return {each["type"]: each for each in conditions}.get("Ready")


def test_an_object_gets_what_it_says_and_a_deleted_child_is_back(operators, kubectl):
    make(kubectl)
    # So that only what is watched can explain that it is back.
    operators("a", OPERATOR_PERIOD_SECONDS="300")

    kubectl("wait", "pgbouncer/pool", "--for=condition=Ready", "--timeout=120s")
    first = json.loads(kubectl("get", "configmap", "pool", "--output=json"))["metadata"]["uid"]
    kubectl("delete", "configmap", "pool")

    eventually(lambda: text_of_child(kubectl) == "one", "the child is back")
    again = json.loads(kubectl("get", "configmap", "pool", "--output=json"))["metadata"]["uid"]
    assert again != first
    assert read(kubectl)["status"]["observedGeneration"] == 1


def test_changes_of_the_spec_arrive_and_nothing_keeps_an_object_from_deletion(operators, kubectl):
    operator = operators("a", OPERATOR_PERIOD_SECONDS="300")
    make(kubectl)
    eventually(lambda: text_of_child(kubectl) == "one", "the object is seen")

    make(kubectl, text="two")
    eventually(lambda: text_of_child(kubectl) == "two", "the change is seen")
    assert "finalizers" not in read(kubectl)["metadata"]
    assert not any("kopf" in each for each in read(kubectl)["metadata"]["annotations"])
    operator.signal(signal.SIGTERM)
    eventually(lambda: operator.exit_code() == 0, "the operator ends")
    kubectl("delete", "pgbouncer", "pool", "--timeout=60s")


def test_a_paused_object_is_left_alone_and_says_so(operators, kubectl):
    operator = operators("a")
    make(kubectl, text="one")
    eventually(lambda: text_of_child(kubectl) == "one", "the object is seen")

    make(kubectl, text="two", **{"platform.tvtantrum.com/paused": "true"})

    eventually(lambda: ready(kubectl)["reason"] == "Paused", "the pause shows")
    assert text_of_child(kubectl) == "one"
    assert 'tantrum_operator_paused{kind="PgBouncer",name="pool"' in metrics(operator)
    make(kubectl, text="two")
    kubectl("annotate", "pgbouncer", "pool", "platform.tvtantrum.com/paused-")
    eventually(lambda: text_of_child(kubectl) == "two", "the change is made after the pause")
    eventually(lambda: ready(kubectl)["reason"] == "Done", "the pause no longer shows")
    assert "tantrum_operator_paused{" not in metrics(operator)


def test_occurrences_are_events_of_the_object(operators, kubectl):
    operators("a")
    make(kubectl)

    told = eventually(
        lambda: json.loads(kubectl("get", "events.events.k8s.io", "--output=json"))["items"],
        "an event is there",
    )

    assert [(each["reason"], each["regarding"]["name"]) for each in told] == [("Copied", "pool")]


@pytest.mark.parametrize("everywhere", [False, True])
def test_one_operator_acts_in_the_namespaces_it_is_told(
    operators, api_server, namespace, everywhere
):
    other, third = f"{namespace}-other", f"{namespace}-third"
    for name in (other, third):
        api_server.kubectl("create", "namespace", name)
    watched = "*" if everywhere else f"{namespace},{other}"
    operators("a", OPERATOR_WATCHED_NAMESPACES=watched)

    def ask(where):
        return lambda *arguments, stdin="": api_server.kubectl(
            "--namespace", where, *arguments, stdin=stdin
        )

    for name in (third, namespace, other):
        make(ask(name))

    eventually(lambda: text_of_child(ask(other)) == "one", "the other namespace is seen")
    eventually(lambda: text_of_child(ask(namespace)) == "one", "its own namespace is seen")
    if everywhere:
        eventually(lambda: text_of_child(ask(third)) == "one", "every namespace is seen")
    assert everywhere or text_of_child(ask(third)) is None


def test_two_operators_in_two_namespaces_do_not_meet(operators, api_server, namespace, kubectl):
    other = f"{namespace}-other"
    api_server.kubectl("create", "namespace", other)
    first = operators("a")
    second = operators("b", OPERATOR_NAMESPACE=other)

    make(kubectl)

    eventually(lambda: text_of_child(kubectl) == "one", "the first acts")
    eventually(lambda: first.said("leadership_taken"), "the first leads")
    eventually(lambda: second.said("leadership_taken"), "the second leads at its place")
    assert 'reconcile_seconds_count{kind="PgBouncer"}' not in metrics(second)


def test_who_waits_is_alive_and_ready_and_does_nothing(operators, kubectl):
    leader = operators("a")
    eventually(lambda: leader.said("leadership_taken"), "the first leads")
    waiting = operators("b")
    make(kubectl)
    eventually(lambda: text_of_child(kubectl) == "one", "the first acts")

    shown = metrics(waiting)

    assert get(waiting, "/livez") == get(waiting, "/readyz") == "ok\n"
    assert "tantrum_operator_leader 0.0" in shown
    assert "tantrum_operator_last_success_age_seconds{" not in shown
    assert "tantrum_operator_reconcile_seconds_count{" not in shown


def test_probes_and_metrics_are_served(operators, kubectl):
    operator = operators("a")
    make(kubectl)
    eventually(lambda: text_of_child(kubectl) == "one", "the object is seen")

    shown = metrics(operator)

    assert get(operator, "/livez") == get(operator, "/readyz") == "ok\n"
    assert "tantrum_operator_leader 1.0" in shown
    assert 'tantrum_operator_last_success_age_seconds{kind="PgBouncer"}' in shown
    assert 'tantrum_operator_reconcile_seconds_count{kind="PgBouncer"}' in shown
    assert 'tantrum_operator_api_calls_total{kind="ConfigMap",outcome="ok",verb="apply"}' in shown


def get(operator, path):
    port = eventually(lambda: operator.said("operator_started"), "it starts")["http_port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as reply:
        return reply.read().decode()


def metrics(operator):
    return get(operator, "/metrics")
