"""Traces from Prometheus, and what they let a recommending scaler say."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from dataclasses import replace

import pytest
from tantrum_operator.objects import SERVICE_SCALER, Key
from tantrum_operator.prometheus import Point, PrometheusUnavailableError, Series
from tantrum_operator.reconciling import Report
from tantrum_operator.scaler.spec import parsed
from tantrum_operator.simulation.adviser import AdvisedReconciler
from tantrum_operator.simulation.recording import RecordingError, record

from .budgets import at
from .scaler_manifests import CPU, scaler_body

END = at("2026-11-24T00:00:00")
KEY = Key(kind="ServiceScaler", namespace="tv", name="")


class Kept:
    """Answers as a Prometheus that has kept constant figures."""

    def __init__(self, requests=50.0, **others):
        self.asked = []
        self._figures = {
            "_bucket": 0.01,
            "_sum": 0.03,
            "container_cpu": requests * 0.004,
            "count(count by": 6.0,
            "_count": requests,
            **others,
        }

    async def range(self, query, *, start, end, step_seconds):
        self.asked.append((query, start, end))
        [figure, *_] = [v for part, v in self._figures.items() if part in query]
        if figure is None:
            return []
        count = round((end - start).total_seconds() / step_seconds) + 1
        times = [start + dt.timedelta(seconds=step_seconds * n) for n in range(count)]
        values = [figure(time) if callable(figure) else figure for time in times]
        points = [Point(time=t, value=v) for t, v in zip(times, values, strict=True)]
        return [Series(labels={}, points=points)]


class Gone:
    async def range(self, query, **span):
        raise PrometheusUnavailableError("Prometheus: timed out")


def spec(**changes):
    return parsed(scaler_body(**changes)["spec"])


async def test_a_recording_has_what_came_and_what_was_there():
    trace = await record(Kept(), spec(), end=END, days=14)

    assert (trace.hours, trace.step_seconds) == (14 * 24, 60)
    assert trace.start_time == END - dt.timedelta(days=14)
    assert {(s.requests_per_second, s.replicas, s.over_ratio) for s in trace.steps} == {
        (50.0, 6, 0.01)
    }
    assert trace.service.service_seconds == pytest.approx(0.03)
    assert trace.service.cpu_seconds == pytest.approx(0.004)


async def test_no_query_asks_for_more_points_than_prometheus_gives():
    kept = Kept()

    await record(kept, spec(), end=END, days=14)

    spans = [(start, end) for query, start, end in kept.asked if query.startswith("count(")]
    assert all((end - start) / dt.timedelta(minutes=1) < 11_000 for start, end in spans)
    assert [start for start, _ in spans[1:]] == [
        end + dt.timedelta(minutes=1) for _, end in spans[:-1]
    ]


async def test_the_queries_keep_to_the_selector_of_the_scaler():
    kept = Kept()

    await record(kept, spec(), end=END, days=1)

    own = [query for query, *_ in kept.asked if "requests_seconds" in query]
    assert len(own) == 4
    assert all('job="gateway"' in query for query in own)
    assert any('le=~"0.2"' in query for query in own)


async def test_gaps_and_what_is_no_number_are_filled():
    def odd(time):
        return math.nan if time.minute % 2 else 10.0

    trace = await record(Kept(_count=odd, _bucket=math.nan), spec(), end=END, days=1)

    assert {step.requests_per_second for step in trace.steps} == {10.0}
    assert {step.over_ratio for step in trace.steps} == {None}


async def test_without_requests_or_a_histogram_there_is_nothing_to_record():
    with pytest.raises(RecordingError, match="requests_seconds_count"):
        await record(Kept(_count=None), spec(), end=END, days=1)
    with pytest.raises(RecordingError, match="no latency metric"):
        await record(Kept(), spec(metrics=(CPU,)), end=END, days=1)


class Inner:
    """A reconciler that reports on one scaler, whose status is what was reported last."""

    kinds = (SERVICE_SCALER,)

    def __init__(self, body):
        self.body = body

    def key(self, kind, namespace, name):
        return KEY

    async def reconcile(self, key):
        return [Report(body=self.body, conditions=(), status={"replicas": 6})]


def recommending(**changes):
    body = scaler_body(mode="Recommend", **changes)
    body["metadata"] |= {"uid": "u1", "generation": 3}
    return body


async def told_by(reconciler):
    """What the report says in the end, which takes some looks."""
    async with asyncio.timeout(120):
        while True:
            [report] = await reconciler.reconcile(KEY)
            if "comparison" in report.status:
                return report
            await asyncio.sleep(0.05)


async def test_a_scaler_that_recommends_says_what_the_last_week_would_have_been():
    reconciler = AdvisedReconciler(Inner(recommending()), Kept(), now=lambda: END)

    report = await told_by(reconciler)

    comparison = report.status["comparison"]
    assert report.status["replicas"] == 6
    assert comparison["summary"].startswith("last 7 days: \N{MINUS SIGN}")
    assert comparison["replicaHours"] == -(6 - 2) * 24 * 7
    assert (comparison["time"], comparison["observedGeneration"]) == ("2026-11-24T00:00:00Z", 3)
    assert "comparison" in report.telling


async def test_it_is_kept_over_a_restart_and_made_once_a_day():
    first = AdvisedReconciler(Inner(recommending()), Kept(), now=lambda: END)
    comparison = (await told_by(first)).status["comparison"]
    body = {**recommending(), "status": {"comparison": comparison}}

    kept, hours = Kept(), dt.timedelta(hours=23)
    again = AdvisedReconciler(Inner(body), kept, now=lambda: END + hours)
    [report] = await again.reconcile(KEY)

    assert report.status["comparison"] == comparison
    assert kept.asked == []
    later = AdvisedReconciler(Inner(body), kept, now=lambda: END + 2 * hours)
    await later.reconcile(KEY)
    async with asyncio.timeout(60):
        while not kept.asked:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("mode", ["Observe", "Enforce"])
async def test_others_say_nothing(mode):
    body = recommending()
    body["spec"]["mode"] = mode
    kept = Kept()

    [report] = await AdvisedReconciler(Inner(body), kept).reconcile(KEY)

    assert report == replace(report, status={"replicas": 6})
    assert kept.asked == []


async def test_a_prometheus_that_is_gone_is_asked_again_after_an_hour_and_harms_nothing():
    times = [END]
    gone = Gone()
    reconciler = AdvisedReconciler(Inner(recommending()), gone, now=lambda: times[-1])

    for _ in range(3):
        [report] = await reconciler.reconcile(KEY)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert "comparison" not in report.status

    assert reconciler._failed == {"u1": END}
