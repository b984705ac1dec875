"""What the children of a `RedisCache` are called, and where their servers are reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tantrum_operator.objects import GROUP, Body
from tantrum_operator.rediscache.spec import REDIS_PORT, SENTINEL_PORT

ROLE_LABEL: Final = f"{GROUP}/redis-role"
FAILOVER_ANNOTATION: Final = f"{GROUP}/failover"
"""A new value asks for one planned failover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """All derived, so that a second reconcile finds what the first one made."""

    namespace: str
    cache: str

    @property
    def redis(self) -> str:
        """The StatefulSet of the servers, and the headless Service that names them."""
        return f"{self.cache}-redis"

    @property
    def sentinel(self) -> str:
        return f"{self.cache}-sentinel"

    @property
    def config(self) -> str:
        return f"{self.cache}-redis"

    @property
    def secret(self) -> str:
        return f"{self.cache}-redis-auth"

    @property
    def master(self) -> str:
        """What the Sentinels call the master."""
        return self.cache

    def node(self, ordinal: int) -> str:
        return self.address(f"{self.redis}-{ordinal}", self.redis, REDIS_PORT)

    def sentinel_address(self, ordinal: int) -> str:
        return self.address(f"{self.sentinel}-{ordinal}", self.sentinel, SENTINEL_PORT)

    def address(self, pod: str, service: str, port: int) -> str:
        """`svc` without the cluster's domain, which the operator does not know, resolves too."""
        return f"{pod}.{service}.{self.namespace}.svc:{port}"

    def selector(self, component: str) -> dict[str, str]:
        return {
            "app.kubernetes.io/name": component,
            "app.kubernetes.io/instance": self.cache,
            "app.kubernetes.io/managed-by": "tantrum-operator",
        }


def names_of(body: Body) -> Names:
    metadata = body["metadata"]
    return Names(namespace=metadata["namespace"], cache=metadata["name"])


def pod_of(address: str) -> str:
    """Return the name of the pod that is reached at *address*."""
    return address.partition(".")[0]
