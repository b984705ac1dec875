"""What there is of a PgBouncer object: its children, pods, and what the agents say."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tantrum_operator.cluster import Cluster
from tantrum_operator.objects import (
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    POD,
    SECRET,
    SERVICE,
    Body,
    Kind,
)
from tantrum_operator.pgbouncer.agents import Pooler
from tantrum_operator.pgbouncer.connections import Limit, Sizing
from tantrum_operator.pgbouncer.manifests import (
    PAUSE_ANNOTATION,
    POOL_SIZE_ANNOTATION,
    TEMPLATE_ANNOTATION,
)
from tantrum_operator.pgbouncer.pods import OWNER_LABEL, labels, settings_name, token_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pooler's pod; *address* is empty until it has one."""

    name: str
    address: str
    leaving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause as the settings remember it: they are written before it begins."""

    generation: int
    start_time: dt.datetime

    def to_annotation(self) -> str:
        return json.dumps({"generation": self.generation, "startTime": self.start_time.isoformat()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """*children* are by kind and name, and have none that is not there."""

    children: dict[tuple[str, str], Body]
    pods: Sequence[Pod]

    @property
    def deployment(self) -> Body | None:
        return self._only("Deployment")

    @property
    def pause(self) -> Pause | None:
        if (text := self._noted.get(PAUSE_ANNOTATION)) is None:
            return None
        body = json.loads(text)
        start = dt.datetime.fromisoformat(body["startTime"])
        return Pause(generation=body["generation"], start_time=start)

    @property
    def sizing(self) -> Sizing | None:
        """What the poolers that there are were made for."""
        pool_size = self._noted.get(POOL_SIZE_ANNOTATION)
        if self.deployment is None or pool_size is None:
            return None
        return Sizing(replicas=self.deployment["spec"]["replicas"], pool_size=int(pool_size))

    @property
    def running(self) -> tuple[str, str] | None:
        """The mark of the Deployment's template, and its agent's image."""
        if self.deployment is None:
            return None
        mark = (self.deployment["metadata"].get("annotations") or {}).get(TEMPLATE_ANNOTATION)
        agents = self.deployment["spec"]["template"]["spec"].get("initContainers")
        return (mark, agents[0]["image"]) if mark and agents else None

    @property
    def foreign(self) -> Sequence[str]:
        """Objects that have the names of children, and are not of this operator."""
        return [
            f"{kind} {name}"
            for (kind, name), body in self.children.items()
            if OWNER_LABEL not in (body["metadata"].get("labels") or {})
        ]

    @property
    def _noted(self) -> dict[str, str]:
        settings = self._only("ConfigMap")
        return (settings["metadata"].get("annotations") or {}) if settings is not None else {}

    def _only(self, kind: str) -> Body | None:
        return next((body for (each, _), body in self.children.items() if each == kind), None)


async def observe(cluster: Cluster, body: Body) -> Observed:
    name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
    wanted: Sequence[tuple[Kind, str]] = (
        (SECRET, token_name(name)),
        (CONFIG_MAP, settings_name(name)),
        (DEPLOYMENT, name),
        (SERVICE, name),
        (SERVICE, f"{name}-metrics"),
        (DISRUPTION_BUDGET, name),
    )
    children = {
        (kind.name, child): found
        for kind, child in wanted
        if (found := await cluster.get(kind, namespace, child)) is not None
    }
    pods = await cluster.list(POD, namespace, labels=labels(name))
    return Observed(
        children=children,
        pods=[_pod(each) for each in pods],
    )


def limits_of(poolers: Sequence[Pooler]) -> dict[str, Limit]:
    """Return what agents read of the servers, by database; the lowest where they differ."""
    limits: dict[str, Limit] = {}
    for pooler in poolers:
        for upstream in pooler.state.upstreams if pooler.state is not None else ():
            if upstream.max_connections is None or upstream.reserved_connections is None:
                continue
            read = Limit(
                max_connections=upstream.max_connections, reserved=upstream.reserved_connections
            )
            before = limits.get(upstream.database, read)
            limits[upstream.database] = min(before, read, key=lambda each: each.available)
    return limits


def _pod(body: Body) -> Pod:
    return Pod(
        name=body["metadata"]["name"],
        address=(body.get("status") or {}).get("podIP", ""),
        leaving="deletionTimestamp" in body["metadata"],
    )
