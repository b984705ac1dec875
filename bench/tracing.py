"""
What tracing costs a hit: a gateway that samples 1 % beside one that samples nothing.

Both take turns, and the ratio is the median of the pairs. Spans go to a collector that
takes them and forgets them, in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator
from typing import Any, Final

from grpc import aio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from bench import wrk
from bench.product import Product, gateways_started
from bench.report import bar, table, title

_PATH: Final = "/v1/shows"
_ROUNDS: Final = 5
_SECONDS: Final = 3
_WARM_SECONDS: Final = 1


class _Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self) -> None:
        self.span_count = 0

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - as in the proto
        self.span_count += sum(
            len(scope.spans) for one in request.resource_spans for scope in one.scope_spans
        )
        return trace_service_pb2.ExportTraceServiceResponse()


async def measure(product: Product) -> bool:
    """Print hits with tracing beside hits without; return whether the bar of 0.9 is held."""
    title(f"{_PATH}: a hit, with 1 % of the requests traced and without")
    async with (
        _collecting() as (collector, endpoint),
        gateways_started(product, 1, GATEWAY_TRACE_SAMPLE_RATIO="0") as [plain],
        gateways_started(
            product, 1, GATEWAY_TRACE_SAMPLE_RATIO="0.01", GATEWAY_OTLP_ENDPOINT=endpoint
        ) as [traced],
    ):
        for url in (plain, traced):
            await _load(url, _WARM_SECONDS)
        pairs = [
            (await _load(plain, _SECONDS), await _load(traced, _SECONDS)) for _ in range(_ROUNDS)
        ]
    rows = [
        (f"{number} {name}", load.requests_per_second, load.p50_ms, load.p99_ms, load.error_count)
        for number, pair in enumerate(pairs, 1)
        for name, load in zip(("without", "with"), pair, strict=True)
    ]
    table(("", "req/s", "p50 ms", "p99 ms", "errors"), rows)
    print(f"  the collector got {collector.span_count:,} spans")
    ratio = statistics.median(
        with_it.requests_per_second / without.requests_per_second for without, with_it in pairs
    )
    held = bar("with / without", ratio, at_least=0.9)
    return bar("errors", sum(load.error_count for pair in pairs for load in pair), at_most=0) & held


async def _load(url: str, seconds: int) -> wrk.Load:
    return await asyncio.to_thread(wrk.run, url + _PATH, duration_seconds=seconds)


@contextlib.asynccontextmanager
async def _collecting() -> AsyncIterator[tuple[_Collector, str]]:
    collector = _Collector()
    server = aio.server()
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server  # it has no types
    add(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield collector, f"http://127.0.0.1:{port}"
    finally:
        await server.stop(0)
