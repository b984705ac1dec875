"""What is read of pods, metrics.k8s.io and Prometheus."""

import asyncio
import datetime as dt
import math

import pytest
from tantrum_operator.prometheus import (
    Point,
    PrometheusUnavailableError,
    QueryError,
    Series,
)
from tantrum_operator.scaler import queries
from tantrum_operator.scaler.figures import Missing, Sample
from tantrum_operator.scaler.pods import pod_of, selects, thousandths, usage_of
from tantrum_operator.scaler.utilisation import Phase, Resource, Usage

from .scalers import LATENCY, NOW, REQUESTS, fixed, scaler

QUERY = REQUESTS["prometheus"]["query"]


def container(cpu="100m", memory="64Mi", **others):
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": "main", "resources": {"requests": requests}, **others}


def pod_body(*containers, **status):
    return {
        "metadata": {"name": "gateway-0", "labels": {"app": "gateway"}},
        "spec": {"containers": list(containers) or [container()]},
        "status": {"phase": "Running", **status},
    }


class TestPods:
    def test_a_pod_has_what_its_status_says(self):
        ready = {
            "type": "Ready",
            "status": "True",
            "lastTransitionTime": "2026-11-24T11:59:00Z",
        }
        body = pod_body(startTime="2026-11-24T11:58:00Z", conditions=[ready])

        found = pod_of(body, {})

        assert (found.name, found.phase, found.deleting) == ("gateway-0", Phase.RUNNING, False)
        assert (found.ready, found.start_time) == (True, NOW - dt.timedelta(minutes=2))
        assert found.ready_changed_time == NOW - dt.timedelta(minutes=1)

    def test_a_pod_that_says_nothing_yet_is_not_known_to_be_ready(self):
        found = pod_of({"metadata": {"name": "gateway-0"}}, {})

        assert (found.phase, found.ready, found.start_time) == (Phase.UNKNOWN, None, None)
        assert found.request == {}

    def test_requests_are_those_of_all_that_stay(self):
        sidecar = container("50m", "1Mi", restartPolicy="Always")
        body = pod_body(container("0.5", "1Gi"), container("250m", "1Gi"))
        body["spec"]["initContainers"] = [container("4"), sidecar]

        found = pod_of(body, {})

        assert found.request[Resource.CPU] == 800
        assert found.request[Resource.MEMORY] == (2 * 2**30 + 2**20) * 1000

    def test_a_resource_that_one_container_does_not_request_is_not_known(self):
        found = pod_of(pod_body(container(), container(cpu=None)), {})

        assert set(found.request) == {Resource.MEMORY}

    def test_usage_is_the_sum_of_the_containers(self):
        body = {
            "metadata": {"name": "gateway-0"},
            "timestamp": "2026-11-24T12:00:00Z",
            "window": "15.5s",
            "containers": [
                {"usage": {"cpu": "1500001n", "memory": "64Ki"}},
                {"usage": {"cpu": "1m", "memory": "1Ki"}},
            ],
        }

        found = usage_of(body)

        assert found[Resource.CPU] == Usage(amount=3, time=NOW, window_seconds=15.5)
        assert found[Resource.MEMORY].amount == 65 * 1024 * 1000

    @pytest.mark.parametrize(
        ("window", "seconds"), [("30s", 30), ("1m0s", 60), ("1m0.25s", 60.25), ("500ms", 0.5)]
    )
    def test_windows_are_durations_as_go_writes_them(self, window, seconds):
        body = {
            "timestamp": "2026-11-24T12:00:00Z",
            "window": window,
            "containers": [{"usage": {"cpu": "1"}}],
        }

        found = usage_of(body)

        assert found[Resource.CPU].window_seconds == seconds
        assert Resource.MEMORY not in found

    def test_a_sample_that_says_no_time_is_none(self):
        assert usage_of({"containers": [{"usage": {"cpu": "1"}}]}) == {}

    @pytest.mark.parametrize(
        ("quantity", "amount"), [("1", 1000), ("250m", 250), ("1n", 1), ("1k", 10**6), (2, 2000)]
    )
    def test_quantities_round_up(self, quantity, amount):
        assert thousandths(quantity) == amount

    @pytest.mark.parametrize(
        ("expression", "found"),
        [
            ({"key": "tier", "operator": "In", "values": ["web"]}, True),
            ({"key": "tier", "operator": "In", "values": ["db"]}, False),
            ({"key": "tier", "operator": "NotIn", "values": ["web"]}, False),
            ({"key": "zone", "operator": "NotIn", "values": ["a"]}, True),
            ({"key": "tier", "operator": "Exists"}, True),
            ({"key": "tier", "operator": "DoesNotExist"}, False),
        ],
    )
    def test_selectors_find_what_kubernetes_finds(self, expression, found):
        labels = {"app": "gateway", "tier": "web"}
        selector = {"matchLabels": {"app": "gateway"}, "matchExpressions": [expression]}

        assert selects(selector, labels) is found
        assert not selects(selector, {"tier": "web"})


class FakeMetrics:
    """Answers by query: series, an error to raise, or never."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    async def instant(self, query):
        self.asked.append(query)
        answer = self.answers.get(query, ())
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


def series(value, **labels):
    return Series(labels=labels, points=[Point(time=NOW, value=value)])


class TestQueries:
    async def test_every_query_is_asked_once_for_all_scalers(self):
        specs = [scaler(REQUESTS, LATENCY), scaler(REQUESTS, LATENCY), fixed(3)]
        metrics = FakeMetrics({})

        wanted = queries.queries_of(specs)
        await queries.answers(metrics, wanted, within_seconds=60)

        assert sorted(metrics.asked) == sorted(
            [
                QUERY,
                "sum by (le) (increase(request_duration_seconds_bucket{}[60s]))",
                "sum by (le) (increase(request_duration_seconds_bucket{}[3600s]))",
            ]
        )

    async def test_what_fails_or_is_late_leaves_the_others(self):
        found = await queries.answers(
            FakeMetrics(
                {
                    "good": [series(3.0)],
                    "gone": PrometheusUnavailableError("Prometheus: refused"),
                    "bad": QueryError("Prometheus: parse error"),
                    "late": None,
                }
            ),
            ["good", "gone", "bad", "late"],
            within_seconds=0.2,
        )

        assert queries.figure("good", found) == Sample(value=3.0, time=NOW)
        assert queries.figure("gone", found) == Missing(why="Prometheus: refused")
        assert queries.figure("bad", found) == Missing(why="Prometheus: parse error")
        assert queries.figure("late", found) == Missing(why="Prometheus did not answer in time")

    async def test_without_prometheus_everything_is_missing(self):
        found = await queries.answers(None, [QUERY], within_seconds=60)

        assert queries.figure(QUERY, found) == Missing(why="the operator knows no Prometheus")

    @pytest.mark.parametrize(("answer", "count"), [([], "no"), ([series(1.0), series(2.0)], "2")])
    def test_one_series_is_a_figure_and_others_are_not(self, answer, count):
        found = queries.figure(QUERY, {QUERY: answer})

        assert found == Missing(why=f"the query answers {count} series, and one is needed")

    def test_buckets_are_counts_by_bound(self):
        metric = scaler(LATENCY).autoscaling.metrics[0].latency
        buckets = [series(5.0, le="0.2"), series(9.0, le="+Inf"), series(7.0)]
        found = dict.fromkeys(queries.queries_of([scaler(LATENCY)]), buckets)

        latency = queries.latency(metric, found)

        assert latency.recent.counts == {0.2: 5.0, math.inf: 9.0}
        assert latency.recent.time == NOW

    def test_an_empty_answer_is_no_histogram(self):
        metric = scaler(LATENCY).autoscaling.metrics[0].latency

        found = queries.latency(metric, dict.fromkeys(queries.queries_of([scaler(LATENCY)]), ()))

        assert isinstance(found.recent, Missing)
