"""The loop: what it attempts, how it bears failures, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib

import prometheus_client
import pytest
from tantrum_operator.cluster import ClusterUnavailableError, ConflictError, ForbiddenError
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.loop import Loop
from tantrum_operator.objects import PGBOUNCER, Key
from tantrum_operator.reconciling import Report
from tantrum_operator.recorder import Recorder
from tantrum_operator.reporter import Reporter

from .fakes import Memory, pool

PATIENCE_SECONDS = 60.0


def key(name):
    return Key(kind="PgBouncer", namespace="shows", name=name)


class Counting:
    """Says that all is done, unless told to fail or to wait."""

    kinds = (PGBOUNCER,)

    def __init__(self, cluster):
        self._cluster = cluster
        self.attempts = []
        self.failures = {}
        self.busy = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def key(self, kind, namespace, name):
        return key(name)

    async def reconcile(self, key):
        self.attempts.append(key.name)
        self.busy += 1
        assert self.busy == 1, "two at a time"
        try:
            await self.gate.wait()
            if (failure := self.failures.get(key.name)) is not None:
                raise failure
        finally:
            self.busy -= 1
        body = await self._cluster.get(PGBOUNCER, key.namespace, key.name)
        ready = Condition(type="Ready", status=Truth.TRUE, reason="Done", message="Done.")
        return [Report(body=body, conditions=[ready])] if body else []


@pytest.fixture
def cluster():
    return Memory(pool("a"), pool("b"))


@pytest.fixture
def reconciler(cluster):
    return Counting(cluster)


@pytest.fixture
def running(cluster):
    @contextlib.asynccontextmanager
    async def run(**settings):
        reporter = Reporter(cluster, Recorder(cluster, instance="a"))
        loop = Loop(cluster, reporter, **settings)
        task = asyncio.create_task(loop.run())
        try:
            yield loop
        finally:
            task.cancel()
            await asyncio.wait([task])

    return run


async def until(condition):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


async def test_all_that_is_known_is_attempted_again_each_period(running, reconciler):
    async with running(period_seconds=0.02) as loop:
        loop.wake(reconciler, key("a"))
        loop.wake(reconciler, key("b"))

        await until(lambda: reconciler.attempts.count("a") > 3)

    assert reconciler.attempts.count("b") >= 3


async def test_one_that_fails_holds_up_no_other_and_is_counted(running, reconciler):
    labels = {"kind": "PgBouncer", "reason": "CLUSTER_UNAVAILABLE"}
    before = _errors(labels)
    reconciler.failures["a"] = ClusterUnavailableError("no answer")

    async with running(period_seconds=0.02) as loop:
        loop.wake(reconciler, key("a"))
        loop.wake(reconciler, key("b"))
        await until(lambda: reconciler.attempts.count("b") > 5)

    assert _errors(labels) > before
    # It backs off while the other goes on.
    assert reconciler.attempts.count("a") < reconciler.attempts.count("b")


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ForbiddenError("may not patch secrets"), "may not patch secrets"),
        (ZeroDivisionError("secret facts"), "ZeroDivisionError: see the operator's log"),
    ],
)
async def test_a_failure_shows_on_its_object(running, reconciler, cluster, failure, told):
    reconciler.failures["a"] = failure

    async with running() as loop:
        loop.wake(reconciler, key("a"))
        await until(lambda: cluster.statuses)

    [ready] = cluster.statuses[0]["conditions"]
    assert (ready["status"], ready["reason"]) == ("Unknown", "ReconcileFailed")
    assert ready["message"] == f"The last attempt failed, and is repeated: {told}"


@pytest.mark.parametrize(
    "failure", [ConflictError("changed"), ClusterUnavailableError("no answer")]
)
async def test_a_failure_that_passes_by_itself_does_not(running, reconciler, cluster, failure):
    reconciler.failures["a"] = failure

    async with running() as loop:
        loop.wake(reconciler, key("a"))
        loop.wake(reconciler, key("b"))
        await until(lambda: cluster.statuses)

    assert [each["conditions"][0]["reason"] for each in cluster.statuses] == ["Done"]


async def test_an_attempt_that_hangs_is_given_up(running, reconciler):
    reconciler.gate.clear()

    async with running(attempt_seconds=0.05) as loop:
        loop.wake(reconciler, key("a"))
        loop.wake(reconciler, key("b"))
        await until(lambda: "b" in reconciler.attempts)


async def test_what_is_gone_is_forgotten(running, reconciler, cluster):
    async with running(period_seconds=0.02) as loop:
        loop.wake(reconciler, key("gone"))
        loop.wake(reconciler, key("a"))
        await until(lambda: reconciler.attempts.count("a") > 3)

        assert "gone" not in reconciler.attempts
        assert key("gone") not in loop._reconcilers


async def test_a_paused_object_is_not_reconciled(running, reconciler, cluster):
    annotations = {"platform.tvtantrum.com/paused": "true"}
    cluster.objects["PgBouncer", "a"] = pool("a", annotations=annotations)

    async with running() as loop:
        loop.wake(reconciler, key("a"))
        await until(lambda: cluster.statuses)

    assert reconciler.attempts == []
    assert cluster.statuses[0]["conditions"][0]["reason"] == "Paused"


async def test_stopping_lets_the_attempt_under_way_finish_and_begins_no_other(
    running, reconciler, cluster
):
    reconciler.gate.clear()
    async with running() as loop:
        loop.wake(reconciler, key("a"))
        loop.wake(reconciler, key("b"))
        await until(lambda: reconciler.busy)

        stopping = asyncio.create_task(loop.stop(within_seconds=PATIENCE_SECONDS))
        await asyncio.sleep(0)
        assert not stopping.done()
        reconciler.gate.set()
        await stopping

        assert reconciler.attempts == ["a"]
        assert len(cluster.statuses) == 1


async def test_ages_grow_for_the_object_that_waited_longest(running, reconciler):
    reconciler.failures["a"] = ClusterUnavailableError("no answer")
    async with running(period_seconds=0.02) as loop:
        loop.wake(reconciler, key("a"))
        loop.wake(reconciler, key("b"))
        await until(lambda: reconciler.attempts.count("b") > 5)

        attempt, success = loop.freshness.collect()

    [tried], [done] = attempt.samples, success.samples
    assert tried.labels == done.labels == {"kind": "PgBouncer"}
    assert done.value > tried.value


def _errors(labels):
    name = "tantrum_operator_reconcile_errors_total"
    return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0
