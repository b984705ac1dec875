"""What to do next for a `RedisCache`. Pure: no I/O and no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tantrum_operator.objects import STATEFUL_SET, Body
from tantrum_operator.rediscache.naming import Names, pod_of
from tantrum_operator.rediscache.observe import Observed
from tantrum_operator.rediscache.servers import Node, Sentinel
from tantrum_operator.rediscache.spec import RedisCacheSpec

ASTRAY_SECONDS: Final = 30.0
"""How long Sentinel has to bring a server back itself, which takes it some 10 s."""


@dataclass(frozen=True, slots=True)
class CreateSecret:
    pass


@dataclass(frozen=True, slots=True)
class Apply:
    manifest: Body


@dataclass(frozen=True, slots=True)
class Label:
    pod: str
    role: str


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Its own preStop hands the role over first, where it is the master."""

    name: str
    uid: str
    why: str
    requested: bool = False
    """Whether this is the planned failover that somebody asked for."""


@dataclass(frozen=True, slots=True)
class Follow:
    address: str
    master: str


@dataclass(frozen=True, slots=True)
class ResetSentinel:
    address: str


Action: TypeAlias = CreateSecret | Apply | Label | DeletePod | Follow | ResetSentinel


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    spec: RedisCacheSpec
    names: Names
    children: Sequence[Body]
    failover_wanted: bool = False
    """Somebody asked for a planned failover that was not done yet."""
    astray_since: dt.datetime | None = None
    """Since when some server has not followed the master that the Sentinels agree on."""


def plan(desired: Desired, observed: Observed, *, now: dt.datetime) -> list[Action]:
    """
    Return the next steps, in order; at most one of them stops or redirects a server.

    Planning again after any prefix of the steps, or after none, is safe.
    """
    names = desired.names
    steps: list[Action] = []
    if _secret_is_ours_to_make(desired, observed):
        steps.append(CreateSecret())
    for manifest in desired.children:
        live = observed.children.get((manifest["kind"], manifest["metadata"]["name"]))
        if live is None or differs(manifest, live):
            steps.append(Apply(manifest))
    master = agreed_master(desired.spec, names, observed)
    if master is None:
        return steps
    roles = {pod.name: "replica" for pod in observed.pods} | {pod_of(master): "master"}
    steps += [
        Label(pod.name, roles[pod.name])
        for pod in observed.pods
        if pod.role != roles[pod.name] and not pod.deleting
    ]
    steps += _repair(desired, observed, master, now) or _replacement(desired, observed, master)
    return steps


def agreed_master(spec: RedisCacheSpec, names: Names, observed: Observed) -> str | None:
    """
    Return the address of the master of the latest failover.

    None unless a quorum of the Sentinels names it. Without failover it is the only server.
    """
    if not spec.fails_over:
        return names.node(0)
    told = [each for each in observed.sentinels if each.master]
    newest = max(told, key=lambda each: each.epoch, default=None)
    if newest is None or sum(each.master == newest.master for each in told) < spec.quorum:
        return None
    return newest.master


def astray(observed: Observed, master: str | None) -> list[Node]:
    """Return the servers that are masters beside *master*, or follow another."""
    return [
        node
        for node in observed.nodes
        if master is not None and node.address != master and (node.master or node.follows != master)
    ]


def in_step(spec: RedisCacheSpec, observed: Observed, master: str) -> bool:
    """Whether every server answers, and all but the master follow it."""
    followers = [node for node in observed.nodes if node.address != master]
    return (
        len(observed.nodes) == spec.replicas
        and not astray(observed, master)
        and all(node.link_up for node in followers)
        and any(node.address == master and node.master for node in observed.nodes)
    )


def differs(wanted: Any, live: Any) -> bool:
    """Whether *live* lacks something of *wanted*; what it has besides are defaults."""
    if live is None and not wanted:
        return False  # the API server drops what is empty
    if isinstance(wanted, Mapping):
        return not isinstance(live, Mapping) or any(
            differs(value, live.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            not isinstance(live, list)
            or len(wanted) != len(live)
            or any(differs(one, other) for one, other in zip(wanted, live, strict=True))
        )
    return bool(wanted != live)


def _secret_is_ours_to_make(desired: Desired, observed: Observed) -> bool:
    """Never again once there are servers: they would keep the password that is gone."""
    servers = (STATEFUL_SET.name, desired.names.redis)
    ours = desired.spec.auth is None
    return ours and not observed.has_password and servers not in observed.children


def _repair(
    desired: Desired, observed: Observed, master: str, now: dt.datetime
) -> Sequence[Action]:
    if not desired.spec.fails_over or not all(each.calm for each in observed.sentinels):
        return []
    lost = astray(observed, master)
    since = desired.astray_since
    if lost and since is not None and (now - since).total_seconds() >= ASTRAY_SECONDS:
        return [Follow(lost[0].address, master)]
    if in_step(desired.spec, observed, master):
        return [
            ResetSentinel(each.address)
            for each in observed.sentinels
            if _remembers_too_many(each, desired.spec)
        ][:1]
    return []


def _remembers_too_many(sentinel: Sentinel, spec: RedisCacheSpec) -> bool:
    return sentinel.others >= spec.sentinel_count or sentinel.replicas >= spec.replicas


def _replacement(desired: Desired, observed: Observed, master: str) -> Sequence[Action]:
    """Return the next pod to make anew: broken ones, then replicas, and the master last."""
    pods = observed.pods
    if any(pod.deleting for pod in pods) or len(pods) < desired.spec.replicas:
        return []
    old = [pod for pod in pods if observed.revision and pod.revision != observed.revision]
    # One that does not work holds up everything, and may be what the change mends.
    broken = [pod for pod in old if not pod.ready]
    able = all(pod.ready for pod in pods) and _may_move(desired, observed, master)
    if broken or (old and able):
        order = sorted(broken or old, key=lambda pod: pod.name == pod_of(master))
        return [DeletePod(order[0].name, order[0].uid, "its settings or its image changed")]
    holder = next((pod for pod in pods if pod.name == pod_of(master)), None)
    if able and desired.failover_wanted and desired.spec.fails_over and holder is not None:
        return [DeletePod(holder.name, holder.uid, "somebody asked for a failover", requested=True)]
    return []


def _may_move(desired: Desired, observed: Observed, master: str) -> bool:
    if not desired.spec.fails_over:
        return True
    every_sentinel = len(observed.sentinels) == desired.spec.sentinel_count
    return (
        every_sentinel
        and all(
            each.calm and each.has_quorum and each.good_replicas == desired.spec.replicas - 1
            for each in observed.sentinels
        )
        and in_step(desired.spec, observed, master)
    )
