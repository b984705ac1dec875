"""
How long answers take, by route, as a Prometheus histogram that a hit can afford.

The client library's own takes a microsecond and a lock for each observation, half of what
a hit takes in all. Here it is two additions, each to a slot, which nothing can interrupt under
the GIL: so hits may be observed on granian's thread, and all else on the event loop's.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from tantrum_kit.metrics import LATENCY_BUCKETS_SECONDS

_AT_ONCE_SECONDS: Final = LATENCY_BUCKETS_SECONDS[0]
_BOUNDS: Final[list[str]] = [
    floatToGoString(bound)  # type: ignore[no-untyped-call]  # it has no types
    for bound in (*LATENCY_BUCKETS_SECONDS, float("inf"))
]


class _OfRoute:
    __slots__ = ("at_once", "later", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.at_once = 0
        """How many are in the first bucket, as hits are."""
        self.later = [0] * len(_BOUNDS)
        """How many are in each of the others."""


class Durations(Collector):
    """Collects how long the answers of each route took."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._by_route: dict[str, _OfRoute] = {}

    def observe(self, route: str, seconds: float) -> None:
        """Count an answer. The *route* is a template, never a path."""
        one = self._by_route.get(route) or self._by_route.setdefault(route, _OfRoute())
        one.seconds += seconds
        if seconds <= _AT_ONCE_SECONDS:
            one.at_once += 1
        else:
            one.later[bisect_left(LATENCY_BUCKETS_SECONDS, seconds)] += 1

    def describe(self) -> Iterable[Metric]:
        yield HistogramMetricFamily(self._name, self._text, labels=["route"])

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._name, self._text, labels=["route"])
        for route, one in list(self._by_route.items()):
            counts = itertools.accumulate([one.at_once, *one.later[1:]])
            buckets = list(zip(_BOUNDS, counts, strict=True))
            family.add_metric([route], buckets, sum_value=one.seconds)
        yield family
