"""What there is of a `RedisCache`: its objects in the cluster, and what its servers say."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tantrum_operator.cluster import Cluster
from tantrum_operator.objects import POD, SECRET, STATEFUL_SET, Body, kind_of
from tantrum_operator.rediscache.naming import ROLE_LABEL, Names
from tantrum_operator.rediscache.servers import Node, Sentinel, Servers
from tantrum_operator.rediscache.spec import RedisCacheSpec

_REVISION_LABEL: Final = "controller-revision-hash"

MakeServers = Callable[..., Servers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    name: str
    uid: str
    revision: str
    ready: bool
    deleting: bool
    role: str
    """As its label says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    children: Mapping[tuple[str, str], Body]
    """By kind and name; those that are missing are not in it."""
    pods: tuple[Pod, ...] = ()
    """Of the Redis servers, in the order of their ordinals."""
    revision: str | None = None
    """What pods made now would have; None while the StatefulSet's controller has not said."""
    has_password: bool = False
    certificate_missing: bool = False
    nodes: tuple[Node, ...] = ()
    sentinels: tuple[Sentinel, ...] = ()


async def observe(
    cluster: Cluster,
    wanted: list[Body],
    spec: RedisCacheSpec,
    names: Names,
    make_servers: MakeServers = Servers,
) -> tuple[Observed, Servers | None]:
    """Return what there is, and the servers to talk to where the password is known."""
    children = {}
    for manifest in wanted:
        name = manifest["metadata"]["name"]
        found = await cluster.get(kind_of(manifest), names.namespace, name)
        if found is not None:
            children[manifest["kind"], name] = found
    servers_set = children.get((STATEFUL_SET.name, names.redis))
    pods = await cluster.list(POD, names.namespace, labels=names.selector("redis"))
    password = await _password(cluster, spec, names)
    authority = await _authority(cluster, spec, names)
    servers = None
    nodes: tuple[Node, ...] = ()
    sentinels: tuple[Sentinel, ...] = ()
    untrusted = spec.tls_secret_name is not None and authority is None
    if password is not None and not untrusted and servers_set is not None:
        servers = make_servers(names.master, password, certificate_authority=authority)
        nodes, sentinels = await asyncio.gather(
            servers.nodes([names.node(each) for each in range(spec.replicas)]),
            servers.sentinels(
                [names.sentinel_address(each) for each in range(spec.sentinel_count)]
            ),
        )
    observed = Observed(
        children=children,
        pods=tuple(sorted((_pod(each) for each in pods), key=lambda pod: pod.name)),
        revision=_revision(servers_set) if servers_set else None,
        has_password=password is not None,
        certificate_missing=untrusted,
        nodes=nodes,
        sentinels=sentinels,
    )
    return observed, servers


async def _password(cluster: Cluster, spec: RedisCacheSpec, names: Names) -> str | None:
    name, key = names.secret, "password"
    if spec.auth:
        name, key = spec.auth.secret_name, spec.auth.key
    return await _secret_text(cluster, names.namespace, name, key)


async def _authority(cluster: Cluster, spec: RedisCacheSpec, names: Names) -> str | None:
    if spec.tls_secret_name is None:
        return None
    return await _secret_text(cluster, names.namespace, spec.tls_secret_name, "ca.crt")


async def _secret_text(cluster: Cluster, namespace: str, name: str, key: str) -> str | None:
    found = await cluster.get(SECRET, namespace, name)
    encoded = (found or {}).get("data", {}).get(key)
    return base64.b64decode(encoded).decode().strip() if encoded else None


def _pod(body: Body) -> Pod:
    metadata = body["metadata"]
    conditions = body.get("status", {}).get("conditions", ())
    labels = metadata.get("labels", {})
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        revision=labels.get(_REVISION_LABEL, ""),
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in conditions),
        deleting="deletionTimestamp" in metadata,
        role=labels.get(ROLE_LABEL, ""),
    )


def _revision(stateful_set: Body) -> str | None:
    status = stateful_set.get("status", {})
    if status.get("observedGeneration") != stateful_set["metadata"].get("generation"):
        return None
    revision: str | None = status.get("updateRevision")
    return revision
