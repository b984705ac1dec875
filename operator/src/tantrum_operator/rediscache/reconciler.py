"""Brings one `RedisCache` nearer to its spec: observe, plan, apply, report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import redis.exceptions

from tantrum_operator.cluster import Cluster, ClusterUnavailableError
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import REDIS_CACHE, Body, Key, Kind
from tantrum_operator.reconciling import Occurrence, Report
from tantrum_operator.rediscache import children, metrics, verdict
from tantrum_operator.rediscache.apply import Target, apply
from tantrum_operator.rediscache.naming import FAILOVER_ANNOTATION, names_of
from tantrum_operator.rediscache.observe import MakeServers, observe
from tantrum_operator.rediscache.plan import Action, DeletePod, Desired, plan
from tantrum_operator.rediscache.servers import Servers
from tantrum_operator.rediscache.spec import InvalidSpecError, parse

_REPORTERS: Final = frozenset({"conditions", "observedGeneration"})
"""Fields of a status that whoever writes it adds."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class RedisCacheReconciler:
    """
    Level-based, as `Reconciler` says.

    Failovers are Sentinel's, and what a pod does before it stops; nothing here is needed
    for one, so that the product works while no operator runs.
    """

    kinds: Sequence[Kind] = (REDIS_CACHE,)

    def __init__(
        self,
        cluster: Cluster,
        *,
        make_servers: MakeServers = Servers,
        now: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        self._cluster = cluster
        self._make_servers = make_servers
        self._now = now

    def key(self, kind: Kind, namespace: str, name: str) -> Key:
        return Key(kind=kind.name, namespace=namespace, name=name)

    async def reconcile(self, key: Key) -> Sequence[Report]:
        body = await self._cluster.get(REDIS_CACHE, key.namespace, key.name)
        if body is None or "deletionTimestamp" in body["metadata"]:
            metrics.forget(key)
            return ()
        try:
            spec = parse(body["spec"])
        except InvalidSpecError as error:
            return (_refused(body, error),)
        report = await self._step(Target(body=body, spec=spec, names=names_of(body)))
        metrics.tell(key, report.conditions, report.status)
        return (report,)

    async def _step(self, target: Target) -> Report:
        body, spec, names = target.body, target.spec, target.names
        before: Body = body.get("status", {})
        request = body["metadata"].get("annotations", {}).get(FAILOVER_ANNOTATION)
        astray_since = before.get("astraySince")
        desired = Desired(
            spec=spec,
            names=names,
            children=children.manifests(body, spec, names),
            failover_wanted=bool(request) and request != before.get("failover", {}).get("request"),
            astray_since=astray_since and dt.datetime.fromisoformat(astray_since),
        )
        observed, servers = await observe(
            self._cluster, list(desired.children), spec, names, self._make_servers
        )
        now = self._now()
        actions = plan(desired, observed, now=now)
        try:
            occurrences = await apply(self._cluster, servers, target, actions)
        except (redis.exceptions.RedisError, OSError) as error:
            raise ClusterUnavailableError(f"A server of {names.cache} failed: {error}") from error
        made = verdict.status(desired, observed, before, now=now)
        if desired.failover_wanted and _moves_master(actions):
            made["failover"] = {"request": request, "from": made["master"]}
            desired = replace(desired, failover_wanted=False)
        return Report(
            body=body,
            conditions=verdict.conditions(desired, observed, made),
            status=made,
            telling=verdict.TELLING,
            occurrences=[*occurrences, *_moved(before, made)],
        )


def _moves_master(actions: Sequence[Action]) -> bool:
    return any(isinstance(each, DeletePod) and each.requested for each in actions)


def _moved(before: Body, made: Body) -> list[Occurrence]:
    old, new = before.get("master"), made.get("master")
    if old is None or old == new:
        return []
    return [Occurrence(reason="MasterMoved", message=f"{new} is the master now; it was {old}.")]


def _refused(body: Body, error: InvalidSpecError) -> Report:
    message = f"{error} Nothing was changed; what runs goes on."
    refused = Condition(type="Ready", status=Truth.FALSE, reason="InvalidSpec", message=message)
    kept = {name: value for name, value in body.get("status", {}).items() if name not in _REPORTERS}
    return Report(body=body, conditions=[refused], status=kept)
