"""How catalog's ListShows grows with the catalogue: 302, 10,000 and 100,000 shows."""

from __future__ import annotations

import statistics
import time

from tantrum_catalog.storage.generate import generate
from tantrum_kit import grpc_client
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from tvtantrum.catalog.v1 import filter_pb2

from bench.product import Product, primary_of
from bench.report import table, title

_SIZES = (302, 10_000, 100_000)
_CALLS = 60

_QUESTIONS = {
    "all, by name": pb.ListShowsRequest(),
    "all, newest first": pb.ListShowsRequest(order_by=filter_pb2.SHOW_ORDER_RELEASE_YEAR),
    "all, by popularity": pb.ListShowsRequest(order_by=filter_pb2.SHOW_ORDER_POPULARITY),
    "calm, for a 4-year-old": pb.ListShowsRequest(
        filter=filter_pb2.ShowFilter(max_stimulation=2, min_age=4, max_age=4)
    ),
    "one rare theme": pb.ListShowsRequest(filter=filter_pb2.ShowFilter(themes=["dinosaurs"])),
    "two common themes": pb.ListShowsRequest(
        filter=filter_pb2.ShowFilter(themes=["problem-solving", "teamwork"])
    ),
    "substring `bluey`": pb.ListShowsRequest(filter=filter_pb2.ShowFilter(text="bluey")),
}


async def growth(product: Product) -> bool:
    """Print the time of a page of 20 with its exact total, one call after another."""
    title("catalog ListShows, page of 20 with total: milliseconds, p50 / p95, and rows that match")
    columns: list[dict[str, str]] = []
    stored = _SIZES[0]
    async with primary_of(product) as primary:
        for number, size in enumerate(_SIZES):
            if size > stored:
                await generate(primary, shows=size - stored, seed=number)
                stored = size
            columns.append(await _measured(product))
    table(
        ("", *(f"{size:,} shows" for size in _SIZES)),
        [(name, *(column[name] for column in columns)) for name in _QUESTIONS],
    )
    return True


async def _measured(product: Product) -> dict[str, str]:
    async with grpc_client.channel(product.catalog_address, retried={}) as channel:
        stub: pb_grpc.CatalogServiceAsyncStub = pb_grpc.CatalogServiceStub(channel)
        return {name: await _timed(stub, request) for name, request in _QUESTIONS.items()}


async def _timed(stub: pb_grpc.CatalogServiceAsyncStub, request: pb.ListShowsRequest) -> str:
    times_ms: list[float] = []
    total = 0
    for _ in range(_CALLS):
        began = time.perf_counter()
        response = await stub.ListShows(request, timeout=30)
        times_ms.append((time.perf_counter() - began) * 1e3)
        total = response.total_size
    p50, p95 = statistics.median(times_ms), statistics.quantiles(times_ms, n=20)[-1]
    return f"{p50:.1f} / {p95:.1f} ({total:,})"
