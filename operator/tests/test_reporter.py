"""When a status is written, and what pauses do to it."""

from __future__ import annotations

import datetime as dt

import prometheus_client
import pytest
from tantrum_kit.errors import NotFoundError
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.objects import PGBOUNCER
from tantrum_operator.pausing import pause_of, paused_report
from tantrum_operator.reconciling import Occurrence, Report
from tantrum_operator.recorder import Recorder
from tantrum_operator.reporter import Reporter

from .clocks import Clock
from .fakes import Memory, pool

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cluster():
    return Memory(pool())


@pytest.fixture
def report(cluster, clock):
    """`report(...)`: what a reconcile says of the object as it is now."""
    recorder = Recorder(cluster, instance="a", clock=clock)
    reporter = Reporter(cluster, recorder, clock=clock)

    async def say(*, reason="Done", message="All is done.", telling=(), occurrences=(), **status):
        body = await cluster.get(PGBOUNCER, "shows", "pool")
        ready = Condition(type="Ready", status=Truth.TRUE, reason=reason, message=message)
        said = Report(
            body=body,
            conditions=[ready],
            status=status,
            telling=frozenset(telling),
            occurrences=occurrences,
        )
        await reporter.report(said, now=NOW)

    return say


async def test_the_first_outcome_is_written_with_its_generation(report, cluster):
    await report(replicas=2)

    [status] = cluster.statuses
    assert status["observedGeneration"] == 1
    assert status["replicas"] == 2
    assert status["conditions"][0]["lastTransitionTime"] == "2026-03-01T12:00:00Z"


async def test_the_same_outcome_is_not_written_again(report, cluster, clock):
    await report(replicas=2)
    clock.now += 3600
    await report(replicas=2)

    assert len(cluster.statuses) == 1


async def test_what_the_api_server_spells_otherwise_is_no_change(report, cluster, clock):
    await report(limits=("up", {"at": None, "by": 2}), missing=None)
    clock.now += 3600
    await report(limits=("up", {"at": None, "by": 2}), missing=None)

    [status] = cluster.statuses
    assert status["limits"] == ["up", {"by": 2}]
    assert "missing" not in status


async def test_what_moves_all_the_time_is_written_once_a_minute(report, cluster, clock):
    await report(load=1)
    for load in range(2, 14):
        clock.now += 15
        await report(load=load)

    assert [each["load"] for each in cluster.statuses] == [1, 5, 9, 13]


async def test_an_outcome_that_changes_is_written_at_once(report, cluster, clock):
    await report(telling=["replicas"], replicas=2, load=1)
    clock.now += 1
    await report(telling=["replicas"], replicas=3, load=2)
    clock.now += 1
    await report(telling=["replicas"], replicas=3, load=3, reason="Other")

    assert [each["load"] for each in cluster.statuses] == [1, 2, 3]


async def test_a_new_generation_is_acknowledged_at_once(report, cluster, clock):
    await report()
    clock.now += 1
    old = cluster.objects["PgBouncer", "pool"]
    cluster.objects["PgBouncer", "pool"] = old | {"metadata": old["metadata"] | {"generation": 2}}
    await report()

    assert [each["observedGeneration"] for each in cluster.statuses] == [1, 2]


async def test_an_object_that_is_gone_is_no_failure(report, cluster):
    cluster.failure = NotFoundError("gone")

    await report(occurrences=[Occurrence(reason="Made", message="Made it.")])

    assert cluster.applied == []


async def test_a_pause_keeps_what_was_observed_and_shows_in_a_metric(report, cluster, clock):
    await report(replicas=2)
    body = cluster.objects["PgBouncer", "pool"]
    recorder = Recorder(cluster, instance="a", clock=clock)
    reporter = Reporter(cluster, recorder, clock=clock)
    body["metadata"]["annotations"] = {"platform.tvtantrum.com/paused": "true"}

    await reporter.report(paused_report(body, pause_of(body, NOW)), now=NOW)

    status = cluster.statuses[-1]
    assert status["replicas"] == 2
    assert {each["type"]: each["status"] for each in status["conditions"]} == {
        "Ready": "Unknown",
        "Paused": "True",
    }
    labels = {"kind": "PgBouncer", "namespace": "shows", "name": "pool"}
    shown = prometheus_client.REGISTRY.get_sample_value
    assert shown("tantrum_operator_paused", labels) == 1
    reporter.forget("PgBouncer", "shows", "pool")
    assert shown("tantrum_operator_paused", labels) is None


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        ({}, None),
        ({"platform.tvtantrum.com/paused": "false"}, None),
        ({"platform.tvtantrum.com/paused": "true"}, "PausedByAnnotation"),
        ({"platform.tvtantrum.com/paused-until": "2026-03-01T12:00:01Z"}, "PausedUntil"),
        ({"platform.tvtantrum.com/paused-until": "2026-03-01T12:00:00Z"}, None),
        ({"platform.tvtantrum.com/paused-until": "2026-03-01T14:00:01+02:00"}, "PausedUntil"),
        ({"platform.tvtantrum.com/paused-until": "2026-03-01"}, None),
        ({"platform.tvtantrum.com/paused-until": "2026-03-02"}, "PausedUntil"),
        ({"platform.tvtantrum.com/paused-until": "tomorrow"}, "InvalidTime"),
    ],
)
def test_a_pause_lasts_as_long_as_its_annotation_says(annotations, reason):
    found = pause_of(pool(annotations=annotations), NOW)

    assert (found.reason if found else None) == reason
