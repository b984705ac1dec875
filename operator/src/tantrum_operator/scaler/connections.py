"""Withholds steps up that poolers have no client connections for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tantrum_operator.client_connections import Demand, Poolers, demanded, most_replicas
from tantrum_operator.scaler.decision import Decision


def within_connections(
    decisions: Mapping[str, Decision],
    poolers: Sequence[Poolers],
    *,
    running: Mapping[str, int],
    priorities: Mapping[str, int],
) -> dict[str, Decision]:
    """
    Return *decisions* without the steps that break a limit of *poolers*.

    *running* are the replicas of every target by scaler, of those without a decision too.
    Higher priorities are looked at first. What runs is not taken away.
    """
    result = dict(decisions)
    for each in poolers:
        held = {name: running.get(name, 0) for name in each.connections_per_replica}
        for name in sorted(held, key=lambda name: (-priorities.get(name, 0), name)):
            decision = result.get(name)
            if decision is None or decision.desired is None:
                continue
            decision = _limited(decision, name, each, held)
            result[name] = decision
            held[name] = decision.desired or 0
    return result


def _limited(decision: Decision, name: str, poolers: Poolers, held: Mapping[str, int]) -> Decision:
    current, desired = decision.current or 0, decision.desired or 0
    per_replica = poolers.connections_per_replica
    others = [
        Demand(scaler=other, replicas=held[other], connections_per_replica=per_replica[other])
        for other in per_replica
        if other != name
    ]
    most = most_replicas(poolers.limit, others=others, connections_per_replica=per_replica[name])
    if desired <= max(current, most):
        return decision
    told = (
        f"PgBouncer {poolers.name} admits {poolers.limit} client connections while one pooler is "
        f"missing; others hold {demanded(others)}, a replica {per_replica[name]}"
    )
    return decision.within_connections(max(current, most), told)
