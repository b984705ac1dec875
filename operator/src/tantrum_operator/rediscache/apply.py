"""Carries out what `plan` decided, and says what of it people want to know."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_operator.cluster import Cluster, ConflictError
from tantrum_operator.objects import POD, Body
from tantrum_operator.reconciling import Occurrence
from tantrum_operator.rediscache import children
from tantrum_operator.rediscache.naming import ROLE_LABEL, Names, pod_of
from tantrum_operator.rediscache.plan import (
    Action,
    Apply,
    CreateSecret,
    DeletePod,
    Follow,
    Label,
    ResetSentinel,
)
from tantrum_operator.rediscache.servers import Servers
from tantrum_operator.rediscache.spec import RedisCacheSpec

_PASSWORD_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    body: Body
    spec: RedisCacheSpec
    names: Names


async def apply(
    cluster: Cluster, servers: Servers | None, target: Target, actions: Sequence[Action]
) -> list[Occurrence]:
    """Take *actions* in order; the first that fails ends it, and the next pass plans anew."""
    occurrences = []
    for action in actions:
        occurrence = await _take(cluster, servers, target, action)
        if occurrence is not None:
            occurrences.append(occurrence)
    return occurrences


async def _take(
    cluster: Cluster, servers: Servers | None, target: Target, action: Action
) -> Occurrence | None:
    names = target.names
    match action:
        case CreateSecret():
            password = secrets.token_hex(_PASSWORD_BYTES)
            # Whoever made one meanwhile wins: there may be servers that use it.
            with contextlib.suppress(ConflictError):
                await cluster.create(children.secret(target.body, target.spec, names, password))
        case Apply(manifest):
            await cluster.apply(manifest)
        case Label(pod, role):
            await cluster.apply(_labelled(names, pod, role))
        case DeletePod(name, uid, why):
            await cluster.delete(POD, names.namespace, name, uid=uid)
            return Occurrence(reason="PodReplaced", message=f"Replacing pod {name}: {why}.")
        case Follow(address, master) if servers:
            await servers.follow(address, master)
            return Occurrence(
                reason="ServerRedirected",
                message=f"{pod_of(address)} was made a replica of {pod_of(master)}, as which "
                "the Sentinels know it.",
                warning=True,
            )
        case ResetSentinel(address) if servers:
            await servers.reset(address)
    return None


def _labelled(names: Names, pod: str, role: str) -> Body:
    return {
        "apiVersion": POD.api_version,
        "kind": POD.name,
        "metadata": {"name": pod, "namespace": names.namespace, "labels": {ROLE_LABEL: role}},
    }
