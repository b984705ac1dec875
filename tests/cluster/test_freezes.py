"""Pods that run and do not answer: what no endpoint list shows."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request

import pytest

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        "TANTRUM_CLUSTER" not in os.environ,
        reason="processes of pods can be stopped on the dev cluster only",
    ),
]

_RESTART_SECONDS = 60


def test_one_frozen_catalog_is_missed_by_nobody(release, load, measured):
    with load.event("one of two catalog pods frozen") as event:
        pod = release.pods.ready("catalog")[0]
        release.pods.freeze(pod)
        seconds = release.pods.restarted([pod], seconds=2 * _RESTART_SECONDS)

    event.assert_no_failures()
    measured("one frozen catalog is restarted and ready", seconds, at_most=_RESTART_SECONDS)


def test_a_frozen_pgbouncer_is_restarted(release, load, measured):
    """Its port stays open, so that only asking it something tells."""
    with load.event("one of two PgBouncer pods frozen") as event:
        pod = release.pods.ready("pgbouncer")[0]
        release.pods.freeze(pod)
        seconds = release.pods.restarted([pod], seconds=2 * _RESTART_SECONDS)

    event.assert_nothing_lost()
    measured("a frozen PgBouncer is restarted and ready", seconds, at_most=_RESTART_SECONDS)


def test_with_all_catalogs_frozen_what_is_known_is_served(release, load, measured):
    known = "/v1/shows?pageSize=7"
    for _ in range(20):  # each edge has a cache of its own
        assert asked(release, known)[0] == 200

    with load.event("all catalog pods frozen") as event:
        pods = release.pods.ready("catalog")
        for pod in pods:
            release.pods.freeze(pod)
        answers = [asked(release, known) for _ in range(10)]
        refusals = [
            asked(release, f"/v1/shows?maxYear=9999&maxMinutes={n}") for n in range(900, 905)
        ]
        seconds = release.pods.restarted(pods, seconds=2 * _RESTART_SECONDS)

    assert {status for status, _ in answers} == {200}
    assert {status for status, _ in refusals} <= {503, 504}
    measured("an answer that is known", max(took for _, took in answers), at_most=2)
    measured("a refusal of what is not", max(took for _, took in refusals), at_most=2)
    measured("all frozen catalogs are restarted and ready", seconds, at_most=_RESTART_SECONDS)
    event.assert_nothing_lost()


def asked(release, path):
    """Return the status of the edge's answer and the seconds that it took."""
    began_monotonic = time.monotonic()
    try:
        with urllib.request.urlopen(release.edge_url + path, timeout=10) as reply:
            status = reply.status
    except urllib.error.HTTPError as error:
        error.close()
        status = error.code
    return status, time.monotonic() - began_monotonic
