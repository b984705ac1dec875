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

CONFIG_MAP: Final = Kind(api_version="v1", name="ConfigMap", plural="configmaps")
POD: Final = Kind(api_version="v1", name="Pod", plural="pods")
SECRET: Final = Kind(api_version="v1", name="Secret", plural="secrets")
SERVICE: Final = Kind(api_version="v1", name="Service", plural="services")
SERVICE_ACCOUNT: Final = Kind(api_version="v1", name="ServiceAccount", plural="serviceaccounts")
DEPLOYMENT: Final = Kind(api_version="apps/v1", name="Deployment", plural="deployments")
STATEFUL_SET: Final = Kind(api_version="apps/v1", name="StatefulSet", plural="statefulsets")
DISRUPTION_BUDGET: Final = Kind(
    api_version="policy/v1", name="PodDisruptionBudget", plural="poddisruptionbudgets"
)
NETWORK_POLICY: Final = Kind(
    api_version="networking.k8s.io/v1", name="NetworkPolicy", plural="networkpolicies"
)
HORIZONTAL_POD_AUTOSCALER: Final = Kind(
    api_version="autoscaling/v2", name="HorizontalPodAutoscaler", plural="horizontalpodautoscalers"
)
LEASE: Final = Kind(api_version="coordination.k8s.io/v1", name="Lease", plural="leases")
EVENT: Final = Kind(api_version="events.k8s.io/v1", name="Event", plural="events")
POD_METRICS: Final = Kind(api_version="metrics.k8s.io/v1beta1", name="PodMetrics", plural="pods")

KINDS: Final = (
    SERVICE_SCALER,
    SCALING_BUDGET,
    PGBOUNCER,
    REDIS_CACHE,
    CONFIG_MAP,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    DEPLOYMENT,
    STATEFUL_SET,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    HORIZONTAL_POD_AUTOSCALER,
    LEASE,
    EVENT,
    POD_METRICS,
)
"""Every kind that the operator reads or writes; all of them live in namespaces."""

_BY_NAME: Final = {(kind.api_version, kind.name): kind for kind in KINDS}


def kind_of(manifest: Body) -> Kind:
    """Return the kind of *manifest*; raises KeyError for one that is not of `KINDS`."""
    return _BY_NAME[manifest["apiVersion"], manifest["kind"]]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """What the queue holds: one object, or with an empty *name* all of a kind in a namespace."""

    kind: str
    namespace: str
    name: str
