"""What is done next, and in which order."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from tantrum_operator.rediscache.plan import (
    ASTRAY_SECONDS,
    Apply,
    CreateSecret,
    DeletePod,
    Follow,
    Label,
    ResetSentinel,
    agreed_master,
    plan,
)

from .objects import (
    NAMES,
    NEW,
    NOW,
    OLD,
    desired,
    master,
    observed,
    pod,
    replica,
    sentinel,
)

LONG_AGO = NOW - dt.timedelta(seconds=ASTRAY_SECONDS)


def steps(wanted, **seen):
    return plan(wanted, observed(wanted, **seen), now=NOW)


def deleted(actions) -> list[str]:
    return [each.name for each in actions if isinstance(each, DeletePod)]


def test_nothing_is_done_when_all_is_as_it_should_be():
    assert steps(desired()) == []


def test_a_new_cache_gets_its_secret_first_and_then_its_children():
    wanted = desired()

    actions = steps(
        wanted, children={}, pods=(), revision=None, has_password=False, nodes=(), sentinels=()
    )

    assert actions[0] == CreateSecret()
    kinds = [each.manifest["kind"] for each in actions[1:] if isinstance(each, Apply)]
    assert kinds == [each["kind"] for each in wanted.children]
    assert kinds[0] == "ConfigMap"
    assert kinds.count("StatefulSet") == 2


def test_the_password_is_never_made_again_while_servers_use_it():
    assert steps(desired(), has_password=False) == []


def test_a_secret_that_somebody_else_keeps_is_never_made():
    actions = steps(desired(auth={"secretName": "theirs"}), children={}, has_password=False)

    assert CreateSecret() not in actions


def test_only_what_differs_is_applied():
    wanted = desired()
    seen = observed(wanted)
    key = ("Service", "cache-sentinel")
    others = {each: live for each, live in seen.children.items() if each != key}

    actions = plan(wanted, dataclasses.replace(seen, children=others), now=NOW)

    assert [each.manifest["metadata"]["name"] for each in actions] == ["cache-sentinel"]


def test_pods_are_labelled_with_their_roles():
    actions = steps(
        desired(),
        pods=(pod(0), pod(1)),
        nodes=(replica(0, of=1), master(1)),
        sentinels=tuple(sentinel(each, of=1) for each in range(3)),
    )

    assert actions == [Label("cache-redis-0", "replica"), Label("cache-redis-1", "master")]


def test_replicas_are_replaced_first():
    assert deleted(steps(desired(), pods=(pod(0, revision=OLD), pod(1, revision=OLD)))) == [
        "cache-redis-1"
    ]


def test_the_master_is_replaced_when_all_replicas_are_and_follow():
    pods = (pod(0, revision=OLD), pod(1))

    assert deleted(steps(desired(), pods=pods)) == ["cache-redis-0"]
    behind = (master(), replica(1, link_up=False))
    assert deleted(steps(desired(), pods=pods, nodes=behind)) == []


@pytest.mark.parametrize(
    "seen",
    [
        {"pods": (pod(0, revision=OLD), pod(1, deleting=True))},
        {"pods": (pod(0, revision=OLD), pod(1, ready=False))},
        {"pods": (pod(0, revision=OLD),)},
        {"revision": None},
        {"sentinels": (sentinel(0), sentinel(1))},
        {"sentinels": (sentinel(0), sentinel(1), sentinel(2, calm=False))},
        {"sentinels": (sentinel(0), sentinel(1), sentinel(2, has_quorum=False))},
        {"sentinels": (sentinel(0), sentinel(1), sentinel(2, good_replicas=0))},
        {"nodes": (master(),)},
    ],
)
def test_no_pod_is_replaced_while_anything_is_amiss(seen):
    old = {"pods": (pod(0, revision=OLD), pod(1))}

    assert deleted(steps(desired(), **{**old, **seen})) == []


def test_an_old_pod_that_does_not_work_is_replaced_at_once():
    pods = (pod(0, revision=OLD), pod(1, revision=OLD, ready=False))

    assert deleted(steps(desired(), pods=pods, nodes=(master(),))) == ["cache-redis-1"]


def test_a_lone_server_is_replaced_without_ado():
    wanted = desired(replicas=1)

    actions = steps(wanted, pods=(pod(0, revision=OLD),), nodes=(master(),), sentinels=())

    assert deleted(actions) == ["cache-redis-0"]


def test_a_failover_that_was_asked_for_replaces_the_master_alone():
    [action] = steps(desired(failover_wanted=True))

    assert (action.name, action.requested) == ("cache-redis-0", True)


def test_the_latest_failover_decides_who_the_master_is():
    wanted = desired()
    newer = tuple(sentinel(each, of=1, epoch=2) for each in range(2))

    seen = observed(wanted, sentinels=(*newer, sentinel(2, of=0, epoch=1)))

    assert agreed_master(wanted.spec, NAMES, seen) == NAMES.node(1)


@pytest.mark.parametrize(
    "sentinels",
    [
        (),
        (sentinel(0),),
        (sentinel(0, master=""), sentinel(1, master=""), sentinel(2, master="")),
        (sentinel(0, of=1, epoch=2), sentinel(1), sentinel(2)),
    ],
)
def test_two_masters_without_a_quorum_are_left_alone(sentinels):
    actions = steps(
        desired(astray_since=LONG_AGO), nodes=(master(0), master(1)), sentinels=sentinels
    )

    assert actions == []


def test_a_second_master_is_redirected_when_sentinel_has_had_its_time():
    nodes = (master(0), master(1))

    assert steps(desired(astray_since=NOW), nodes=nodes) == []
    assert steps(desired(astray_since=LONG_AGO), nodes=nodes) == [
        Follow(NAMES.node(1), NAMES.node(0))
    ]


def test_nobody_is_redirected_while_a_failover_is_under_way():
    busy = tuple(sentinel(each, calm=False) for each in range(3))

    actions = steps(desired(astray_since=LONG_AGO), nodes=(master(0), master(1)), sentinels=busy)

    assert actions == []


def test_sentinels_forget_those_that_were_taken_away_one_after_the_other():
    remembering = tuple(sentinel(each, others=4) for each in range(3))

    assert steps(desired(), sentinels=remembering) == [ResetSentinel(NAMES.sentinel_address(0))]


def test_a_plan_that_was_carried_out_is_not_made_again():
    wanted = desired()
    first = plan(wanted, observed(wanted, children={}), now=NOW)
    made = [each.manifest for each in first if isinstance(each, Apply)]
    live = {(each["kind"], each["metadata"]["name"]): _with_defaults(each) for each in made}

    assert plan(wanted, observed(wanted, children=live, revision=NEW), now=NOW) == []


def _with_defaults(manifest):
    """As the API server gives it back: with more than was given."""
    if isinstance(manifest, dict):
        return {"default": 1, **{key: _with_defaults(each) for key, each in manifest.items()}}
    if isinstance(manifest, list):
        return [_with_defaults(each) for each in manifest]
    return manifest
