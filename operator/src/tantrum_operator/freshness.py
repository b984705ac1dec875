"""How long ago each object was last attempted, and last attempted with success."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tantrum_operator.objects import Key


@dataclass(slots=True)
class _Times:
    attempt: float
    success: float


class Freshness(Collector):
    """
    Ages by kind, of the object that waited longest.

    They are told when Prometheus asks, so that they also grow while everything hangs. What
    this process knows no object of has no age: a standby has none.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: dict[Key, _Times] = {}
        self.beat = clock()
        """When anything was last attempted, or found that nothing was to do."""

    def known(self, key: Key) -> None:
        """Begin counting from now, unless *key* is known."""
        now = self._clock()
        self._times.setdefault(key, _Times(now, now))

    def attempted(self, key: Key, *, success: bool) -> None:
        """Note the end of an attempt."""
        self.beat = now = self._clock()
        times = self._times.setdefault(key, _Times(now, now))
        times.attempt = now
        if success:
            times.success = now

    def forget(self, key: Key) -> None:
        self._times.pop(key, None)

    def ticked(self) -> None:
        """Note that the loop looked for work."""
        self.beat = self._clock()

    @property
    def beat_age_seconds(self) -> float:
        return self._clock() - self.beat

    def collect(self) -> Iterator[GaugeMetricFamily]:
        attempt = GaugeMetricFamily(
            "tantrum_operator_last_attempt_age_seconds",
            "Time since the last attempt at the object that waited longest.",
            labels=["kind"],
        )
        success = GaugeMetricFamily(
            "tantrum_operator_last_success_age_seconds",
            "Time since the last success with the object that waited longest.",
            labels=["kind"],
        )
        now, times = self._clock(), dict(self._times)
        for kind in sorted({key.kind for key in times}):
            of_kind = [each for key, each in times.items() if key.kind == kind]
            attempt.add_metric([kind], now - min(each.attempt for each in of_kind))
            success.add_metric([kind], now - min(each.success for each in of_kind))
        yield attempt
        yield success
