"""Writes what differs of a PgBouncer object's children."""

from __future__ import annotations

import base64
import secrets

from tantrum_operator.cluster import Cluster, ConflictError
from tantrum_operator.objects import SECRET, Body
from tantrum_operator.pgbouncer import manifests
from tantrum_operator.pgbouncer.manifests import PAUSE_ANNOTATION, Owner, already
from tantrum_operator.pgbouncer.observe import Observed
from tantrum_operator.pgbouncer.plan import Plan
from tantrum_operator.pgbouncer.pods import token_name
from tantrum_operator.pgbouncer.spec import PgBouncerSpec


async def agents_token(
    cluster: Cluster, owner: Owner, spec: PgBouncerSpec, observed: Observed
) -> str:
    """Return the token of the agents, which is made once and kept by whoever comes after."""
    secret = observed.children.get(("Secret", token_name(owner.name)))
    if secret is None:
        made = manifests.token_secret(owner, spec, secrets.token_hex(24))
        try:
            secret = await cluster.create(made)
        except ConflictError:
            secret = await cluster.get(SECRET, owner.namespace, token_name(owner.name))
            if secret is None:
                raise
    return base64.b64decode(secret["data"]["token"]).decode()


async def apply(cluster: Cluster, plan: Plan, observed: Observed) -> None:
    """The settings go first: a pod reads them when it starts."""
    for child in plan.children:
        if not _stands(child, observed):
            await cluster.apply(child)


def _stands(child: Body, observed: Observed) -> bool:
    found = observed.children.get((child["kind"], child["metadata"]["name"]))
    if found is None or not already(found, child):
        return False
    # What is not wanted any more: a pause, and an owner that would take the child with it.
    return _pause(found) == _pause(child) and _owners(found) == _owners(child)


def _pause(body: Body) -> str | None:
    note: str | None = (body["metadata"].get("annotations") or {}).get(PAUSE_ANNOTATION)
    return note


def _owners(body: Body) -> int:
    return len(body["metadata"].get("ownerReferences") or [])
