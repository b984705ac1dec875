"""More pods take their share soon, and fewer lose nothing."""

from __future__ import annotations

import pytest

from .pods import served
from .waiting import pause, until

pytestmark = pytest.mark.cluster


def scaled(release, component, count):
    """Scale, wait until all are ready, and return them with those that are new."""
    old = {one.name for one in release.pods.ready(component)}
    release.scale(component, count)
    until(lambda: len(release.pods.ready(component)) == count, 90, f"{count} of {component}")
    pods = release.pods.ready(component)
    return pods, [one for one in pods if one.name not in old]


def least_share(pods, new):
    """
    Return what the least busy of *new* got, as a ratio of an equal share.

    Between 10 and 20 s from now, counted at the pods.
    """
    pause(10)
    before = {one.name: served(one) for one in pods}
    pause(10)
    counts = {one.name: served(one) - before[one.name] for one in pods}
    return min(counts[one.name] for one in new) * len(pods) / sum(counts.values())


def test_new_pods_of_gateway_get_their_share(release, load, measured):
    with load.event("gateway scaled 2 -> 5 -> 2") as event:
        share = least_share(*scaled(release, "gateway", 5))
        release.scale("gateway", 2)
        release.settled()

    event.assert_no_failures()
    measured("least share of a new gateway, 10 to 20 s", share, at_least=0.8, unit="")


def test_new_pods_of_catalog_get_their_share(release, load, measured):
    with load.event("catalog scaled 2 -> 3 -> 2") as event:
        share = least_share(*scaled(release, "catalog", 3))
        release.scale("catalog", 2)
        release.settled()

    event.assert_no_failures()
    measured("share of a new catalog, 10 to 20 s", share, at_least=0.8, unit="")
