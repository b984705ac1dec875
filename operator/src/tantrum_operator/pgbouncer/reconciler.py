"""Brings PgBouncer objects nearer to what they say: observe, plan, apply, order, report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

from tantrum_operator.client_connections import Demand
from tantrum_operator.cluster import Cluster
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import PGBOUNCER, SERVICE_SCALER, Body, Key, Kind
from tantrum_operator.pgbouncer.agents import Agents
from tantrum_operator.pgbouncer.apply import agents_token, apply
from tantrum_operator.pgbouncer.manifests import Owner, token_secret
from tantrum_operator.pgbouncer.observe import Observed, Pod, limits_of, observe
from tantrum_operator.pgbouncer.plan import plan
from tantrum_operator.pgbouncer.reporting import Found, conditions, status
from tantrum_operator.pgbouncer.spec import Client, InvalidSpecError, PgBouncerSpec, spec_from
from tantrum_operator.reconciling import Occurrence, Report

_TELLING: Final = frozenset({"replicas", "readyReplicas", "poolSize", "version", "pause"})


class PgBouncerReconciler:
    """Keeps poolers; one object at a time, each by itself."""

    kinds: Sequence[Kind] = (PGBOUNCER,)

    def __init__(
        self,
        cluster: Cluster,
        agents: Agents,
        *,
        agent_image: str,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._cluster = cluster
        self._agents = agents
        self._agent_image = agent_image
        self._now = now

    def key(self, kind: Kind, namespace: str, name: str) -> Key:
        return Key(kind=kind.name, namespace=namespace, name=name)

    async def reconcile(self, key: Key) -> Sequence[Report]:
        body = await self._cluster.get(PGBOUNCER, key.namespace, key.name)
        if body is None or "deletionTimestamp" in body["metadata"]:
            return []
        try:
            spec = spec_from(body)
        except InvalidSpecError as error:
            return [_refused(body, "InvalidSpec", str(error))]
        if not self._agent_image:
            return [
                _refused(body, "NoAgentImage", "The operator's setting OPERATOR_IMAGE is missing.")
            ]
        observed = await observe(self._cluster, body)
        if foreign := observed.foreign:
            message = f"{', '.join(foreign)} is there and not of this operator: delete it, or give "
            message += f"it the label platform.tvtantrum.com/pgbouncer={key.name} to hand it over."
            return [_refused(body, "NameTaken", message)]
        return [await self._kept(body, spec, observed)]

    async def _kept(self, body: Body, spec: PgBouncerSpec, observed: Observed) -> Report:
        metadata = body["metadata"]
        owner = Owner(name=metadata["name"], namespace=metadata["namespace"], uid=metadata["uid"])
        token = agents_token(observed, owner.name)
        addresses = [(pod.name, pod.address) for pod in observed.pods if _asked(pod)]
        limits = limits_of(await self._agents.states(addresses, token=token))
        planned = plan(
            owner,
            spec,
            observed,
            limits,
            agent_image=self._agent_image,
            generation=metadata["generation"],
            now=self._now(),
        )
        children = [token_secret(owner, spec, token), *planned.children]
        await apply(self._cluster, children, observed)
        poolers = await self._agents.order_all(addresses, planned.orders, token=token)
        found = Found(
            body=body,
            spec=spec,
            plan=planned,
            observed=observed,
            poolers=poolers,
            demands=await self._demands(owner.namespace, spec.clients),
            now=self._now(),
        )
        return Report(
            body=body,
            conditions=conditions(found),
            status=status(found),
            telling=_TELLING,
            occurrences=_occurrences(found),
        )

    async def _demands(self, namespace: str, clients: Sequence[Client]) -> Sequence[Demand]:
        """What scalers may come to at their maxima; one that is not there holds nothing."""
        demands = []
        for client in clients:
            scaler = await self._cluster.get(SERVICE_SCALER, namespace, client.scaler)
            if scaler is None:
                continue
            spec = scaler["spec"]
            maximum = (spec.get("autoscaling") or {}).get("maxReplicas", 0)
            demands.append(
                Demand(
                    scaler=client.scaler,
                    replicas=max(maximum, spec.get("replicas", 0)),
                    connections_per_replica=client.connections_per_replica,
                )
            )
        return demands


def _asked(pod: Pod) -> bool:
    """One that leaves serves its last clients; its settings stay as they are."""
    return bool(pod.address) and not pod.leaving


def _refused(body: Body, reason: str, message: str) -> Report:
    condition = Condition(type="Ready", status=Truth.FALSE, reason=reason, message=message)
    return Report(body=body, conditions=[condition], occurrences=_once(body, condition))


def _occurrences(found: Found) -> Sequence[Occurrence]:
    """What is new since the status was written."""
    before, after = found.observed.sizing, found.plan.sizing
    told = [
        occurrence
        for condition in conditions(found)
        if condition.reason in {"ConnectionBudgetExceeded", "DeadlinePassed", "TooManyClients"}
        and condition.type != "Ready"
        for occurrence in _once(found.body, condition)
    ]
    if before is not None and before != after:
        message = f"{after.replicas} poolers with {after.pool_size} connections a database, "
        message += f"after {before.replicas} with {before.pool_size}."
        told.append(Occurrence(reason="Resized", message=message))
    if found.plan.orders.pause is not None and found.observed.pause is None:
        message = f"Pausing for {found.spec.pause_deadline_seconds} s at most."
        told.append(Occurrence(reason="Pausing", message=message))
    return told


def _once(body: Body, condition: Condition) -> Sequence[Occurrence]:
    told = (body.get("status") or {}).get("conditions") or []
    if any((each["type"], each["reason"]) == (condition.type, condition.reason) for each in told):
        return []
    return [Occurrence(reason=condition.reason, message=condition.message, warning=True)]
