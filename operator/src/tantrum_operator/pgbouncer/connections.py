"""
The budget of connections to the servers, which is refused and not discovered. Pure.

A pooler opens up to `pool.size` connections to each database for its clients, and one for its
agent. While a rollout goes on there is one pooler more than asked for, and one that drains:
the Deployment surges by one, and takes the next step after the one that leaves has left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from tantrum_operator.pgbouncer.spec import Database, PgBouncerSpec

SURGE: Final = 1
AGENTS_OWN: Final = 1
BOOTSTRAP_POOL_SIZE: Final = 10
"""Until the limit is known for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What decides how many connections there are."""

    replicas: int
    pool_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one server admits."""

    max_connections: int
    reserved: int

    @property
    def available(self) -> int:
        return self.max_connections - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What uses one server: *databases* pools of each pooler, and *direct* connections."""

    host: str
    databases: int
    direct: int

    def needed(self, sizing: Sizing, *, draining: int) -> int:
        poolers = sizing.replicas + SURGE + draining
        return poolers * self.databases * (sizing.pool_size + AGENTS_OWN) + self.direct

    def largest_pool(self, limit: Limit, replicas: int, *, draining: int) -> int:
        """Return the largest `pool.size` that fits; 0 when not even 1 does."""
        pools = (replicas + SURGE + draining) * self.databases
        return max(0, (limit.available - self.direct) // pools - AGENTS_OWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What the budget says of what is asked for at the server that it fits worst.

    *fits* is None while a limit is unknown, and then the numbers are of no use.
    """

    fits: bool | None
    host: str = ""
    needed: int = 0
    available: int = 0
    largest_pool: int = 0


def loads(spec: PgBouncerSpec) -> list[Load]:
    """Return one for each server; databases at the same address share one."""
    counts = Counter(_server(database) for database in spec.databases)
    return [
        Load(host=server, databases=count, direct=spec.direct_connections)
        for server, count in counts.items()
    ]


def verdict(
    spec: PgBouncerSpec, wanted: Sizing, limits: dict[str, Limit], *, draining: int
) -> Verdict:
    """*limits* are by the name of the database that they were read through."""
    by_server = {_server(each): limits[each.name] for each in spec.databases if each.name in limits}
    judged = []
    for load in loads(spec):
        if (limit := by_server.get(load.host)) is None:
            continue
        judged.append(
            Verdict(
                fits=load.needed(wanted, draining=draining) <= limit.available,
                host=load.host,
                needed=load.needed(wanted, draining=draining),
                available=limit.available,
                largest_pool=load.largest_pool(limit, wanted.replicas, draining=draining),
            )
        )
    worst = min(judged, key=lambda each: each.largest_pool, default=Verdict(fits=None))
    known_everywhere = len(judged) == len(loads(spec))
    return worst if worst.fits is False or known_everywhere else Verdict(fits=None)


def sizing_to_apply(wanted: Sizing, in_force: Sizing | None, outcome: Verdict) -> Sizing:
    """
    Return what the poolers are to be.

    Nothing grows unless it is known to fit. Without knowledge nothing shrinks either, but for
    what the spec itself asks less of. The first poolers begin small, for it is they who read
    the limit.
    """
    if outcome.fits:
        return wanted
    if in_force is None:
        small = min(wanted.pool_size, BOOTSTRAP_POOL_SIZE)
        return Sizing(replicas=wanted.replicas, pool_size=small)
    return Sizing(
        replicas=min(wanted.replicas, in_force.replicas),
        pool_size=min(wanted.pool_size, in_force.pool_size),
    )


def _server(database: Database) -> str:
    return f"{database.host}:{database.port}"
