"""Writes what attempts found out into the status of objects, no more often than needed."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable
from typing import Any, Final

import prometheus_client
from tantrum_kit.errors import NotFoundError

from tantrum_operator.cluster import Cluster, ConflictError
from tantrum_operator.conditions import merged
from tantrum_operator.objects import Body, kind_of
from tantrum_operator.reconciling import Report
from tantrum_operator.recorder import Recorder

_PAUSED: Final = prometheus_client.Gauge(
    "tantrum_operator_paused",
    "1 for each object that a person paused by annotation.",
    ("kind", "namespace", "name"),
)
_QUIET_SECONDS: Final = 60.0
_TELLING_OF_CONDITION: Final = ("type", "status", "reason", "observedGeneration")


class Reporter:
    """
    The only writer of status.

    An outcome (a condition's status or reason, a telling field, the generation) is written
    when it changes; everything else, which may move all the time, at most every 60 s.
    """

    def __init__(
        self, cluster: Cluster, recorder: Recorder, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._clock = clock
        self._written: dict[str, float] = {}

    async def report(self, report: Report, *, now: dt.datetime) -> None:
        """Write *report* where the rule says so, and its occurrences as events."""
        body, metadata = report.body, report.body["metadata"]
        self._note_pause(report)
        old = body.get("status", {})
        conditions = merged(
            old.get("conditions", ()),
            report.conditions,
            generation=metadata["generation"],
            now=now,
        )
        new = _as_kept(report.status) | {
            "conditions": conditions,
            "observedGeneration": metadata["generation"],
        }
        if self._is_due(metadata["uid"], old, new, report.telling):
            try:
                await self._cluster.apply_status(
                    kind_of(body), metadata["namespace"], metadata["name"], new, uid=metadata["uid"]
                )
            except (NotFoundError, ConflictError):
                return  # deleted, or another of its name by now: nobody to tell
            self._written[metadata["uid"]] = self._clock()
        for occurrence in report.occurrences:
            await self._recorder.record(body, occurrence, now=now)

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Forget an object that is gone."""
        _remove_gauge(kind, namespace, name)
        oldest = self._clock() - _QUIET_SECONDS
        self._written = {uid: at for uid, at in self._written.items() if at > oldest}

    def _is_due(self, uid: str, old: Body, new: Body, telling: frozenset[str]) -> bool:
        if old == new:
            return False
        if _outcome(old, telling) != _outcome(new, telling):
            return True
        last = self._written.get(uid)
        return last is None or self._clock() - last >= _QUIET_SECONDS

    def _note_pause(self, report: Report) -> None:
        metadata = report.body["metadata"]
        labels = (report.body["kind"], metadata["namespace"], metadata["name"])
        if any(each.type == "Paused" for each in report.conditions):
            _PAUSED.labels(*labels).set(1)
        else:
            _remove_gauge(*labels)


def _as_kept(value: Any) -> Any:
    """Return *value* as the API server gives it back, else it would differ from that for ever."""
    if isinstance(value, dict):
        return {key: _as_kept(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_as_kept(each) for each in value]
    return value


def _outcome(status: Body, telling: frozenset[str]) -> Any:
    conditions = [
        [each.get(field) for field in _TELLING_OF_CONDITION]
        for each in status.get("conditions", ())
    ]
    return conditions, {field: status.get(field) for field in telling}


def _remove_gauge(kind: str, namespace: str, name: str) -> None:
    with contextlib.suppress(KeyError):
        _PAUSED.remove(kind, namespace, name)
