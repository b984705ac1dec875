"""What is to be done for a PgBouncer object: its children as they should be, and orders. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tantrum_operator.objects import Body
from tantrum_operator.pgbouncer import ini, manifests
from tantrum_operator.pgbouncer.connections import (
    SURGE,
    Limit,
    Sizing,
    Verdict,
    sizing_to_apply,
    verdict,
)
from tantrum_operator.pgbouncer.manifests import Owner
from tantrum_operator.pgbouncer.observe import Observed, Pause
from tantrum_operator.pgbouncer.protocol import Orders, PauseOrder
from tantrum_operator.pgbouncer.spec import PgBouncerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """*children* are whole, and to be applied where they differ; *orders* are for all agents."""

    sizing: Sizing
    connections: Verdict
    pause: Pause | None
    children: Sequence[Body]
    orders: Orders


def plan(
    owner: Owner,
    spec: PgBouncerSpec,
    observed: Observed,
    limits: dict[str, Limit],
    *,
    agent_image: str,
    generation: int,
    now: dt.datetime,
) -> Plan:
    """*limits* are by the name of the database that they were read through."""
    wanted = Sizing(replicas=spec.replicas, pool_size=spec.pool.size)
    connections = verdict(
        spec, _with_leftovers(wanted, observed), limits, draining=_draining(observed)
    )
    sizing = sizing_to_apply(wanted, observed.sizing, connections)
    pause = pause_of(spec, observed.pause, generation=generation, now=now)
    order = _order(spec, pause, now)
    text = ini.rendered(spec, pool_size=sizing.pool_size)
    until = None
    if pause is not None and order is not None:
        until = pause.start_time.timestamp() + spec.pause_deadline_seconds
    children = [
        manifests.settings(
            owner,
            spec,
            text=text,
            pool_size=sizing.pool_size,
            pause=None if pause is None else pause.to_annotation(),
            pause_until=until,
        ),
        *manifests.services(owner, spec),
        manifests.disruption_budget(owner, spec),
        manifests.deployment(
            owner, spec, replicas=sizing.replicas, agent_image=agent_image, running=observed.running
        ),
    ]
    return Plan(
        sizing=sizing,
        connections=connections,
        pause=pause,
        children=children,
        orders=Orders(settings=text, pause=order),
    )


def pause_of(
    spec: PgBouncerSpec, before: Pause | None, *, generation: int, now: dt.datetime
) -> Pause | None:
    """
    Return the pause that the spec asks for.

    One lasts for as long as `paused` stays true, whatever else of the spec changes: its
    deadline does not move, and after it nothing pauses until `paused` was false.
    """
    if not spec.paused:
        return None
    return before or Pause(generation=generation, start_time=now)


def remaining_seconds(spec: PgBouncerSpec, pause: Pause, now: dt.datetime) -> float:
    """Return what is left until the deadline; below 0 after it."""
    end = pause.start_time + dt.timedelta(seconds=spec.pause_deadline_seconds)
    return (end - now).total_seconds()


def _order(spec: PgBouncerSpec, pause: Pause | None, now: dt.datetime) -> PauseOrder | None:
    if pause is None or (remaining := remaining_seconds(spec, pause, now)) <= 0:
        return None
    return PauseOrder(generation=pause.generation, remaining_seconds=remaining)


def _draining(observed: Observed) -> int:
    """A rollout has one at a time; going down may have more."""
    return max(1, sum(pod.leaving for pod in observed.pods))


def _with_leftovers(wanted: Sizing, observed: Observed) -> Sizing:
    """Count poolers that are still to be told to leave."""
    staying = sum(not pod.leaving for pod in observed.pods)
    return Sizing(replicas=max(wanted.replicas, staying - SURGE), pool_size=wanted.pool_size)
