"""What an object of the cluster is called, and the kinds that the operator knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

GROUP: Final = "platform.tvtantrum.com"
VERSION: Final = "v1alpha1"
FIELD_MANAGER: Final = "tantrum-operator"

Body: TypeAlias = dict[str, Any]
"""An object as the API server sends it: JSON, with `metadata`, `spec` and `status`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of object; *api_version* as manifests spell it (`apps/v1`), *plural* as paths do."""

    api_version: str
    name: str
    plural: str


SERVICE_SCALER: Final = Kind(
    api_version=f"{GROUP}/{VERSION}", name="ServiceScaler", plural="servicescalers"
)
SCALING_BUDGET: Final = Kind(
    api_version=f"{GROUP}/{VERSION}", name="ScalingBudget", plural="scalingbudgets"
)
PGBOUNCER: Final = Kind(api_version=f"{GROUP}/{VERSION}", name="PgBouncer", plural="pgbouncers")
REDIS_CACHE: Final = Kind(api_version=f"{GROUP}/{VERSION}", name="RedisCache", plural="rediscaches")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """What the queue holds: one object, or with an empty *name* all of a kind in a namespace."""

    kind: str
    namespace: str
    name: str
