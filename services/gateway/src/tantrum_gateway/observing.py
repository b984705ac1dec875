"""
What is told of a request: metrics, a span, `Server-Timing`, and a line in the log where it matters.

Requests that the short way answers are told of afterwards, and only where the sampler picks
them or they were slow.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Final

import structlog
from opentelemetry.trace import Span
from tantrum_kit import tracing

from tantrum_gateway import metrics
from tantrum_gateway.metrics import UpstreamCall

log = structlog.get_logger()

_FAILED: Final = 500


class Observed:
    """A request on the long way, as it is told of; filled in by whoever answers it."""

    def __init__(self, calls: list[UpstreamCall]) -> None:
        self._started = time.perf_counter()
        self.calls = calls
        self.route = ""
        """Template of the path, as in metrics; empty where nothing is there."""
        self.code = _FAILED
        self.source = ""
        """Where the answer came from, such as `l1`; empty for problems and what no cache keeps."""

    @property
    def elapsed_seconds(self) -> float:
        return time.perf_counter() - self._started

    def server_timing(self) -> bytes:
        """Return the value of `Server-Timing` so far."""
        calls = [f"{upstream};dur={seconds * 1000:.2f}" for upstream, seconds in self.calls]
        caches = [f'cache;desc="{self.source}"'] if self.source else []
        total = f"total;dur={self.elapsed_seconds * 1000:.2f}"
        return ", ".join([*caches, *calls, total]).encode()


class Observer:
    """Tells of requests: all to the metrics, slow, failed and sampled ones to the log."""

    def __init__(self, *, sample_ratio: float, slow_seconds: float) -> None:
        self.slow_seconds = slow_seconds
        self.sampled = tracing.sampler(sample_ratio).__next__
        """To be asked once for each request, on granian's thread."""

    @contextlib.contextmanager
    def observing(
        self, method: str, path: str, *, request_id: str, traceparent: bytes | None, sampled: bool
    ) -> Iterator[Observed]:
        """
        Tell of the request that the body answers, once it has, in whatever way.

        Callers are strangers: the id of their trace is taken on, their wish to have it
        recorded is not.
        """
        calls: list[UpstreamCall] = []
        observed = Observed(calls)
        with (
            metrics.upstream_calls_noted(calls),
            tracing.served(method, traceparent, sampled=sampled) as span,
            structlog.contextvars.bound_contextvars(
                request_id=request_id, trace_id=tracing.trace_id()
            ),
        ):
            try:
                yield observed
            finally:
                elapsed_seconds = observed.elapsed_seconds
                metrics.request_answered(observed.route, observed.code, elapsed_seconds)
                failed = observed.code >= _FAILED
                if failed or sampled or elapsed_seconds >= self.slow_seconds:
                    tell = log.warning if failed else log.info
                    tell(
                        "request_answered",
                        method=method,
                        path=path,
                        **_facts(observed, elapsed_seconds),
                    )
                if span.is_recording():
                    _describe(span, method, path, observed)

    def tell_of_hit(
        self,
        method: str,
        path: str,
        *,
        route: str,
        code: int,
        request_id: str,
        traceparent: bytes | None,
        sampled: bool,
        elapsed_seconds: float,
    ) -> None:
        """Tell of a request that the short way has answered, and metrics have counted."""
        observed = Observed([])
        observed.route, observed.code, observed.source = route, code, "l1"
        with tracing.served(
            method, traceparent, sampled=sampled, begun_seconds_ago=elapsed_seconds
        ) as span:
            trace_id = tracing.trace_id()
            if span.is_recording():
                _describe(span, method, path, observed)
        log.info(
            "request_answered",
            request_id=request_id,
            trace_id=trace_id,
            method=method,
            path=path,
            **_facts(observed, elapsed_seconds),
        )


def _facts(observed: Observed, elapsed_seconds: float) -> dict[str, object]:
    """Return what a line in the log says."""
    return {
        "route": observed.route,
        "code": observed.code,
        "source": observed.source,
        "duration_ms": round(elapsed_seconds * 1000, 2),
        "upstream_ms": [
            {upstream: round(seconds * 1000, 2)} for upstream, seconds in observed.calls
        ],
    }


def _describe(span: Span, method: str, path: str, observed: Observed) -> None:
    """Name *span* and its facts as OpenTelemetry's conventions for HTTP servers do."""
    span.update_name(f"{method} {observed.route}".rstrip())
    span.set_attributes(
        {
            "http.request.method": method,
            "http.response.status_code": observed.code,
            "http.route": observed.route,
            "url.path": path,
            "tantrum.source": observed.source,
        }
    )
    if observed.code >= _FAILED:
        tracing.failed(span, str(observed.code))
