"""Pods come and go, as they do each day."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster

_SERVING = ("catalog", "search", "gateway", "edge")


def test_each_pod_is_deleted_once(release, load, pace):
    with load.event("each pod of each service deleted") as event:
        for component in _SERVING * pace.rounds:
            for pod in release.pods.ready(component):
                release.pods.delete(pod)
                release.pods.replaced([pod])

    event.assert_no_failures()


def test_all_pods_are_evicted_in_turn(release, load):
    """One after the other, each as soon as the one before is made up for, but for PostgreSQL."""
    with load.event("all pods evicted but PostgreSQL") as event:
        pods = [one for one in release.pods.all() if one.component != "postgres"]
        for pod in pods:
            release.pods.evict(pod)
            release.pods.made_up_for(pod)
        release.pods.replaced(pods)

    event.assert_no_failures()
