"""What a `RedisCache` asks for, parsed and checked as its CRD checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tantrum_operator.objects import Body

REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379

PARAMETERS: Final = frozenset(
    {
        "active-expire-effort",
        "activedefrag",
        "appendfsync",
        "auto-aof-rewrite-min-size",
        "auto-aof-rewrite-percentage",
        "hz",
        "io-threads",
        "latency-monitor-threshold",
        "lazyfree-lazy-eviction",
        "lazyfree-lazy-expire",
        "lazyfree-lazy-server-del",
        "lfu-decay-time",
        "lfu-log-factor",
        "maxclients",
        "maxmemory-samples",
        "notify-keyspace-events",
        "repl-backlog-size",
        "slowlog-log-slower-than",
        "slowlog-max-len",
        "tcp-keepalive",
        "timeout",
    }
)
"""Settings of Redis that a spec may give; the rest is the operator's, or unsafe to change."""

_PARAMETER_VALUE: Final = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_BINARY: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DECIMAL: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_QUANTITY: Final = re.compile(r"^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)$")


class InvalidSpecError(ValueError):
    """The spec cannot be followed; *faults* are sentences that each begin with a path."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


class Persistence(StrEnum):
    NONE = "None"
    APPEND_ONLY = "AppendOnly"


class DeletionPolicy(StrEnum):
    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    size: str
    class_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """A Secret that somebody else keeps, and the key in it that holds the password."""

    secret_name: str
    key: str = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCacheSpec:
    image: str
    exporter_image: str | None = None
    replicas: int = 2
    sentinels: int = 3
    max_memory_mib: int = 256
    eviction_policy: str = "allkeys-lru"
    persistence: Persistence = Persistence.NONE
    storage: Storage | None = None
    min_replicas_to_write: int = 0
    failover_after_seconds: int = 3
    auth: Auth | None = None
    tls_secret_name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Body = field(default_factory=dict)
    priority_class_name: str | None = None
    image_pull_secrets: Sequence[Body] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Body] = ()
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN

    @property
    def fails_over(self) -> bool:
        return self.replicas > 1

    @property
    def sentinel_count(self) -> int:
        """How many Sentinels run: none where there is nothing to fail over to."""
        return self.sentinels if self.fails_over else 0

    @property
    def quorum(self) -> int:
        return self.sentinel_count // 2 + 1 if self.fails_over else 0

    @property
    def persistent(self) -> bool:
        return self.persistence is Persistence.APPEND_ONLY


EVICTION_POLICIES: Final = (
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
)


def parse(spec: Mapping[str, Any]) -> RedisCacheSpec:
    """Return *spec* with its defaults; raises `InvalidSpecError` with all that is wrong."""
    reader = _Reader(spec)
    storage, auth = reader.part("storage"), reader.part("auth")
    parsed = RedisCacheSpec(
        image=reader.text("image", ""),
        exporter_image=spec.get("exporterImage"),
        replicas=reader.number("replicas", 2, 1, 7),
        sentinels=reader.number("sentinels", 3, 3, 7),
        max_memory_mib=reader.number("maxMemoryMiB", 256, 16, 65_536),
        eviction_policy=reader.choice("evictionPolicy", "allkeys-lru", EVICTION_POLICIES),
        persistence=Persistence(reader.choice("persistence", "None", tuple(Persistence))),
        storage=_storage(storage) if storage else None,
        min_replicas_to_write=reader.number("minReplicasToWrite", 0, 0, 6),
        failover_after_seconds=reader.number("failoverAfterSeconds", 3, 1, 60),
        auth=_auth(auth) if auth else None,
        tls_secret_name=(spec.get("tls") or {}).get("secretName"),
        parameters=dict(spec.get("parameters") or {}),
        resources=dict(spec.get("resources") or {}),
        priority_class_name=spec.get("priorityClassName"),
        image_pull_secrets=tuple(spec.get("imagePullSecrets") or ()),
        node_selector=dict(spec.get("nodeSelector") or {}),
        tolerations=tuple(spec.get("tolerations") or ()),
        deletion_policy=DeletionPolicy(
            reader.choice("deletionPolicy", "Retain", tuple(DeletionPolicy))
        ),
    )
    faults = [*reader.faults, *_contradictions(parsed)]
    if faults:
        raise InvalidSpecError(faults)
    return parsed


def _storage(part: Mapping[str, Any]) -> Storage:
    return Storage(size=part["size"], class_name=part.get("className"))


def _auth(part: Mapping[str, Any]) -> Auth:
    return Auth(secret_name=part["secretName"], key=part.get("key", "password"))


class _Reader:
    """Reads fields; one that is wrong counts as its default, and is a fault."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self.faults: list[str] = []

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self._spec.get(name, default)
        if isinstance(value, int) and least <= value <= most:
            return value
        self.faults.append(f"spec.{name}: must be a whole number from {least} to {most}.")
        return default

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._spec.get(name, default)
        if value in choices:
            return str(value)
        self.faults.append(f"spec.{name}: must be one of {', '.join(choices)}.")
        return default

    def text(self, name: str, default: str) -> str:
        value = self._spec.get(name, default)
        if isinstance(value, str) and value:
            return value
        self.faults.append(f"spec.{name}: must be given.")
        return default

    def part(self, name: str) -> Mapping[str, Any] | None:
        value = self._spec.get(name)
        needed = {"storage": "size", "auth": "secretName"}[name]
        if value is not None and not value.get(needed):
            self.faults.append(f"spec.{name}.{needed}: must be given.")
            return None
        return value


def _contradictions(spec: RedisCacheSpec) -> list[str]:
    faults = []
    if spec.sentinels % 2 == 0:
        faults.append("spec.sentinels: must be odd, so that one half is a majority.")
    if spec.min_replicas_to_write >= spec.replicas:
        faults.append("spec.minReplicasToWrite: must be less than replicas.")
    if spec.persistent != (spec.storage is not None):
        faults.append("spec.storage: must be given with persistence AppendOnly, and only then.")
    for name, value in sorted(spec.parameters.items()):
        if name not in PARAMETERS:
            faults.append(f"spec.parameters.{name}: cannot be set here.")
        elif not _PARAMETER_VALUE.match(str(value)):
            faults.append(f"spec.parameters.{name}: must be letters, digits, '.', '_' and '-'.")
    limit = (spec.resources.get("limits") or {}).get("memory")
    if limit is not None and _bytes(str(limit)) <= spec.max_memory_mib * 2**20:
        faults.append("spec.resources.limits.memory: must be more than maxMemoryMiB.")
    return faults


def _bytes(quantity: str) -> float:
    found = _QUANTITY.match(quantity)
    if found is None:
        return 0
    number, unit = found.groups()
    return float(number) * (_BINARY.get(unit) or _DECIMAL[unit])
