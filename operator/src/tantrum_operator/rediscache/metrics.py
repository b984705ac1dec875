"""What the operator tells Prometheus of RedisCaches, for alerts."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

import prometheus_client

from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import Body, Key

CONDITION: Final = prometheus_client.Gauge(
    "tantrum_operator_rediscache_condition",
    "Whether a condition of a RedisCache is true: 1, 0, or -1 where that is unknown.",
    ("namespace", "name", "type"),
)
BEHIND_BYTES: Final = prometheus_client.Gauge(
    "tantrum_operator_rediscache_behind_bytes",
    "Bytes of the replication stream that the slowest replica lacks.",
    ("namespace", "name"),
)
_TYPES: Final = frozenset({"Ready", "Available", "Quorum", "Replicating", "SplitBrain", "Evicting"})
_VALUES: Final = {Truth.TRUE: 1, Truth.FALSE: 0, Truth.UNKNOWN: -1}


def tell(key: Key, conditions: Sequence[Condition], status: Body) -> None:
    for each in conditions:
        if each.type in _TYPES:
            CONDITION.labels(key.namespace, key.name, each.type).set(_VALUES[each.status])
    BEHIND_BYTES.labels(key.namespace, key.name).set(status["bytesBehind"])


def forget(key: Key) -> None:
    """Of an object that is gone nothing is told any more."""
    with contextlib.suppress(KeyError):
        BEHIND_BYTES.remove(key.namespace, key.name)
    for each in _TYPES:
        with contextlib.suppress(KeyError):
            CONDITION.remove(key.namespace, key.name, each)
