"""The settings of Redis, and what `tantrum-redis` reads beside them when a server starts."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from tantrum_operator.rediscache.naming import Names
from tantrum_operator.rediscache.spec import RedisCacheSpec

CONFIG_FOLDER: Final = "/etc/tantrum"
DATA_FOLDER: Final = "/data"
RUN_FOLDER: Final = "/run/tantrum"
AUTH_FOLDER: Final = "/run/secrets/redis"
CERTIFICATE_FOLDER: Final = "/run/secrets/redis-tls"


def redis_conf(spec: RedisCacheSpec) -> str:
    """The same for all servers; their addresses, roles and passwords are added at the start."""
    own = {
        "bind": "* -::*",
        "maxmemory": f"{spec.max_memory_mib}mb",
        "maxmemory-policy": spec.eviction_policy,
        "save": '""',
        "appendonly": "yes" if spec.persistent else "no",
        "min-replicas-to-write": str(spec.min_replicas_to_write),
        "min-replicas-max-lag": "5",
        "repl-diskless-sync-delay": "0",
        "repl-diskless-load": "on-empty-db",
        "repl-timeout": "20",
        "tcp-keepalive": "30",
    }
    settings = {**own, **spec.parameters}
    return "".join(f"{name} {value}\n" for name, value in sorted(settings.items()))


def cache_json(spec: RedisCacheSpec, names: Names) -> str:
    """What a server has to know of the others; read anew whenever one starts."""
    return json.dumps(
        {
            "name": names.master,
            "nodes": [names.node(ordinal) for ordinal in range(spec.replicas)],
            "sentinels": [names.sentinel_address(each) for each in range(spec.sentinel_count)],
            "quorum": spec.quorum,
            "downAfterMilliseconds": spec.failover_after_seconds * 1000,
            "persistent": spec.persistent,
            "serverConfig": f"{CONFIG_FOLDER}/redis.conf",
            "dataFolder": DATA_FOLDER,
            "runFolder": RUN_FOLDER,
            "passwordFile": f"{AUTH_FOLDER}/password",
            "certificateFolder": CERTIFICATE_FOLDER if spec.tls_secret_name else "",
        },
        indent=2,
    )


def redis_checksum(spec: RedisCacheSpec) -> str:
    """Changes with what a Redis reads only when it starts."""
    return _checksum(redis_conf(spec))


def sentinel_checksum(spec: RedisCacheSpec) -> str:
    """As `redis_checksum`; Sentinels learn of more servers by themselves."""
    return _checksum(f"{spec.quorum} {spec.failover_after_seconds}")


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
