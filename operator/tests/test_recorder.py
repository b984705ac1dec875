"""Events: told once, then counted, and never too many."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from tantrum_operator.cluster import Cluster, ClusterUnavailableError, NotLeadingError, connected
from tantrum_operator.objects import EVENT
from tantrum_operator.reconciling import Occurrence
from tantrum_operator.recorder import Recorder

from .clocks import Clock
from .fakes import Memory, pool

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
SCALED = Occurrence(reason="Scaled", message="From 2 to 3.")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cluster():
    return Memory()


@pytest.fixture
def recorder(cluster, clock):
    return Recorder(cluster, instance="a", clock=clock)


async def test_an_occurrence_is_an_event_about_its_object(recorder, cluster):
    await recorder.record(pool(), SCALED, now=NOW)

    [event] = cluster.applied
    assert event["regarding"]["uid"] == "uid-of-pool"
    assert (event["type"], event["reason"], event["note"]) == ("Normal", "Scaled", "From 2 to 3.")
    assert re.fullmatch(r"pool\.[0-9a-f]{16}", event["metadata"]["name"])


async def test_the_same_again_is_counted_once_a_minute(recorder, cluster, clock):
    for _ in range(9):
        await recorder.record(pool(), SCALED, now=NOW)
        clock.now += 15

    assert [each.get("series", {}).get("count") for each in cluster.applied] == [None, 5, 9]
    assert len({each["metadata"]["name"] for each in cluster.applied}) == 1


async def test_after_ten_quiet_minutes_it_is_news_again(recorder, cluster, clock):
    await recorder.record(pool(), SCALED, now=NOW)
    clock.now += 601
    await recorder.record(pool(), SCALED, now=NOW)

    assert len({each["metadata"]["name"] for each in cluster.applied}) == 2


async def test_an_object_that_tells_too_much_is_cut_short_and_others_are_not(recorder, cluster):
    for number in range(100):
        said = Occurrence(reason="Scaled", message=f"To {number}.")
        await recorder.record(pool("loud"), said, now=NOW)
    await recorder.record(pool("calm"), SCALED, now=NOW)

    names = [each["regarding"]["name"] for each in cluster.applied]
    assert names.count("loud") == 20
    assert names.count("calm") == 1


async def test_what_it_remembers_is_bounded(recorder, monkeypatch):
    monkeypatch.setattr("tantrum_operator.recorder._MOST_SERIES", 10)
    for number in range(50):
        await recorder.record(pool(f"pool-{number}"), SCALED, now=NOW)

    assert len(recorder._series) <= 11


async def test_an_event_that_cannot_be_written_stops_nothing(recorder, cluster):
    cluster.failure = ClusterUnavailableError("no answer")

    await recorder.record(pool(), SCALED, now=NOW)


async def test_who_does_not_lead_tells_nothing(recorder, cluster):
    cluster.failure = NotLeadingError("not sent")

    with pytest.raises(NotLeadingError):
        await recorder.record(pool(), SCALED, now=NOW)


@pytest.mark.integration
async def test_the_api_server_takes_events_and_their_series(api_server, namespace):
    clock = Clock()
    body = pool()
    body["metadata"]["namespace"] = namespace
    async with connected(api_server.kubeconfig()) as client:
        cluster = Cluster(client, timeout_seconds=60)
        recorder = Recorder(cluster, instance="a", clock=clock)
        await recorder.record(body, SCALED, now=NOW)
        clock.now += 61
        await recorder.record(body, SCALED, now=NOW + dt.timedelta(seconds=61))
        [event] = await cluster.list(EVENT, namespace)

    assert event["series"]["count"] == 2
    assert event["eventTime"] == "2026-03-01T12:00:00.000000Z"
