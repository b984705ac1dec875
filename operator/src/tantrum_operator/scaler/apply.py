"""Scales a target: first the intent in the scaler's status, then the target."""

from __future__ import annotations

from tantrum_operator.cluster import Cluster
from tantrum_operator.objects import SERVICE_SCALER, Body


async def scale(
    cluster: Cluster, scaler: Body, target: str, *, before: int, after: int, status: Body
) -> bool:
    """
    Write *status*, which names the intent, and scale *target* from *before* to *after*.

    Returns False, having scaled nothing, where the target has another count by now.
    Raises `ConflictError` where somebody wrote it in the last moment. After either the
    intent is forgotten at the next look.
    """
    metadata = scaler["metadata"]
    namespace = metadata["namespace"]
    await cluster.apply_status(
        SERVICE_SCALER, namespace, metadata["name"], status, uid=metadata["uid"]
    )
    now = await cluster.scale(namespace, target)
    if now is None or now.replicas != before:
        return False
    await cluster.set_scale(namespace, target, after, resource_version=now.resource_version)
    return True
