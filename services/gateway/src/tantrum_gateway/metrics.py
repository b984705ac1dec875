"""What the gateway counts. Hits of L1 are counted by the answers themselves, and summed here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Final, Protocol, TypeAlias

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from tantrum_kit.metrics import LATENCY_BUCKETS_SECONDS

from tantrum_gateway.breaker import State
from tantrum_gateway.concurrency import Priority
from tantrum_gateway.durations import Durations
from tantrum_gateway.l1 import L1

_REQUESTS: Final = prometheus_client.Counter(
    "tantrum_gateway_requests_total",
    "Requests answered other than from L1 without parsing.",
    ["route", "code"],
)
DURATIONS: Final = Durations(
    "tantrum_gateway_request_duration_seconds", "Time to answer any request."
)
prometheus_client.REGISTRY.register(DURATIONS)
_STALE: Final = prometheus_client.Counter(
    "tantrum_gateway_stale_answers_total",
    "Answers sent after their time, by why.",
    ["reason"],
)
_UPSTREAM_CALLS: Final = prometheus_client.Counter(
    "tantrum_gateway_upstream_calls_total", "Calls to upstreams.", ["upstream", "code"]
)
_UPSTREAM_DURATION: Final = prometheus_client.Histogram(
    "tantrum_gateway_upstream_call_duration_seconds",
    "Time that upstreams took.",
    ["upstream"],
    buckets=LATENCY_BUCKETS_SECONDS,
)
_BREAKER: Final = prometheus_client.Gauge(
    "tantrum_gateway_breaker_state", "1 for the state that a breaker is in.", ["upstream", "state"]
)
_BREAKER_OPENED: Final = prometheus_client.Counter(
    "tantrum_gateway_breaker_opened_total", "Times that a breaker opened.", ["upstream"]
)
_REFUSED: Final = prometheus_client.Counter(
    "tantrum_gateway_refused_calls_total",
    "Calls that were not made, to spare an upstream.",
    ["upstream", "priority", "reason"],
)
UPSTREAM_LIMIT: Final = prometheus_client.Gauge(
    "tantrum_gateway_upstream_limit_count", "Calls that may be under way.", ["upstream"]
)
UPSTREAM_UNDER_WAY: Final = prometheus_client.Gauge(
    "tantrum_gateway_upstream_under_way_count", "Calls that are under way.", ["upstream"]
)
REDIS_CONNECTIONS: Final = prometheus_client.Gauge(
    "tantrum_gateway_redis_connections_count", "Connections to Redis, `idle` or `used`.", ["state"]
)
_LOOKUPS: Final = prometheus_client.Counter(
    "tantrum_gateway_cache_lookups_total",
    "Parsed requests looked up in a cache level.",
    ["level", "result"],
)
LIMITED_REQUESTS: Final = prometheus_client.Counter(
    "tantrum_gateway_limited_requests_total", "Requests refused by a rate limit.", ["limit_class"]
)
LIMITED_KEYS: Final = prometheus_client.Gauge(
    "tantrum_gateway_limited_keys_count", "Addresses and sessions whose limits are remembered."
)
LIMIT_LEASES: Final = prometheus_client.Counter(
    "tantrum_gateway_limit_leases_total", "Blocks of tokens asked of Redis.", ["outcome"]
)
LIMITS_SHARED: Final = prometheus_client.Gauge(
    "tantrum_gateway_limits_shared", "Whether rate limits are shared through Redis."
)
LIMIT_GATEWAYS: Final = prometheus_client.Gauge(
    "tantrum_gateway_limit_gateways_count", "Gateways that share the limits, as far as is known."
)

UpstreamCall: TypeAlias = tuple[str, float]
"""Name of the upstream, and the seconds that it took."""

_calls: ContextVar[list[UpstreamCall] | None] = ContextVar("calls", default=None)

_READ_SECONDS: Final = 5.0
"""How long a scrape waits for a busy event loop before it fails."""

WARMED: Final = prometheus_client.Counter(
    "tantrum_gateway_warmed_total", "Answers asked for again before anybody did."
)
POLISHED: Final = prometheus_client.Counter(
    "tantrum_gateway_polished_total", "Answers compressed again with all effort."
)
_PURGES: Final = prometheus_client.Counter(
    "tantrum_gateway_purges_total", "Calls that asked the CDN to drop answers.", ["result"]
)
PURGES_OK: Final = _PURGES.labels("ok")
PURGES_FAILED: Final = _PURGES.labels("failed")
L1_LOOKUPS_HIT: Final = _LOOKUPS.labels("l1", "hit")
L1_LOOKUPS_MISS: Final = _LOOKUPS.labels("l1", "miss")
SNAPSHOT_LOOKUPS_HIT: Final = _LOOKUPS.labels("snapshot", "hit")
SNAPSHOT_LOOKUPS_MISS: Final = _LOOKUPS.labels("snapshot", "miss")
L2_LOOKUPS_HIT: Final = _LOOKUPS.labels("l2", "hit")
L2_LOOKUPS_MISS: Final = _LOOKUPS.labels("l2", "miss")
L2_LOOKUPS_OUTDATED: Final = _LOOKUPS.labels("l2", "outdated")
L2_LOOKUPS_ERROR: Final = _LOOKUPS.labels("l2", "error")
L2_LOOKUPS_SKIPPED: Final = _LOOKUPS.labels("l2", "skipped")


def request_answered(route: str, code: int, duration_seconds: float) -> None:
    """Count a request that took the long way. The *route* is a template, never a path."""
    _REQUESTS.labels(route, str(code)).inc()
    DURATIONS.observe(route, duration_seconds)


def breaker_changed(upstream: str, state: State) -> None:
    """Note the state that an upstream's breaker is in from now on."""
    for one in State:
        _BREAKER.labels(upstream, one).set(one is state)
    if state is State.OPEN:
        _BREAKER_OPENED.labels(upstream).inc()


def call_refused(upstream: str, priority: Priority, reason: str) -> None:
    """Count a call that was not made, for its upstream's sake: `breaker` or `limit`."""
    _REFUSED.labels(upstream, priority, reason).inc()


def stale_answered(reason: str) -> None:
    """Count an answer that was sent after its time."""
    _STALE.labels(reason).inc()


def upstream_called(upstream: str, code: str, duration_seconds: float) -> None:
    """Count a call to an upstream, and note it for the request that made it."""
    _UPSTREAM_CALLS.labels(upstream, code).inc()
    _UPSTREAM_DURATION.labels(upstream).observe(duration_seconds)
    calls = _calls.get()
    if calls is not None:
        calls.append((upstream, duration_seconds))


@contextlib.contextmanager
def upstream_calls_noted(calls: list[UpstreamCall]) -> Iterator[None]:
    """Append to *calls* what is called while the body runs, in tasks that it begins too."""
    token = _calls.set(calls)
    try:
        yield
    finally:
        _calls.reset(token)


class Watched(Protocol):
    """What is told of the watch."""

    @property
    def up(self) -> bool: ...

    @property
    def revision(self) -> int: ...

    @property
    def reconnects(self) -> int: ...

    def silent_seconds(self) -> float: ...


@contextlib.contextmanager
def collecting(l1: L1, watch: Watched) -> Iterator[None]:
    """
    Have the figures of the cache and of the watch collected while the body runs.

    To be entered in the event loop that they belong to.
    """
    collector = _Collected(l1, watch)
    prometheus_client.REGISTRY.register(collector)
    try:
        yield
    finally:
        prometheus_client.REGISTRY.unregister(collector)


class _Collected(Collector):
    def __init__(self, l1: L1, watch: Watched) -> None:
        self._l1 = l1
        self._watch = watch
        self._loop = asyncio.get_running_loop()

    def describe(self) -> Iterable[Metric]:
        """Tell nothing in advance, or a collection would be made just to learn the names."""
        return []

    def collect(self) -> Iterable[Metric]:
        """
        Read the figures in their own event loop, where nothing else changes them.

        To be called from another thread, as Prometheus's server does.
        """
        return asyncio.run_coroutine_threadsafe(self._read(), self._loop).result(_READ_SECONDS)

    async def _read(self) -> list[Metric]:
        return list(self._figures())

    def _figures(self) -> Iterable[Metric]:
        sent = CounterMetricFamily(
            "tantrum_gateway_l1_sent_total",
            "Requests answered from L1 without parsing.",
            labels=["route", "code"],
        )
        for (route, code), count in self._l1.sent().items():
            sent.add_metric([route, str(code)], count)
        yield sent
        oldest = self._l1.oldest_stored_monotonic()
        for name, text, value in (
            ("l1_size_bytes", "Memory that L1 takes.", self._l1.size_bytes),
            ("l1_entries_count", "Answers in L1.", len(self._l1)),
            (
                "l1_oldest_age_seconds",
                "Age of the oldest answer in L1.",
                0.0 if oldest is None else max(0.0, time.monotonic() - oldest),
            ),
            ("watch_up", "Whether the gateway hears of writes.", float(self._watch.up)),
            (
                "watch_silent_seconds",
                "Time since the catalogue was heard of; infinite before the first time.",
                self._watch.silent_seconds(),
            ),
            ("catalog_revision", "Catalogue revision heard of.", self._watch.revision),
        ):
            yield GaugeMetricFamily(f"tantrum_gateway_{name}", text, value=value)
        for name, text, value in (
            ("l1_evictions_total", "Answers dropped for room.", self._l1.evictions),
            ("l1_invalidations_total", "Answers dropped for a write.", self._l1.invalidations),
            ("watch_reconnects_total", "Times that the watch began anew.", self._watch.reconnects),
        ):
            yield CounterMetricFamily(f"tantrum_gateway_{name}", text, value=value)
