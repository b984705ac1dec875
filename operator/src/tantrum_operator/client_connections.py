"""
How many connections the replicas of scalers may hold at the poolers. Pure.

One pooler may be missing at any time, and the others have to take its clients: the limit is
`pool.maxClientConnections` times (poolers - 1), that of the one where there is one alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tantrum_operator.objects import Body

DEFAULT_POOLERS: Final = 2
DEFAULT_MAX_CLIENT_CONNECTIONS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What *replicas* of the scaler hold, *connections_per_replica* each (at least 1)."""

    scaler: str
    replicas: int
    connections_per_replica: int

    @property
    def connections(self) -> int:
        return self.replicas * self.connections_per_replica


@dataclass(frozen=True, slots=True, kw_only=True)
class Poolers:
    """What one PgBouncer object admits, and what each replica of its clients holds."""

    name: str
    max_client_connections: int
    replicas: int
    connections_per_replica: dict[str, int]
    """By the scaler's name."""

    @property
    def limit(self) -> int:
        return self.max_client_connections * max(1, self.replicas - 1)


def poolers_of(body: Body) -> Poolers:
    """Read a PgBouncer object that the API server admitted."""
    spec = body.get("spec") or {}
    pool = spec.get("pool") or {}
    return Poolers(
        name=body["metadata"]["name"],
        max_client_connections=pool.get("maxClientConnections", DEFAULT_MAX_CLIENT_CONNECTIONS),
        replicas=spec.get("replicas", DEFAULT_POOLERS),
        connections_per_replica={
            each["scalerRef"]["name"]: each["connectionsPerReplica"]
            for each in spec.get("clients") or []
        },
    )


def demanded(demands: Iterable[Demand]) -> int:
    return sum(each.connections for each in demands)


def most_replicas(limit: int, *, others: Iterable[Demand], connections_per_replica: int) -> int:
    """Return how many replicas of one scaler fit beside the *others*; 0 when none does."""
    return max(0, limit - demanded(others)) // connections_per_replica
