"""The node loses its power and gets it back."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from .images import CHECKOUT
from .waiting import until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        "TANTRUM_CLUSTER" not in os.environ, reason="only the dev cluster's node can be restarted"
    ),
]

_BACK_SECONDS = 120


def test_after_a_restart_of_the_node_everything_is_back(release, load, measured):
    with load.event("node restarted") as event:
        began_monotonic = time.monotonic()
        subprocess.run(
            [CHECKOUT / "devcluster/cluster", "restart-node"],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=2 * _BACK_SECONDS,
        )
        until(release.answers, 2 * _BACK_SECONDS, release.unsettled)
        release.settled(seconds=2 * _BACK_SECONDS)
        seconds = time.monotonic() - began_monotonic

    event.assert_nothing_lost()
    assert load.read_back() == [], "writes of the whole run"
    measured("node restarted, all back", seconds, at_most=_BACK_SECONDS)
