"""The objects that a `RedisCache` is made of, as they should be."""

from __future__ import annotations

from typing import Any

from tantrum_operator.objects import FIELD_MANAGER, Body
from tantrum_operator.rediscache import pods
from tantrum_operator.rediscache.config import (
    cache_json,
    redis_checksum,
    redis_conf,
    sentinel_checksum,
)
from tantrum_operator.rediscache.naming import Names
from tantrum_operator.rediscache.spec import (
    REDIS_PORT,
    SENTINEL_PORT,
    DeletionPolicy,
    RedisCacheSpec,
)


def manifests(body: Body, spec: RedisCacheSpec, names: Names) -> list[Body]:
    """
    Return all children but the Secret, those that others mount first.

    With deletionPolicy Retain none has an owner: whoever deletes the RedisCache, or its
    CRD, leaves the servers running.
    """
    owner = _owner(body) if spec.deletion_policy is DeletionPolicy.DELETE else []
    children = [
        _config(spec, names),
        _service(names, "redis", names.redis, REDIS_PORT),
        _servers(spec, names),
        _disruption_budget(names, "redis", names.redis),
    ]
    if spec.sentinel_count:
        children += [
            _service(names, "redis-sentinel", names.sentinel, SENTINEL_PORT),
            _sentinels(spec, names),
            _disruption_budget(names, "redis-sentinel", names.sentinel),
        ]
    for child in children:
        # None is said as well: there may have been one.
        child["metadata"]["ownerReferences"] = owner
    return children


def secret(body: Body, spec: RedisCacheSpec, names: Names, password: str) -> Body:
    """Return the Secret that is made once, and then nobody's but whoever reads it."""
    made = _child("v1", "Secret", names.secret, names, "redis")
    made |= {"type": "Opaque", "stringData": {"password": password}}
    if spec.deletion_policy is DeletionPolicy.DELETE:
        made["metadata"]["ownerReferences"] = _owner(body)
    return made


def _child(api_version: str, kind: str, name: str, names: Names, component: str) -> Body:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": names.namespace,
            "labels": names.selector(component),
        },
    }


def _owner(body: Body) -> list[Body]:
    return [
        {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "name": body["metadata"]["name"],
            "uid": body["metadata"]["uid"],
            "controller": True,
        }
    ]


def _config(spec: RedisCacheSpec, names: Names) -> Body:
    made = _child("v1", "ConfigMap", names.config, names, "redis")
    made["data"] = {"redis.conf": redis_conf(spec), "cache.json": cache_json(spec, names)}
    return made


def _service(names: Names, component: str, name: str, port: int) -> Body:
    made = _child("v1", "Service", name, names, component)
    ports = [{"name": component, "port": port, "targetPort": port, "protocol": "TCP"}]
    made["spec"] = {
        "clusterIP": "None",
        # A server has to be found before it is ready, or it would never become so.
        "publishNotReadyAddresses": True,
        "selector": names.selector(component),
        "ports": ports,
    }
    return made


def _disruption_budget(names: Names, component: str, name: str) -> Body:
    made = _child("policy/v1", "PodDisruptionBudget", name, names, component)
    made["spec"] = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": names.selector(component)},
    }
    return made


def _servers(spec: RedisCacheSpec, names: Names) -> Body:
    made = _child("apps/v1", "StatefulSet", names.redis, names, "redis")
    made["spec"] = {
        **_stateful(names, "redis", names.redis, spec.replicas),
        # The operator deletes old pods, replicas first and the master last.
        "updateStrategy": {"type": "OnDelete"},
        "template": {
            "metadata": _template_metadata(names, "redis", redis_checksum(spec)),
            "spec": pods.redis(spec, names),
        },
    }
    if spec.storage:
        claim: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": spec.storage.size}},
        }
        if spec.storage.class_name:
            claim["storageClassName"] = spec.storage.class_name
        made["spec"]["volumeClaimTemplates"] = [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "data"},
                "spec": claim,
            }
        ]
    return made


def _sentinels(spec: RedisCacheSpec, names: Names) -> Body:
    made = _child("apps/v1", "StatefulSet", names.sentinel, names, "redis-sentinel")
    made["spec"] = {
        **_stateful(names, "redis-sentinel", names.sentinel, spec.sentinel_count),
        # One Sentinel after the other, each of which the others know again.
        "updateStrategy": {"type": "RollingUpdate"},
        "minReadySeconds": 10,
        "template": {
            "metadata": _template_metadata(names, "redis-sentinel", sentinel_checksum(spec)),
            "spec": pods.sentinel(spec, names),
        },
    }
    return made


def _stateful(names: Names, component: str, service: str, replicas: int) -> Body:
    return {
        "replicas": replicas,
        "serviceName": service,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": names.selector(component)},
    }


def _template_metadata(names: Names, component: str, checksum: str) -> Body:
    return {
        "labels": names.selector(component),
        "annotations": {f"{FIELD_MANAGER}/config": checksum},
    }
