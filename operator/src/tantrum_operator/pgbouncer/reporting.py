"""What a PgBouncer object's status says: conditions, and the figures beside them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_operator.client_connections import Demand, demanded, most_replicas, poolers_of
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import Body
from tantrum_operator.pgbouncer.agents import Pooler
from tantrum_operator.pgbouncer.observe import Observed
from tantrum_operator.pgbouncer.plan import Plan, remaining_seconds
from tantrum_operator.pgbouncer.protocol import AgentState, PausePhase, digest_of
from tantrum_operator.pgbouncer.spec import PgBouncerSpec

OLDEST_VERSION: Final = (1, 24)
_WAIT_SECONDS: Final = 0.5
"""As the alert has it: half of what a request has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one attempt found: the plan, what there was, and what each pooler answered."""

    body: Body
    spec: PgBouncerSpec
    plan: Plan
    observed: Observed
    poolers: Sequence[Pooler]
    demands: Sequence[Demand]
    now: dt.datetime

    @property
    def states(self) -> list[AgentState]:
        return [each.state for each in self.poolers if each.state is not None]

    @property
    def ready_replicas(self) -> int:
        deployment = self.observed.deployment or {}
        count: int = (deployment.get("status") or {}).get("readyReplicas", 0)
        return count


def conditions(found: Found) -> list[Condition]:
    details = [
        connections_fit(found),
        config_in_force(found),
        upstream_reachable(found),
        paused(found),
        clients_waiting(found),
    ]
    if found.spec.clients:
        details.append(clients_fit(found))
    return [_ready(found, details), *details]


def connections_fit(found: Found) -> Condition:
    outcome, sizing = found.plan.connections, found.plan.sizing
    in_force = f"{sizing.replicas} poolers with {sizing.pool_size} connections a database run on"
    if outcome.fits is None:
        return Condition(
            type="ConnectionsFit",
            status=Truth.UNKNOWN,
            reason="LimitUnreadable",
            message="No agent has read max_connections of the server yet, so nothing grows: "
            f"{in_force}. See UpstreamReachable.",
        )
    numbers = (
        f"{outcome.needed} connections of {outcome.available} at {outcome.host} "
        f"({found.spec.replicas} poolers and 2 while rolling out, pool.size "
        f"{found.spec.pool.size} and 1 of the agent for each of {len(found.spec.databases)} "
        f"databases, {found.spec.direct_connections} direct)"
    )
    if outcome.fits:
        return _is("ConnectionsFit", "Fits", f"At most {numbers}.")
    fix = (
        f"the largest pool.size that fits is {outcome.largest_pool}"
        if outcome.largest_pool
        else "no pool fits: fewer replicas, or a larger max_connections"
    )
    return _is_not(
        "ConnectionsFit",
        "ConnectionBudgetExceeded",
        f"Refused: it would take {numbers}; {fix}. {in_force.capitalize()}.",
    )


def config_in_force(found: Found) -> Condition:
    ordered = digest_of(found.plan.orders.settings)
    silent = [each for each in found.poolers if each.state is None]
    if silent:
        said = "; ".join(f"{each.name}: {each.error}" for each in silent)
        message = f"These agents do not answer: {said}. See their pods."
        return _unknown("ConfigInForce", "AgentUnreachable", message)
    if not found.poolers:
        return _unknown("ConfigInForce", "NoPoolers", "No pooler has an address yet.")
    others = [each.name for each in found.poolers if each.state and each.state.in_force != ordered]
    if others:
        message = f"SHOW CONFIG says otherwise at {', '.join(others)}; see what PgBouncer logged."
        return _is_not("ConfigInForce", "Differs", message)
    return _is("ConfigInForce", "InForce", "SHOW CONFIG of every pooler says what is asked for.")


def upstream_reachable(found: Found) -> Condition:
    asked = [
        (pooler.name, upstream)
        for pooler in found.poolers
        if pooler.state is not None
        for upstream in pooler.state.upstreams
    ]
    lost = [f"{name} to {up.database}: {up.error}" for name, up in asked if not up.reachable]
    if lost:
        message = f"Poolers do not get through: {'; '.join(lost)}. Look at PostgreSQL, its "
        message += "address and NetworkPolicies, and the password in the list of users."
        return _is_not("UpstreamReachable", "LoginFailed", message)
    if not asked:
        return _unknown("UpstreamReachable", "NotAsked", "No pooler has asked its server yet.")
    return _is("UpstreamReachable", "Reachable", "Every pooler reaches its servers.")


def paused(found: Found) -> Condition:
    phases = [state.pause.phase for state in found.states if state.pause and state.paused]
    if found.plan.pause is None:
        if phases:
            return _is("Paused", "Resuming", "Poolers are about to let queries through again.")
        return _is_not("Paused", "NotPaused", "Queries go through.")
    left = remaining_seconds(found.spec, found.plan.pause, found.now)
    if left <= 0:
        return _is_not(
            "Paused",
            "DeadlinePassed",
            "Nobody ended the pause within pauseDeadlineSeconds "
            f"{found.spec.pause_deadline_seconds}, so the agents did. Set paused to false, and to "
            "true for another one.",
        )
    if phases.count(PausePhase.PAUSED) == len(found.poolers) > 0:
        return _is("Paused", "Paused", f"Nothing runs; queries wait for up to {left:.0f} s more.")
    return _is(
        "Paused",
        "Pausing",
        f"{phases.count(PausePhase.PAUSED)} of {len(found.poolers)} poolers stand still; others "
        "wait for transactions to end.",
    )


def clients_waiting(found: Found) -> Condition:
    count = sum(state.clients_waiting for state in found.states)
    longest = max((state.longest_wait_seconds for state in found.states), default=0.0)
    if longest <= _WAIT_SECONDS:
        return _is_not("ClientsWaiting", "Served", "Clients get a server at once.")
    return _is(
        "ClientsWaiting",
        "PoolExhausted" if found.plan.pause is None else "Paused",
        f"{count} clients wait, up to {longest:.1f} s. Without a pause: look for slow queries, "
        "then raise pool.size as far as ConnectionsFit allows.",
    )


def clients_fit(found: Found) -> Condition:
    limit = poolers_of(found.body).limit
    asked = demanded(found.demands)
    sums = " + ".join(
        f"{each.scaler} {each.replicas} x {each.connections_per_replica}" for each in found.demands
    )
    numbers = (
        f"{sums or 'no scaler is there'}; {asked} of {limit} (pool.maxClientConnections "
        f"{found.spec.pool.max_client_connections} x {max(1, found.spec.replicas - 1)})"
    )
    if asked <= limit:
        return _is("ClientsFit", "Fits", f"At the scalers' maxima: {numbers}.")
    fits = ", ".join(f"{each.scaler} at {_most(found, each, limit)}" for each in found.demands)
    return _is_not(
        "ClientsFit",
        "TooManyClients",
        f"Scalers' maxima exceed what poolers take with one of them gone: {numbers}. Steps "
        f"beyond it are withheld. Each alone would fit with: {fits}. Raise "
        "pool.maxClientConnections or replicas.",
    )


def status(found: Found) -> Body:
    outcome = found.plan.connections
    known = outcome.fits is not None
    pause = found.plan.pause
    states = found.states
    return {
        "replicas": found.plan.sizing.replicas,
        "readyReplicas": found.ready_replicas,
        "poolSize": found.plan.sizing.pool_size,
        "version": min((state.version for state in states if state.version), default=""),
        "clientsWaiting": sum(state.clients_waiting for state in states),
        "longestWaitMilliseconds": int(
            1000 * max((state.longest_wait_seconds for state in states), default=0.0)
        ),
        **(
            {
                "connections": {
                    "needed": outcome.needed,
                    "available": outcome.available,
                    "largestPoolSize": outcome.largest_pool,
                }
            }
            if known
            else {}
        ),
        **(
            {
                "pause": {
                    "generation": pause.generation,
                    "startTime": pause.start_time.isoformat().replace("+00:00", "Z"),
                }
            }
            if pause is not None
            else {}
        ),
    }


def _most(found: Found, demand: Demand, limit: int) -> int:
    return most_replicas(
        limit,
        others=[each for each in found.demands if each is not demand],
        connections_per_replica=demand.connections_per_replica,
    )


def _ready(found: Found, details: Sequence[Condition]) -> Condition:
    old = [state.version for state in found.states if _too_old(state.version)]
    if old:
        message = f"PgBouncer {old[0]} is too old: spec.image has to hold 1.24 or newer."
        return _is_not("Ready", "VersionUnsupported", message)
    for needed in ("ConnectionsFit", "ConfigInForce"):
        [detail] = [each for each in details if each.type == needed]
        if detail.status is Truth.FALSE:
            return _is_not("Ready", detail.reason, detail.message)
    if found.ready_replicas < found.spec.replicas:
        message = f"{found.ready_replicas} of {found.spec.replicas} poolers are ready."
        return _is_not("Ready", "PoolersNotReady", message)
    return _is("Ready", "Serving", f"{found.ready_replicas} poolers serve.")


def _too_old(version: str) -> bool:
    parts = version.split(".")[:2]
    return len(parts) == len(OLDEST_VERSION) and tuple(map(int, parts)) < OLDEST_VERSION


def _is(type: str, reason: str, message: str) -> Condition:
    return Condition(type=type, status=Truth.TRUE, reason=reason, message=message)


def _is_not(type: str, reason: str, message: str) -> Condition:
    return Condition(type=type, status=Truth.FALSE, reason=reason, message=message)


def _unknown(type: str, reason: str, message: str) -> Condition:
    return Condition(type=type, status=Truth.UNKNOWN, reason=reason, message=message)
