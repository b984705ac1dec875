"""What conditions and status say."""

from __future__ import annotations

import datetime as dt

import pytest
from tantrum_operator.rediscache import verdict

from .objects import NOW, OLD, desired, master, observed, pod, replica, sentinel


def said(wanted, *, before=None, **seen) -> tuple[dict, dict]:
    look = observed(wanted, **seen)
    status = verdict.status(wanted, look, before or {}, now=NOW)
    return {each.type: each for each in verdict.conditions(wanted, look, status)}, status


def outline(conditions) -> dict[str, tuple[str, str]]:
    return {name: (each.status, each.reason) for name, each in conditions.items()}


def test_all_is_well():
    conditions, status = said(desired(), nodes=(master(offset=900), replica(1, offset=700)))

    assert outline(conditions) == {
        "Ready": ("True", "AsSpecified"),
        "Available": ("True", "MasterAnswers"),
        "Quorum": ("True", "QuorumReached"),
        "Replicating": ("True", "InStep"),
        "Updated": ("True", "AllUpdated"),
        "SplitBrain": ("False", "OneMaster"),
        "Evicting": ("False", "EnoughMemory"),
    }
    assert status["master"] == "cache-redis-0"
    assert status["bytesBehind"] == 200


@pytest.mark.parametrize(
    ("seen", "type", "reason"),
    [
        ({"has_password": False}, "Available", "SecretMissing"),
        ({"sentinels": ()}, "Available", "NoMaster"),
        ({"nodes": (replica(1),)}, "Available", "MasterUnreachable"),
        ({"sentinels": (sentinel(0), sentinel(1))}, "Quorum", "SentinelsDiffer"),
        (
            {"sentinels": tuple(sentinel(each, has_quorum=False) for each in range(3))},
            "Quorum",
            "NoQuorum",
        ),
        ({"nodes": (master(), replica(1, link_up=False))}, "Replicating", "ReplicasMissing"),
        ({"pods": (pod(0), pod(1, revision=OLD))}, "Updated", "Updating"),
    ],
)
def test_what_is_amiss_is_false_and_so_is_ready(seen, type, reason):
    conditions, _ = said(desired(), **seen)

    assert outline(conditions)[type] == ("False", reason)
    assert conditions["Ready"].status == "False"


def test_a_master_that_refuses_writes_is_not_available():
    conditions, _ = said(desired(minReplicasToWrite=1), nodes=(master(good_replicas=0), replica(1)))

    assert outline(conditions)["Available"] == ("False", "TooFewReplicas")


@pytest.mark.parametrize(
    ("sentinels", "reason"),
    [((), "NoQuorum"), (tuple(sentinel(each) for each in range(3)), "BeingRepaired")],
)
def test_two_masters_are_a_split_brain(sentinels, reason):
    conditions, _ = said(desired(), nodes=(master(0), master(1)), sentinels=sentinels)

    assert outline(conditions)["SplitBrain"] == ("True", reason)
    assert conditions["Ready"].reason == "SplitBrain"


def test_a_lone_server_needs_no_quorum():
    conditions, status = said(desired(replicas=1), pods=(pod(0),), nodes=(master(),), sentinels=())

    assert conditions["Ready"].status == "True"
    assert outline(conditions)["Quorum"] == ("True", "NotNeeded")
    assert status["master"] == "cache-redis-0"


def test_evictions_are_told_for_five_minutes():
    _, first = said(desired(), nodes=(master(evicted_keys=5), replica(1)))
    conditions, second = said(desired(), before=first, nodes=(master(evicted_keys=9), replica(1)))
    assert conditions["Evicting"].status == "True"

    later = NOW + dt.timedelta(seconds=verdict.EVICTING_SECONDS)
    wanted = desired()
    look = observed(wanted, nodes=(master(evicted_keys=9), replica(1)))
    assert "lastEvictionTime" not in verdict.status(wanted, look, second, now=later)["memory"]


def test_a_new_master_that_counts_from_zero_has_evicted_nothing():
    _, before = said(desired(), nodes=(master(evicted_keys=500), replica(1)))

    conditions, _ = said(desired(), before=before, nodes=(master(evicted_keys=3), replica(1)))

    assert conditions["Evicting"].status == "False"


def test_the_master_that_was_is_kept_while_nobody_knows_another():
    _, status = said(desired(), before={"master": "cache-redis-1"}, sentinels=())

    assert status["master"] == "cache-redis-1"


def test_since_when_a_server_is_astray_is_remembered_until_it_is_not():
    nodes = (master(0), master(1))
    _, first = said(desired(), nodes=nodes)
    _, second = said(desired(), nodes=nodes, before={**first, "astraySince": "earlier"})
    _, mended = said(desired(), before=second)

    assert first["astraySince"] == "2026-01-01T12:00:00Z"
    assert second["astraySince"] == "earlier"
    assert "astraySince" not in mended
