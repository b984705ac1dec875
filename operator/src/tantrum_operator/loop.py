"""The one loop of our own: one object at a time, on events and every 15 s."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Sequence
from typing import Final

import prometheus_client
import structlog
from tantrum_kit.errors import CallerError, ConflictError, UnavailableError

from tantrum_operator import pausing
from tantrum_operator.cluster import Cluster
from tantrum_operator.conditions import Condition, Truth
from tantrum_operator.freshness import Freshness
from tantrum_operator.keyed_queue import KeyedQueue
from tantrum_operator.objects import Body, Key
from tantrum_operator.reconciling import Reconciler, Report
from tantrum_operator.reporter import Reporter

PERIOD_SECONDS: Final = 15.0
_ATTEMPT_SECONDS: Final = 60.0

_SECONDS: Final = prometheus_client.Histogram(
    "tantrum_operator_reconcile_seconds",
    "Duration of one attempt.",
    ("kind",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
_ERRORS: Final = prometheus_client.Counter(
    "tantrum_operator_reconcile_errors_total", "Attempts that failed.", ("kind", "reason")
)
log = structlog.get_logger()


class Loop:
    """
    Works on the keys that it was told of.

    `wake` may be called at any time; nothing is attempted but while `run` runs, which is
    while this process leads.
    """

    def __init__(
        self,
        cluster: Cluster,
        reporter: Reporter,
        *,
        period_seconds: float = PERIOD_SECONDS,
        attempt_seconds: float = _ATTEMPT_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._reporter = reporter
        self._period_seconds = period_seconds
        self._attempt_seconds = attempt_seconds
        self._queue = KeyedQueue()
        self._reconcilers: dict[Key, Reconciler] = {}
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.freshness = Freshness()

    def wake(self, reconciler: Reconciler, key: Key, *, fresh: bool = False) -> None:
        """Reconcile *key* soon; *fresh* when somebody changed the object itself."""
        self._reconcilers[key] = reconciler
        self._queue.add(key, fresh=fresh)

    async def run(self) -> None:
        """Attempt what is known now, what `wake` says, and all of it every period."""
        self.freshness.ticked()
        self._wake_all()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            group.create_task(self._work())

    async def stop(self, *, within_seconds: float) -> None:
        """Begin no other attempt, and return once none is under way, or when the time is over."""
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._idle.wait()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._period_seconds)
            self._wake_all()

    def _wake_all(self) -> None:
        for key in self._reconcilers:
            self.freshness.known(key)
            self._queue.add(key)
        if not self._reconcilers:
            self.freshness.ticked()

    async def _work(self) -> None:
        while True:
            self._idle.set()
            key = await self._queue.take()
            if self._stopping:
                return
            self._idle.clear()
            success = await self._attempt(key)
            self.freshness.attempted(key, success=success)
            self._queue.done(key, failed=not success)
            if key not in self._reconcilers:
                self.freshness.forget(key)
                self._queue.forget(key)

    async def _attempt(self, key: Key) -> bool:
        """Return whether it went well; nothing that one object does ends the loop."""
        try:
            with _SECONDS.labels(key.kind).time():
                async with asyncio.timeout(self._attempt_seconds):
                    await self._reconcile(key)
        except (CallerError, TimeoutError) as error:
            reason = getattr(error, "reason", "TIMEOUT")
            _ERRORS.labels(key.kind, reason).inc()
            log.warning("reconcile_failed", **_facts(key), reason=reason, error=str(error))
            await self._tell_failure(key, error)
            return False
        except Exception as error:  # the top of a background task
            _ERRORS.labels(key.kind, "BUG").inc()
            log.exception("reconcile_broken", **_facts(key))
            await self._tell_failure(key, error)
            return False
        return True

    async def _reconcile(self, key: Key) -> None:
        now = dt.datetime.now(dt.UTC)
        reports = await self._reports(key, now)
        for report in reports:
            await self._reporter.report(report, now=now)
        if not reports:
            self._forget(key)

    async def _reports(self, key: Key, now: dt.datetime) -> Sequence[Report]:
        if key.name:
            body = await self._read(key)
            if body is None or "deletionTimestamp" in body["metadata"]:
                return ()
            if (pause := pausing.pause_of(body, now)) is not None:
                return (pausing.paused_report(body, pause),)
        return await self._reconcilers[key].reconcile(key)

    async def _read(self, key: Key) -> Body | None:
        [kind] = [each for each in self._reconcilers[key].kinds if each.name == key.kind]
        return await self._cluster.get(kind, key.namespace, key.name)

    async def _tell_failure(self, key: Key, error: Exception) -> None:
        """
        Show on the object why nothing happens, where that can be written at all.

        A conflict is none of anybody's business: the next attempt reads again.
        """
        if not key.name or isinstance(error, (UnavailableError, ConflictError)):
            return
        bug = f"{type(error).__name__}: see the operator's log"
        message = str(error) if isinstance(error, CallerError) else bug
        try:
            async with asyncio.timeout(self._attempt_seconds):
                body = await self._read(key)
                if body is not None:
                    await self._reporter.report(
                        _failure(body, message), now=dt.datetime.now(dt.UTC)
                    )
        except (CallerError, TimeoutError) as second:
            log.warning("failure_untold", **_facts(key), error=str(second))

    def _forget(self, key: Key) -> None:
        self._reconcilers.pop(key, None)
        self._reporter.forget(key.kind, key.namespace, key.name)


def _failure(body: Body, message: str) -> Report:
    """Return *body*'s report with all that was known before, but no longer ready."""
    status = dict(body.get("status", {}))
    before = [
        Condition(
            type=each["type"],
            status=Truth(each["status"]),
            reason=each["reason"],
            message=each["message"],
        )
        for each in status.pop("conditions", ())
        if each["type"] != "Ready"
    ]
    ready = Condition(
        type="Ready",
        status=Truth.UNKNOWN,
        reason="ReconcileFailed",
        message=f"The last attempt failed, and is repeated: {message}",
    )
    return Report(body=body, conditions=(ready, *before), status=status)


def _facts(key: Key) -> dict[str, str]:
    return {"kind": key.kind, "namespace": key.namespace, "name": key.name}
