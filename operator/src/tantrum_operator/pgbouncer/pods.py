"""The pods of poolers: PgBouncer, and the agent that starts before it and ends after it. Pure."""

from __future__ import annotations

from typing import Final

from tantrum_operator.objects import GROUP, Body
from tantrum_operator.pgbouncer.ini import CLIENTS_TLS, FOLDER, HOLDING, LISTEN_PORT, UPSTREAM_CA
from tantrum_operator.pgbouncer.protocol import AGENT_PORT
from tantrum_operator.pgbouncer.spec import PgBouncerSpec, Scheduling

OWNER_LABEL: Final = f"{GROUP}/pgbouncer"
"""Whose an object is; what lacks it is not touched."""

_GIVEN: Final = "/etc/tantrum/given"
_TOKEN: Final = "/etc/tantrum/agent"  # noqa: S105 - a folder
_USER: Final = 10001
_NAMED: Final = {"app.kubernetes.io/name": "pgbouncer"}
_CONTAINED: Final[Body] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def settings_name(name: str) -> str:
    return f"{name}-settings"


def token_name(name: str) -> str:
    return f"{name}-agent"


def labels(name: str) -> dict[str, str]:
    """What finds the pods; it never changes."""
    return {OWNER_LABEL: name}


def template(name: str, spec: PgBouncerSpec, agent_image: str) -> Body:
    """*name* is that of the PgBouncer object."""
    return {
        "metadata": {"labels": {**_NAMED, **spec.pod_labels, **labels(name)}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            **_scheduling(spec.scheduling),
            "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _USER,
                "runAsGroup": _USER,
                "fsGroup": _USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": key,
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": labels(name)},
                    "matchLabelKeys": ["pod-template-hash"],
                }
                for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
            ],
            # A pause ends first. Then PgBouncer waits for its clients, which leave when their
            # connections get old: 10 s more for those in the midst of a query, and 5 so that the
            # kubelet does not end it.
            "terminationGracePeriodSeconds": 15
            + spec.drain_seconds
            + spec.pause_deadline_seconds
            + spec.client_lifetime_seconds,
            # It starts first, since it writes PgBouncer's settings, and ends last.
            "initContainers": [_agent(agent_image)],
            "containers": [_pgbouncer(spec)],
            "volumes": _volumes(name, spec),
        },
    }


def _scheduling(scheduling: Scheduling) -> Body:
    """What is not asked for is left out, or the API server's answer would never be the same."""
    asked: Body = {
        "priorityClassName": scheduling.priority_class,
        "imagePullSecrets": [{"name": secret} for secret in scheduling.pull_secrets],
        "nodeSelector": dict(scheduling.node_selector),
        "tolerations": list(scheduling.tolerations),
    }
    return {key: value for key, value in asked.items() if value}


def _agent(agent_image: str) -> Body:
    return {
        "name": "agent",
        "image": agent_image,
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "args": [
            "pooler-agent",
            f"--folder={FOLDER}",
            f"--given={_GIVEN}",
            f"--token-file={_TOKEN}/token",
        ],
        "ports": [{"name": "metrics", "containerPort": AGENT_PORT, "protocol": "TCP"}],
        "startupProbe": {**_http("/livez"), "periodSeconds": 1, "failureThreshold": 90},
        # Through a pause or an outage of the database as well: a login that goes on to
        # PostgreSQL would turn all poolers unready at once.
        "readinessProbe": {
            **_http("/readyz"),
            "periodSeconds": 2,
            "timeoutSeconds": 3,
            "failureThreshold": 2,
        },
        "livenessProbe": {
            **_http("/livez"),
            "periodSeconds": 5,
            "timeoutSeconds": 3,
            "failureThreshold": 3,
        },
        "resources": {
            # It takes some 85 MiB.
            "requests": {"cpu": "10m", "memory": "96Mi"},
            "limits": {"memory": "160Mi"},
        },
        "securityContext": _CONTAINED,
        "volumeMounts": [
            {"name": "shared", "mountPath": str(FOLDER)},
            {"name": "given", "mountPath": _GIVEN, "readOnly": True},
            {"name": "token", "mountPath": _TOKEN, "readOnly": True},
        ],
    }


def _pgbouncer(spec: PgBouncerSpec) -> Body:
    mounts = [
        {"name": "shared", "mountPath": str(FOLDER), "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - of the pod alone
    ]
    if spec.tls.upstream_ca is not None:
        path = str(UPSTREAM_CA.parent)
        mounts.append({"name": "upstream-ca", "mountPath": path, "readOnly": True})
    if spec.tls.clients_secret is not None:
        path = str(CLIENTS_TLS)
        mounts.append({"name": "clients-tls", "mountPath": path, "readOnly": True})
    return {
        "name": "pgbouncer",
        "image": spec.image,
        "imagePullPolicy": "IfNotPresent",
        "args": [f"{FOLDER}/pgbouncer.ini"],
        "ports": [{"name": "postgres", "containerPort": LISTEN_PORT, "protocol": "TCP"}],
        "startupProbe": {
            "tcpSocket": {"port": "postgres"},
            "periodSeconds": 1,
            "failureThreshold": 60,
        },
        # A frozen one has its port open all the same.
        "livenessProbe": {
            "exec": {
                "command": [
                    "pg_isready",
                    "--quiet",
                    "--host=127.0.0.1",
                    f"--port={LISTEN_PORT}",
                    "--timeout=2",
                    "--dbname=pgbouncer",
                ]
            },
            "periodSeconds": 5,
            "timeoutSeconds": 3,
            "failureThreshold": 3,
            # What does not answer does not hear SIGTERM either.
            "terminationGracePeriodSeconds": 5,
        },
        # Serves on until everybody connects elsewhere. After SIGTERM nobody gets in, it waits for
        # those who are (`SHUTDOWN WAIT_FOR_CLIENTS`), and takes no RESUME: a pause ends before.
        "lifecycle": {
            "preStop": {
                "exec": {"command": ["sh", "-c", _leaving(spec.drain_seconds)]},
            }
        },
        "resources": spec.resources,
        "securityContext": _CONTAINED,
        "volumeMounts": mounts,
    }


def _leaving(drain_seconds: int) -> str:
    return f"sleep {drain_seconds}; while [ -e {FOLDER}/{HOLDING} ]; do sleep 0.2; done"


def _volumes(name: str, spec: PgBouncerSpec) -> list[Body]:
    users = {
        "name": spec.auth.secret,
        "items": [{"key": spec.auth.key, "path": "userlist.txt"}],
    }
    given = {"name": settings_name(name)}
    volumes: list[Body] = [
        # In memory: it holds passwords, and is empty after the node has started again.
        {"name": "shared", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}},
        {
            "name": "given",
            "projected": {
                "defaultMode": 0o440,
                "sources": [{"configMap": given}, {"secret": users}],
            },
        },
        {
            "name": "token",
            "secret": {"secretName": token_name(name), "defaultMode": 0o440},
        },
    ]
    if (ca := spec.tls.upstream_ca) is not None:
        kind, key = ("secret", "secretName") if ca.kind == "Secret" else ("configMap", "name")
        items = [{"key": ca.key, "path": UPSTREAM_CA.name}]
        volumes.append(
            {"name": "upstream-ca", kind: {key: ca.name, "items": items, "defaultMode": 0o440}}
        )
    if spec.tls.clients_secret is not None:
        secret = {"secretName": spec.tls.clients_secret, "defaultMode": 0o440}
        volumes.append({"name": "clients-tls", "secret": secret})
    return volumes


def _http(path: str) -> Body:
    return {"httpGet": {"path": path, "port": "metrics"}}
