"""What keeps the data goes away for a while."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster


def test_without_the_database_no_write_is_lost(release, load, say):
    with load.event("the PostgreSQL pod deleted") as event:
        pods = release.pods.all("postgres")
        release.pods.delete(pods[0])
        release.pods.replaced(pods)

    event.assert_nothing_lost()
    failures = [one for part in event.stretches for one in part.failures]
    refused = {reason(one) for one in failures if one.what.startswith("CreateShow")}
    unanswered = {reason(one) for one in failures if one.what.startswith("GET")}
    say(f"who could not write was told: {', '.join(sorted(refused)) or 'nothing'}")
    say(f"who could not read was told: {', '.join(sorted(unanswered)) or 'nothing'}")
    # UNAVAILABLE is what the gateway makes 503 with Retry-After of.
    assert refused <= {"UNAVAILABLE"}
    assert unanswered <= {"status 503", "status 504"}


def test_redis_is_missed_by_nobody(release, load, pace):
    with load.event("the Redis pod deleted") as event:
        for _ in range(pace.rounds):
            pods = release.pods.all("redis")
            release.pods.delete(pods[0])
            release.pods.replaced(pods)

    event.assert_no_failures()


def test_one_of_two_pgbouncers_is_missed_by_nobody(release, load, pace):
    with load.event("a PgBouncer pod deleted") as event:
        for _ in range(pace.rounds):
            pod = release.pods.all("pgbouncer")[0]
            release.pods.delete(pod)
            release.pods.replaced([pod])

    event.assert_no_failures()


def reason(outcome):
    return outcome.failure.partition(":")[0]
