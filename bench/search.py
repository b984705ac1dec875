"""Search in memory over the shipped shows: time inside the service, without gRPC."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from tantrum_kit import grpc_client
from tantrum_search.app import in_memory
from tantrum_search.domain.search import Page
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from tvtantrum.catalog.v1 import show_pb2

from bench.product import Product
from bench.report import bar, table, title

_LONGEST_PREFIX = 8


async def latencies(product: Product) -> bool:
    """Print the times of what people type; return whether the bars are held."""
    shows, themes = await listed(product)
    search = await in_memory(shows, themes)
    names = [*(show.name for show in shows), *(theme.name for theme in themes)]
    queries = [*names, *map(_mistyped, names)]
    prefixes = [text[:length] for text in queries for length in range(1, _LONGEST_PREFIX)]
    title(f"search in memory over {len(shows):,} shows: milliseconds in the service")
    suggesting = await _timed(prefixes, lambda text: search.suggest(text, 8))
    searching = await _timed(queries, lambda text: search.find(text, Page(size=20)))
    table(
        ("", "calls", "p50", "p95", "p99", "longest"),
        [
            _row("suggest, names and themes letter by letter", suggesting),
            _row("search, names and themes, right and mistyped", searching),
        ],
    )
    return all(
        (
            bar("suggestions, p95", _percentile(suggesting, 95), at_most=1, unit=" ms"),
            bar("search, p95", _percentile(searching, 95), at_most=3, unit=" ms"),
        )
    )


async def listed(product: Product) -> tuple[list[show_pb2.Show], list[show_pb2.Theme]]:
    """Return all shows and themes."""
    shows: list[show_pb2.Show] = []
    themes: list[show_pb2.Theme] = []
    async with grpc_client.channel(product.catalog_address, retried={}) as channel:
        stub: pb_grpc.CatalogServiceAsyncStub = pb_grpc.CatalogServiceStub(channel)
        token: str | None = ""
        while token is not None:
            request = pb.ListShowsRequest(page_size=100, page_token=token)
            page = await stub.ListShows(request, timeout=10)
            shows += page.shows
            token = page.next_page_token or None
        token = ""
        while token is not None:
            theme_request = pb.ListThemesRequest(page_size=100, page_token=token)
            theme_page = await stub.ListThemes(theme_request, timeout=10)
            themes += theme_page.themes
            token = theme_page.next_page_token or None
    return shows, themes


def _mistyped(text: str) -> str:
    """Return *text* with two letters in its middle swapped."""
    middle = len(text) // 2
    return text[: middle - 1] + text[middle : middle + 1] + text[middle - 1] + text[middle + 1 :]


async def _timed(texts: Iterable[str], call: Callable[[str], Awaitable[object]]) -> Sequence[float]:
    """Return the milliseconds of one call for each of *texts*, after a round to warm up."""
    texts = list(texts)
    for text in texts[:100]:
        await call(text)
    times_ms = []
    for text in texts:
        began = time.perf_counter()
        await call(text)
        times_ms.append((time.perf_counter() - began) * 1e3)
    return times_ms


def _row(name: str, times_ms: Sequence[float]) -> tuple[str, int, float, float, float, float]:
    p50, p95, p99 = (_percentile(times_ms, percent) for percent in (50, 95, 99))
    return (name, len(times_ms), p50, p95, p99, max(times_ms))


def _percentile(times_ms: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times_ms, n=100)[percent - 1]
