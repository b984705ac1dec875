"""
Events on our objects, told once and then counted.

The same occurrence on the same object is one Event whose `series` counts, written at most
every 60 s; after ten minutes without it, it is news again. An object that has more than a
few new things to tell a minute is cut short, so that nothing here floods the cluster.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import prometheus_client
import structlog
from tantrum_kit.errors import CallerError

from tantrum_operator.cluster import Cluster, NotLeadingError
from tantrum_operator.objects import FIELD_MANAGER, Body
from tantrum_operator.reconciling import Occurrence

_SERIES_SECONDS: Final = 600.0
_QUIET_SECONDS: Final = 60.0
_BURST: Final = 20
_SECONDS_A_TOKEN: Final = 30.0
_MOST_SERIES: Final = 4096
_LONGEST_NOTE: Final = 1024

_DROPPED: Final = prometheus_client.Counter(
    "tantrum_operator_events_dropped_total", "Events of objects that had too much to tell."
)
log = structlog.get_logger()


@dataclass(slots=True)
class _Series:
    manifest: Body
    count: int
    seen: float
    written: float


@dataclass(slots=True)
class _Allowance:
    tokens: float
    refilled: float


class Recorder:
    """Writes events. One that cannot be written is logged: no work fails for its telling."""

    def __init__(
        self, cluster: Cluster, *, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._instance = instance
        self._clock = clock
        self._series: dict[tuple[str, Occurrence], _Series] = {}
        self._allowances: dict[str, _Allowance] = {}

    async def record(self, body: Body, occurrence: Occurrence, *, now: dt.datetime) -> None:
        """Tell *occurrence* as an Event on *body*."""
        self._forget_old()
        uid, clock = body["metadata"]["uid"], self._clock()
        series = self._series.get((uid, occurrence))
        if series is None:
            if not self._allowed(uid):
                _DROPPED.inc()
                return
            manifest = self._manifest(body, occurrence, now)
            self._series[uid, occurrence] = _Series(manifest, 1, clock, clock)
            await self._write(manifest)
            return
        series.count, series.seen = series.count + 1, clock
        if clock - series.written >= _QUIET_SECONDS:
            series.written = clock
            counted = {"count": series.count, "lastObservedTime": _micro_time(now)}
            await self._write(series.manifest | {"series": counted})

    async def _write(self, manifest: Body) -> None:
        try:
            await self._cluster.apply(manifest)
        except NotLeadingError:
            raise
        except CallerError as error:
            log.warning("event_lost", reason=manifest["reason"], error=str(error))

    def _manifest(self, body: Body, occurrence: Occurrence, now: dt.datetime) -> Body:
        metadata = body["metadata"]
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name'][:200]}.{uuid.uuid4().hex[:16]}",
                "namespace": metadata["namespace"],
            },
            "eventTime": _micro_time(now),
            "type": "Warning" if occurrence.warning else "Normal",
            "reason": occurrence.reason,
            "action": "Reconcile",
            "note": occurrence.message[:_LONGEST_NOTE],
            "reportingController": FIELD_MANAGER,
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": body["apiVersion"],
                "kind": body["kind"],
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        }

    def _allowed(self, uid: str) -> bool:
        clock = self._clock()
        allowance = self._allowances.setdefault(uid, _Allowance(_BURST, clock))
        earned = (clock - allowance.refilled) / _SECONDS_A_TOKEN
        allowance.tokens, allowance.refilled = min(_BURST, allowance.tokens + earned), clock
        if allowance.tokens < 1:
            return False
        allowance.tokens -= 1
        return True

    def _forget_old(self) -> None:
        oldest = self._clock() - _SERIES_SECONDS
        ended = [key for key, series in self._series.items() if series.seen < oldest]
        # Beyond the bound the oldest go first: dictionaries keep their order.
        surplus = list(self._series)[: max(0, len(self._series) - _MOST_SERIES)]
        for key in {*ended, *surplus}:
            del self._series[key]
        # By then an allowance is whole again, as a new one would be.
        whole = self._clock() - _BURST * _SECONDS_A_TOKEN
        rested = [uid for uid, each in self._allowances.items() if each.refilled < whole]
        for uid in rested:
            del self._allowances[uid]


def _micro_time(moment: dt.datetime) -> str:
    """Return *moment* as Kubernetes spells its MicroTime."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
