"""
Tells in the status of each scaler that only recommends what its last days would have been.

It stands around the reconciler of scalers and adds `status.comparison` to what that
reports. Once a day, and when a spec has changed, it reads a scaler's last week from
Prometheus and lets the scaler decide over it: some seconds of work in a thread, for one
scaler at a time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog
from tantrum_kit.errors import CallerError

from tantrum_operator.objects import SERVICE_SCALER, Body, Key, Kind
from tantrum_operator.reconciling import Reconciler, Report
from tantrum_operator.scaler.spec import InvalidSpecError, Mode, ScalerSpec, parsed
from tantrum_operator.simulation.advising import Advice, advice
from tantrum_operator.simulation.contestants import without_the_unsimulated
from tantrum_operator.simulation.queueing import UnreachableTargetError
from tantrum_operator.simulation.recording import Ranges, RecordingError, record

DAYS: Final = 7
EVERY: Final = dt.timedelta(days=1)
AGAIN_AFTER_FAILURE: Final = dt.timedelta(hours=1)

log = structlog.get_logger()


class AdvisedReconciler:
    """A `Reconciler` that adds comparisons to the reports of *inner*; *ranges* is Prometheus."""

    def __init__(
        self,
        inner: Reconciler,
        ranges: Ranges,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.kinds: Sequence[Kind] = inner.kinds
        self._inner = inner
        self._ranges = ranges
        self._now = now
        self._comparisons: dict[str, Body] = {}
        self._failed: dict[str, dt.datetime] = {}
        self._work: asyncio.Task[None] | None = None

    def key(self, kind: Kind, namespace: str, name: str) -> Key:
        return self._inner.key(kind, namespace, name)

    async def reconcile(self, key: Key) -> Sequence[Report]:
        reports = await self._inner.reconcile(key)
        return [self._advised(report) for report in reports]

    def _advised(self, report: Report) -> Report:
        spec = _recommending(report.body)
        if spec is None:
            return report
        uid: str = report.body["metadata"]["uid"]
        # What another operator found out before this one began holds until it is old.
        kept = report.body.get("status", {}).get("comparison")
        found = self._comparisons.get(uid, kept)
        if self._due(report.body, found) and (self._work is None or self._work.done()):
            self._work = asyncio.create_task(self._compare(report.body, spec))
        if found is None:
            return report
        return replace(
            report,
            status={**report.status, "comparison": found},
            telling=report.telling | {"comparison"},
        )

    def _due(self, body: Body, found: Body | None) -> bool:
        metadata, now = body["metadata"], self._now()
        failed = self._failed.get(metadata["uid"])
        if failed is not None and now - failed < AGAIN_AFTER_FAILURE:
            return False
        if found is None or found.get("observedGeneration") != metadata["generation"]:
            return True
        try:
            return now - dt.datetime.fromisoformat(found["time"]) >= EVERY
        except (KeyError, TypeError, ValueError):
            return True  # somebody else wrote it

    async def _compare(self, body: Body, spec: ScalerSpec) -> None:
        metadata, now = body["metadata"], self._now().replace(microsecond=0)
        facts = {"namespace": metadata["namespace"], "scaler": metadata["name"]}
        try:
            trace = await record(self._ranges, spec, end=now, days=DAYS)
            found = await asyncio.to_thread(advice, trace, spec)
        except (CallerError, RecordingError, UnreachableTargetError) as error:
            self._failed[metadata["uid"]] = now
            log.info("comparison_impossible", **facts, error=str(error))
            return
        except Exception:
            self._failed[metadata["uid"]] = now
            log.exception("comparison_failed", **facts)
            return
        if found is None:
            self._failed[metadata["uid"]] = now
            return
        self._comparisons[metadata["uid"]] = _told(found, metadata["generation"], now)
        log.info("comparison_made", **facts, summary=str(found))


def _recommending(body: Body) -> ScalerSpec | None:
    if body.get("kind") != SERVICE_SCALER.name:
        return None
    try:
        spec = parsed(without_the_unsimulated(body.get("spec", {}))[0])
    except InvalidSpecError:
        return None  # the report says so
    return spec if spec.mode is Mode.RECOMMEND and spec.autoscaling is not None else None


def _told(found: Advice, generation: int, now: dt.datetime) -> Body:
    return {
        "time": now.isoformat().replace("+00:00", "Z"),
        "observedGeneration": generation,
        "summary": str(found),
        "replicaHours": round(found.replica_hours),
        "minutesOverTarget": round(found.minutes_over),
    }
