"""Prometheus metrics on a port of their own, apart from what strangers can reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import prometheus_client

LATENCY_BUCKETS_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Dense around the targets (5 to 300 ms), where a p95 has to be told exactly."""


@contextlib.contextmanager
def serving(port: int | None, *, host: str = "127.0.0.1") -> Iterator[None]:
    """Serve the process's metrics over HTTP; 0 takes any free port, None serves nothing."""
    if port is None:
        yield
        return
    server, thread = prometheus_client.start_http_server(port, addr=host)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
