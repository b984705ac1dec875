"""The pods of a `RedisCache`: a Redis with what counts for Prometheus, and a Sentinel."""

from __future__ import annotations

from typing import Any, Final

from tantrum_operator.objects import Body
from tantrum_operator.rediscache.config import (
    AUTH_FOLDER,
    CERTIFICATE_FOLDER,
    CONFIG_FOLDER,
    DATA_FOLDER,
    RUN_FOLDER,
)
from tantrum_operator.rediscache.naming import Names
from tantrum_operator.rediscache.spec import REDIS_PORT, SENTINEL_PORT, RedisCacheSpec

EXPORTER_PORT: Final = 9121
_USER: Final = 10001
# Longer than a planned failover may take (`tantrum-redis hand-over`), and Redis' own stop.
_REDIS_GRACE_SECONDS: Final = 75
_SPARE_MIB: Final = 64

_SECURE: Final[Body] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def redis(spec: RedisCacheSpec, names: Names) -> Body:
    server = {
        **_server(spec, names, "serve", names.redis, REDIS_PORT),
        "name": "redis",
        "ports": [{"name": "redis", "containerPort": REDIS_PORT, "protocol": "TCP"}],
        "lifecycle": {"preStop": {"exec": {"command": ["tantrum-redis", "hand-over"]}}},
        "resources": spec.resources or _resources(spec),
    }
    containers = [server]
    if spec.exporter_image:
        containers.append(_exporter(spec, names))
    volumes = _volumes(spec, names)
    if not spec.persistent:
        volumes.append(
            {"name": "data", "emptyDir": {"sizeLimit": f"{2 * spec.max_memory_mib + _SPARE_MIB}Mi"}}
        )
    return {
        **_pod(spec, names, "redis"),
        "terminationGracePeriodSeconds": _REDIS_GRACE_SECONDS,
        "containers": containers,
        "volumes": volumes,
    }


def sentinel(spec: RedisCacheSpec, names: Names) -> Body:
    server = {
        **_server(spec, names, "sentinel", names.sentinel, SENTINEL_PORT),
        "name": "sentinel",
        "ports": [{"name": "redis-sentinel", "containerPort": SENTINEL_PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "20m", "memory": "32Mi"},
            "limits": {"memory": "64Mi"},
        },
    }
    return {
        **_pod(spec, names, "redis-sentinel"),
        "terminationGracePeriodSeconds": 5,
        "containers": [server],
        "volumes": [*_volumes(spec, names), {"name": "data", "emptyDir": {"sizeLimit": "16Mi"}}],
    }


def _pod(spec: RedisCacheSpec, names: Names, component: str) -> Body:
    pod: Body = {
        "imagePullSecrets": list(spec.image_pull_secrets),
        "nodeSelector": dict(spec.node_selector),
        "tolerations": list(spec.tolerations),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # A Sentinel stands still while it looks a name up, and the name of a pod that is gone
        # is looked up often.
        "dnsConfig": {
            "options": [{"name": "timeout", "value": "1"}, {"name": "attempts", "value": "2"}]
        },
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        # Preferences: a pod in a bad place is better than none.
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": names.selector(component)},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
    }
    if spec.priority_class_name:
        pod["priorityClassName"] = spec.priority_class_name
    return pod


def _server(spec: RedisCacheSpec, names: Names, command: str, service: str, port: int) -> Body:
    return {
        "image": spec.image,
        "command": ["tantrum-redis", command],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "CACHE_FILE", "value": f"{CONFIG_FOLDER}/cache.json"},
            {"name": "CACHE_SELF", "value": names.address("$(POD_NAME)", service, port)},
        ],
        "securityContext": _SECURE,
        "readinessProbe": _probe("ready", period_seconds=2, failures=3),
        # No startup probe: a server may wait for its role as long as it takes.
        "livenessProbe": {**_probe("alive", period_seconds=10, failures=6)},
        "volumeMounts": [
            {"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True},
            {"name": "password", "mountPath": AUTH_FOLDER, "readOnly": True},
            {"name": "run", "mountPath": RUN_FOLDER},
            {"name": "data", "mountPath": DATA_FOLDER},
            *_certificate_mount(spec),
        ],
    }


def _probe(command: str, *, period_seconds: int, failures: int) -> Body:
    return {
        "exec": {"command": ["tantrum-redis", command]},
        "periodSeconds": period_seconds,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _exporter(spec: RedisCacheSpec, names: Names) -> Body:
    scheme = "rediss" if spec.tls_secret_name else "redis"
    environment: list[Body] = [
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {
            "name": "REDIS_ADDR",
            "value": f"{scheme}://{names.address('$(POD_NAME)', names.redis, REDIS_PORT)}",
        },
        {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": _password(spec, names)}},
    ]
    if spec.tls_secret_name:
        trusted = {
            "name": "REDIS_EXPORTER_TLS_CA_CERT_FILE",
            "value": f"{CERTIFICATE_FOLDER}/ca.crt",
        }
        environment.append(trusted)
    return {
        "name": "exporter",
        "image": spec.exporter_image,
        "env": environment,
        "ports": [{"name": "metrics", "containerPort": EXPORTER_PORT, "protocol": "TCP"}],
        "securityContext": _SECURE,
        "resources": {"requests": {"cpu": "5m", "memory": "24Mi"}, "limits": {"memory": "64Mi"}},
        "volumeMounts": _certificate_mount(spec),
    }


def _volumes(spec: RedisCacheSpec, names: Names) -> list[Any]:
    password = _password(spec, names)
    volumes: list[Body] = [
        {"name": "config", "configMap": {"name": names.config}},
        {
            "name": "password",
            "secret": {
                "secretName": password["name"],
                "defaultMode": 0o440,
                "items": [{"key": password["key"], "path": "password"}],
            },
        },
        # In memory, for the settings that Redis rewrites hold the password.
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
    ]
    if spec.tls_secret_name:
        secret = {"secretName": spec.tls_secret_name, "defaultMode": 0o440}
        volumes.append({"name": "certificate", "secret": secret})
    return volumes


def _certificate_mount(spec: RedisCacheSpec) -> list[Body]:
    if not spec.tls_secret_name:
        return []
    return [{"name": "certificate", "mountPath": CERTIFICATE_FOLDER, "readOnly": True}]


def _password(spec: RedisCacheSpec, names: Names) -> dict[str, str]:
    if spec.auth:
        return {"name": spec.auth.secret_name, "key": spec.auth.key}
    return {"name": names.secret, "key": "password"}


def _resources(spec: RedisCacheSpec) -> Body:
    """Half as much again as the data for buffers and copies, and the process."""
    memory = f"{spec.max_memory_mib * 3 // 2 + _SPARE_MIB}Mi"
    return {"requests": {"cpu": "50m", "memory": memory}, "limits": {"memory": memory}}
