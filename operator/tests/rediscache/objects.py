"""RedisCaches, and what is seen of them, for tests."""

from __future__ import annotations

import datetime as dt

from tantrum_operator.rediscache import children
from tantrum_operator.rediscache.naming import Names
from tantrum_operator.rediscache.observe import Observed, Pod
from tantrum_operator.rediscache.plan import Desired
from tantrum_operator.rediscache.servers import Node, Sentinel
from tantrum_operator.rediscache.spec import parse

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
NAMES = Names(namespace="shows", cache="cache")
NEW, OLD = "cache-redis-new", "cache-redis-old"


def body(namespace="shows", name="cache", **spec):
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "RedisCache",
        "metadata": {"namespace": namespace, "name": name, "uid": "u", "generation": 1},
        "spec": {"image": "tvtantrum/redis:1", **spec},
    }


def desired(*, failover_wanted=False, astray_since=None, **spec) -> Desired:
    made = body(**spec)
    parsed = parse(made["spec"])
    return Desired(
        spec=parsed,
        names=NAMES,
        children=children.manifests(made, parsed, NAMES),
        failover_wanted=failover_wanted,
        astray_since=astray_since,
    )


def pod(ordinal, **changes) -> Pod:
    shape = {
        "name": f"cache-redis-{ordinal}",
        "uid": f"uid-{ordinal}",
        "revision": NEW,
        "ready": True,
        "deleting": False,
        "role": "master" if ordinal == 0 else "replica",
    }
    return Pod(**{**shape, **changes})


def master(ordinal=0, **changes) -> Node:
    return Node(**{"address": NAMES.node(ordinal), "master": True, "offset": 900, **changes})


def replica(ordinal, of=0, **changes) -> Node:
    shape = {"address": NAMES.node(ordinal), "master": False, "offset": 900}
    return Node(**{**shape, "follows": NAMES.node(of), **changes})


def sentinel(ordinal, of=0, **changes) -> Sentinel:
    shape = {
        "address": NAMES.sentinel_address(ordinal),
        "master": NAMES.node(of),
        "epoch": 1,
        "others": 2,
        "replicas": 1,
        "good_replicas": 1,
        "has_quorum": True,
    }
    return Sentinel(**{**shape, **changes})


def observed(wanted: Desired, **changes) -> Observed:
    """Everything as *wanted*, but for *changes*."""
    shape = {
        "children": {(each["kind"], each["metadata"]["name"]): each for each in wanted.children},
        "pods": (pod(0), pod(1)),
        "revision": NEW,
        "has_password": True,
        "nodes": (master(), replica(1)),
        "sentinels": tuple(sentinel(each) for each in range(3)),
    }
    return Observed(**{**shape, **changes})
