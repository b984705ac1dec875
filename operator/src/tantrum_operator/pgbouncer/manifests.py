"""The objects that make poolers of a PgBouncer object: bodies for server-side apply. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_operator.objects import FIELD_MANAGER, GROUP, PGBOUNCER, Body
from tantrum_operator.pgbouncer.ini import LISTEN_PORT
from tantrum_operator.pgbouncer.pods import (
    labels,
    settings_name,
    template,
    token_name,
)
from tantrum_operator.pgbouncer.protocol import AGENT_PORT
from tantrum_operator.pgbouncer.spec import DeletionPolicy, PgBouncerSpec

POOL_SIZE_ANNOTATION: Final = f"{GROUP}/pool-size"
PAUSE_ANNOTATION: Final = f"{GROUP}/pause"
TEMPLATE_ANNOTATION: Final = f"{GROUP}/template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The object that all this is for."""

    name: str
    namespace: str
    uid: str


def token_secret(owner: Owner, spec: PgBouncerSpec, token: str) -> Body:
    body = _object(owner, spec, "v1", "Secret", token_name(owner.name))
    encoded = base64.b64encode(token.encode()).decode()
    return body | {"type": "Opaque", "data": {"token": encoded}}


def settings(
    owner: Owner,
    spec: PgBouncerSpec,
    *,
    text: str,
    pool_size: int,
    pause: str | None,
    pause_until: float | None,
) -> Body:
    """*pause* is for the operator after this; *pause_until*, Unix time, for new poolers."""
    body = _object(owner, spec, "v1", "ConfigMap", settings_name(owner.name))
    body["metadata"]["annotations"] = {POOL_SIZE_ANNOTATION: str(pool_size)}
    if pause is not None:
        body["metadata"]["annotations"][PAUSE_ANNOTATION] = pause
    until = "" if pause_until is None else f"{pause_until:.0f}"
    return body | {"data": {"pgbouncer.ini": text, "pause-until": until}}


def services(owner: Owner, spec: PgBouncerSpec) -> list[Body]:
    clients = _object(owner, spec, "v1", "Service", owner.name)
    clients["spec"] = {
        "selector": labels(owner.name),
        "ports": [
            {"name": "postgres", "port": LISTEN_PORT, "targetPort": "postgres", "protocol": "TCP"}
        ],
    }
    metrics = _object(owner, spec, "v1", "Service", f"{owner.name}-metrics")
    metrics["spec"] = {
        "clusterIP": "None",
        # Those that are not ready are of interest, too.
        "publishNotReadyAddresses": True,
        "selector": labels(owner.name),
        "ports": [
            {"name": "metrics", "port": AGENT_PORT, "targetPort": "metrics", "protocol": "TCP"}
        ],
    }
    return [clients, metrics]


def disruption_budget(owner: Owner, spec: PgBouncerSpec) -> Body:
    """Let one pooler go at a time; the only one may go at any time."""
    body = _object(owner, spec, "policy/v1", "PodDisruptionBudget", owner.name)
    body["spec"] = {
        "maxUnavailable": 1,
        # A pod that serves nobody must not block a drain.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": labels(owner.name)},
    }
    return body


def deployment(
    owner: Owner,
    spec: PgBouncerSpec,
    *,
    replicas: int,
    agent_image: str,
    running: tuple[str, str] | None,
) -> Body:
    """
    *running* is what the Deployment has now: the mark of its template, and its agent's image.

    A new release of the operator alone restarts no pooler: the agent stays as it is until
    something else of the template changes.
    """
    pod = template(owner.name, spec, agent_image)
    mark = _mark(pod)
    if running is not None and running[0] == mark:
        pod["spec"]["initContainers"][0]["image"] = running[1]
    body = _object(owner, spec, "apps/v1", "Deployment", owner.name)
    body["metadata"]["annotations"] = {TEMPLATE_ANNOTATION: mark}
    settled = 5 + spec.drain_seconds + spec.client_lifetime_seconds
    body["spec"] = {
        "replicas": replicas,
        "revisionHistoryLimit": 3,
        # Until the one that leaves has left: the budget of connections counts on it.
        "minReadySeconds": settled,
        "progressDeadlineSeconds": settled + 600,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "selector": {"matchLabels": labels(owner.name)},
        "template": pod,
    }
    return body


def _object(owner: Owner, spec: PgBouncerSpec, api_version: str, kind: str, name: str) -> Body:
    metadata: Body = {
        "name": name,
        "namespace": owner.namespace,
        "labels": {
            "app.kubernetes.io/name": "pgbouncer",
            "app.kubernetes.io/managed-by": FIELD_MANAGER,
            **labels(owner.name),
        },
    }
    if spec.deletion_policy is DeletionPolicy.DELETE:
        metadata["ownerReferences"] = [
            {
                "apiVersion": PGBOUNCER.api_version,
                "kind": PGBOUNCER.name,
                "name": owner.name,
                "uid": owner.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _mark(pod: Body) -> str:
    """Return what tells this template from others, whichever agent it has."""
    agent, *others = pod["spec"]["initContainers"]
    without = [{**agent, "image": ""}, *others]
    marked = {**pod, "spec": {**pod["spec"], "initContainers": without}}
    return hashlib.sha256(json.dumps(marked, sort_keys=True).encode()).hexdigest()[:16]


def already(observed: object, wanted: object) -> bool:
    """Whether *observed* has all that *wanted* says, whatever the API server added to it."""
    if isinstance(wanted, dict):
        return isinstance(observed, dict) and all(
            already(observed.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return (
            isinstance(observed, list)
            and len(observed) == len(wanted)
            and all(already(*pair) for pair in zip(observed, wanted, strict=True))
        )
    return observed == wanted
