"""Writes what differs of a PgBouncer object's children."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

from tantrum_operator.cluster import Cluster
from tantrum_operator.objects import Body
from tantrum_operator.pgbouncer.manifests import PAUSE_ANNOTATION, already
from tantrum_operator.pgbouncer.observe import Observed
from tantrum_operator.pgbouncer.pods import token_name


def agents_token(observed: Observed, name: str) -> str:
    """Return the token of the agents: that which is there, be it of an object before this."""
    secret = observed.children.get(("Secret", token_name(name)))
    if secret is None or "token" not in (secret.get("data") or {}):
        return secrets.token_hex(24)
    return base64.b64decode(secret["data"]["token"]).decode()


async def apply(cluster: Cluster, children: Sequence[Body], observed: Observed) -> None:
    """In order: what a pod reads when it starts comes before the Deployment."""
    for child in children:
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
