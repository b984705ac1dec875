"""Scales a target: first the intent in the scaler's status, then the target."""

from __future__ import annotations

from dataclasses import dataclass

from tantrum_kit.errors import ConflictError

from tantrum_operator.cluster import Cluster
from tantrum_operator.objects import SERVICE_SCALER, Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One scaling of the Deployment *target*, as it was read at *resource_version*."""

    target: str
    before: int
    after: int
    resource_version: str


async def scale(cluster: Cluster, scaler: Body, step: Step, *, status: Body) -> bool:
    """
    Write *status*, which names the intent, and take *step*.

    Returns False, having scaled nothing, where the target has another count by now.
    Raises `ConflictError` where somebody wrote it in the last moment. After either the
    intent is forgotten at the next look.
    """
    metadata = scaler["metadata"]
    namespace = metadata["namespace"]
    await cluster.apply_status(
        SERVICE_SCALER, namespace, metadata["name"], status, uid=metadata["uid"]
    )
    try:
        await cluster.set_scale(
            namespace, step.target, step.after, resource_version=step.resource_version
        )
    except ConflictError:
        # Mostly its controller counting pods, which changes nothing about the decision.
        now = await cluster.scale(namespace, step.target)
        if now is None or now.replicas != step.before:
            return False
        await cluster.set_scale(
            namespace, step.target, step.after, resource_version=now.resource_version
        )
    return True
