"""What a PgBouncer object comes to: children, orders, pauses, and what its status says."""

from __future__ import annotations

import datetime as dt

import pytest
from tantrum_operator.client_connections import Demand
from tantrum_operator.conditions import Truth
from tantrum_operator.pgbouncer.agents import Pooler
from tantrum_operator.pgbouncer.connections import Limit
from tantrum_operator.pgbouncer.ini import rendered
from tantrum_operator.pgbouncer.manifests import Owner
from tantrum_operator.pgbouncer.observe import Observed, Pod
from tantrum_operator.pgbouncer.plan import plan
from tantrum_operator.pgbouncer.protocol import (
    AgentState,
    PausePhase,
    PauseState,
    UpstreamState,
    digest_of,
)
from tantrum_operator.pgbouncer.reporting import Found, conditions, status
from tantrum_operator.pgbouncer.spec import spec_from

from .specs import pgbouncer

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
STOCK = {"tantrum": Limit(max_connections=100, reserved=3)}
AGENT = "operator:1"
NOTHING = Observed(children={}, pods=())


def planned(body, observed=NOTHING, limits=STOCK, *, now=NOW, agent_image=AGENT):
    metadata = body["metadata"]
    owner = Owner(name=metadata["name"], namespace=metadata["namespace"], uid=metadata["uid"])
    return plan(
        owner,
        spec_from(body),
        observed,
        limits,
        agent_image=agent_image,
        generation=metadata["generation"],
        now=now,
    )


def after(done, pods=()):
    """What is seen once *done* was applied."""
    children = {(each["kind"], each["metadata"]["name"]): each for each in done.children}
    return Observed(children=children, pods=pods)


def child(done, kind, name="pooler"):
    [found] = [
        each for each in done.children if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return found


def pod_of(done):
    return child(done, "Deployment")["spec"]["template"]["spec"]


def test_a_pooler_begins_small_grows_when_the_limit_is_known_and_keeps_its_size_when_it_is_not():
    body = pgbouncer()

    first = planned(body, limits={})
    second = planned(body, after(first))
    third = planned(body, after(second), limits={})

    assert [each.sizing.pool_size for each in (first, second, third)] == [10, 20, 20]
    assert "max_db_connections = 20\n" in second.orders.settings


def test_what_does_not_fit_changes_nothing_but_the_rest_of_the_spec_goes_on():
    before = after(planned(pgbouncer()))

    refused = planned(pgbouncer(replicas=5, pool__size=40, pool__idleTimeoutSeconds=7), before)

    assert (refused.sizing.replicas, refused.sizing.pool_size) == (2, 20)
    assert "server_idle_timeout = 7\n" in refused.orders.settings


def test_a_pool_grows_only_when_poolers_that_were_too_many_have_left():
    before = after(planned(pgbouncer(replicas=5, pool__size=10)))
    pods = [Pod(name=f"p{number}", address="", leaving=False) for number in range(5)]
    leaving = [*pods[:2], *(Pod(name=each.name, address="", leaving=True) for each in pods[2:])]

    first = planned(pgbouncer(), Observed(children=before.children, pods=pods))
    second = planned(pgbouncer(), after(first, leaving))
    third = planned(pgbouncer(), after(second, pods[:2]))

    sizes = [(each.sizing.replicas, each.sizing.pool_size) for each in (first, second, third)]
    assert sizes == [(2, 10), (2, 10), (2, 20)]


def test_a_pool_size_does_not_touch_the_pods():
    small, large = planned(pgbouncer(pool__size=5)), planned(pgbouncer(pool__size=15))

    assert child(small, "Deployment") == child(large, "Deployment")
    assert small.orders.settings != large.orders.settings


def test_a_newer_operator_alone_restarts_no_pooler():
    before = after(planned(pgbouncer()))

    same = planned(pgbouncer(), before, agent_image="operator:2")
    changed = planned(pgbouncer(drainSeconds=9), before, agent_image="operator:2")

    assert pod_of(same)["initContainers"][0]["image"] == "operator:1"
    assert pod_of(changed)["initContainers"][0]["image"] == "operator:2"


def test_the_pod_has_longer_than_clients_keep_their_connections():
    done = planned(pgbouncer(drainSeconds=7, clientLifetimeSeconds=60))

    [container] = pod_of(done)["containers"]
    assert "sleep 7;" in container["lifecycle"]["preStop"]["exec"]["command"][-1]
    # And longer than a pause.
    assert pod_of(done)["terminationGracePeriodSeconds"] > 7 + 60 + 15
    # The budget counts one that drains.
    assert child(done, "Deployment")["spec"]["minReadySeconds"] > 7 + 60


def test_retained_children_belong_to_nobody_and_deleted_ones_to_the_object():
    retained, deleted = planned(pgbouncer()), planned(pgbouncer(deletionPolicy="Delete"))

    assert all("ownerReferences" not in each["metadata"] for each in retained.children)
    for each in deleted.children:
        [owner] = each["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("PgBouncer", "pooler", True)


def test_services_and_budget_find_the_pods():
    done = planned(pgbouncer())
    labels = child(done, "Deployment")["spec"]["template"]["metadata"]["labels"]
    owned = {"platform.tvtantrum.com/pgbouncer": "pooler"}

    selectors = [
        child(done, "Service")["spec"]["selector"],
        child(done, "Service", "pooler-metrics")["spec"]["selector"],
        child(done, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        child(done, "Deployment")["spec"]["selector"]["matchLabels"],
    ]
    assert selectors == [owned] * 4
    assert owned.items() < labels.items()


def test_pods_have_the_labels_that_others_find_them_by():
    done = planned(pgbouncer(podLabels={"app.kubernetes.io/name": "tvtantrum", "team": "data"}))

    assert child(done, "Deployment")["spec"]["template"]["metadata"]["labels"] == {
        "app.kubernetes.io/name": "tvtantrum",
        "team": "data",
        "platform.tvtantrum.com/pgbouncer": "pooler",
    }


def test_settings_say_where_users_are_looked_up_and_how_servers_are_trusted():
    spec = spec_from(
        pgbouncer(
            auth__function="pooling.user_lookup",
            tls__upstream={"mode": "verify-full", "caRef": {"name": "authorities"}},
            tls__clients={"secretName": "certificate"},
            parameters={"query_timeout": "30"},
        )
    )

    text = rendered(spec, pool_size=20)

    for line in (
        "auth_user = tantrum",
        "auth_query = SELECT username, password FROM pooling.user_lookup($1)",
        "server_tls_sslmode = verify-full",
        "client_tls_sslmode = require",
        "query_timeout = 30",
        "query_wait_timeout = 1",
        "server_login_retry = 1",
    ):
        assert f"{line}\n" in text


def test_a_pause_keeps_its_generation_and_its_deadline_whatever_else_changes():
    first = planned(pgbouncer(paused=True, generation=4))
    later = NOW + dt.timedelta(seconds=10)

    second = planned(pgbouncer(paused=True, generation=5, replicas=1), after(first), now=later)

    assert (first.orders.pause.generation, first.orders.pause.remaining_seconds) == (4, 15.0)
    assert (second.orders.pause.generation, second.orders.pause.remaining_seconds) == (4, 5.0)
    settings = child(second, "ConfigMap", "pooler-settings")
    assert settings["data"]["pause-until"] == f"{NOW.timestamp() + 15:.0f}"


def test_after_its_deadline_nothing_pauses_until_paused_was_false():
    first = planned(pgbouncer(paused=True, generation=4))
    late = NOW + dt.timedelta(minutes=5)

    over = planned(pgbouncer(paused=True, generation=5), after(first), now=late)
    lifted = planned(pgbouncer(paused=False, generation=6), after(over), now=late)
    again = planned(pgbouncer(paused=True, generation=7), after(lifted), now=late)

    assert (over.orders.pause, lifted.orders.pause) == (None, None)
    assert again.orders.pause.generation == 7
    assert child(over, "ConfigMap", "pooler-settings")["data"]["pause-until"] == ""


def found(body, done, *states, ready=2, demands=(), now=NOW):
    observed = after(done)
    child(done, "Deployment")["status"] = {"readyReplicas": ready}
    return Found(
        body=body,
        spec=spec_from(body),
        plan=done,
        observed=observed,
        poolers=[Pooler(name=f"p{n}", state=state, error="no") for n, state in enumerate(states)],
        demands=demands,
        now=now,
    )


def answered(done, **changes):
    facts = {
        "version": "1.24.1",
        "in_force": digest_of(done.orders.settings),
        "ready": True,
        "upstreams": (UpstreamState(database="tantrum", reachable=True),),
    }
    return AgentState(**(facts | changes))


def said(what):
    return {each.type: (each.status, each.reason) for each in conditions(what)}


def test_all_is_well_when_every_pooler_has_what_was_asked_for():
    body = pgbouncer()
    done = planned(body)

    it = found(body, done, answered(done), answered(done))

    assert said(it) == {
        "Ready": (Truth.TRUE, "Serving"),
        "ConnectionsFit": (Truth.TRUE, "Fits"),
        "ConfigInForce": (Truth.TRUE, "InForce"),
        "UpstreamReachable": (Truth.TRUE, "Reachable"),
        "Paused": (Truth.FALSE, "NotPaused"),
        "ClientsWaiting": (Truth.FALSE, "Served"),
    }
    assert status(it)["connections"] == {"needed": 94, "available": 97, "largestPoolSize": 20}


def test_a_refusal_says_the_numbers_and_what_would_fit():
    body = pgbouncer(pool__size=50)
    done = planned(body, after(planned(pgbouncer())))

    it = found(body, done, answered(done))
    [condition] = [each for each in conditions(it) if each.type == "ConnectionsFit"]

    assert said(it)["Ready"] == (Truth.FALSE, "ConnectionBudgetExceeded")
    assert "214 connections of 97" in condition.message
    assert "the largest pool.size that fits is 20" in condition.message
    assert status(it)["poolSize"] == 20


@pytest.mark.parametrize(
    ("type", "status", "reason", "changes"),
    [
        ("ConfigInForce", Truth.FALSE, "Differs", {"in_force": None}),
        ("Ready", Truth.FALSE, "VersionUnsupported", {"version": "1.18.0"}),
        (
            "UpstreamReachable",
            Truth.FALSE,
            "LoginFailed",
            {"upstreams": (UpstreamState(database="tantrum", reachable=False, error="gone"),)},
        ),
        (
            "ClientsWaiting",
            Truth.TRUE,
            "PoolExhausted",
            {"clients_waiting": 3, "longest_wait_seconds": 0.8},
        ),
    ],
)
def test_what_one_pooler_says_is_a_condition(type, status, reason, changes):
    body = pgbouncer()
    done = planned(body)

    it = found(body, done, answered(done), answered(done, **changes))

    assert said(it)[type] == (status, reason)


def test_what_is_not_known_is_unknown():
    body = pgbouncer()
    done = planned(body, limits={})

    silent, none = found(body, done, None), found(body, done, ready=0)

    assert said(silent)["ConfigInForce"] == (Truth.UNKNOWN, "AgentUnreachable")
    assert said(silent)["ConnectionsFit"] == (Truth.UNKNOWN, "LimitUnreadable")
    assert said(none)["ConfigInForce"] == (Truth.UNKNOWN, "NoPoolers")
    assert said(none)["Ready"] == (Truth.FALSE, "PoolersNotReady")


def test_a_pause_is_told_from_its_beginning_to_its_deadline():
    body = pgbouncer(paused=True)
    done = planned(body)

    def told(*phases, now=NOW):
        states = [
            answered(done, paused=True, pause=PauseState(generation=1, phase=phase))
            for phase in phases
        ]
        return said(found(body, done, *states, now=now))["Paused"]

    assert told(PausePhase.PAUSED, PausePhase.PAUSING) == (Truth.TRUE, "Pausing")
    assert told(PausePhase.PAUSED, PausePhase.PAUSED) == (Truth.TRUE, "Paused")
    late = NOW + dt.timedelta(seconds=16)
    assert told(PausePhase.ENDED, now=late) == (Truth.FALSE, "DeadlinePassed")


def test_more_clients_than_the_poolers_take_are_told_with_what_would_fit():
    clients = [{"scalerRef": {"name": "catalog"}, "connectionsPerReplica": 100}]
    body = pgbouncer(clients=clients)
    done = planned(body)
    demand = Demand(scaler="catalog", replicas=11, connections_per_replica=100)

    [condition] = [
        each
        for each in conditions(found(body, done, demands=[demand]))
        if each.type == "ClientsFit"
    ]

    assert (condition.status, condition.reason) == (Truth.FALSE, "TooManyClients")
    assert "catalog at 10" in condition.message
