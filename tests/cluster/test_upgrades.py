"""New images come, good ones and bad ones."""

from __future__ import annotations

import pytest

from .images import BROKEN, NEXT
from .pace import SOAK
from .release import SERVICES
from .waiting import until

pytestmark = pytest.mark.cluster

_COLUMN = """
    SELECT count(*) FROM information_schema.columns
    WHERE table_schema = 'catalog' AND table_name = 'show' AND column_name = 'added_by_test'
"""


def test_an_upgrade_with_a_migration_goes_unnoticed(release, load, measured, pace):
    assert release.sql(_COLUMN) == "0"

    with load.event("helm upgrade of all services, with a migration") as event:
        release.upgrade(NEXT)
        release.settled(seconds=180)

    assert release.sql(_COLUMN) == "1"
    event.assert_no_failures()
    # Three services start on the two cores that serve: over a CI's few seconds that is noise.
    slowdown = "p99 of an upgrade, of that before"
    measured(slowdown, event.slowdown, at_most=5, unit=" x", required=pace is SOAK)


def test_an_upgrade_to_broken_images_is_rolled_back(release, load):
    with load.event("upgrade to broken images, then helm rollback") as event:
        release.upgrade(BROKEN)
        until(lambda: all(map(crashed, pods_of_services(release))), 90, "all services crash")
        release.rollback()
        release.settled()

    event.assert_no_failures()


def pods_of_services(release):
    """Return the pods of each service."""
    return [release.pods.all(service) for service in SERVICES]


def crashed(pods):
    return any(one.restarts and not one.ready for one in pods)
