"""
The gateway at its peak: 500 requests a second from 5,000 open connections.

nginx serves one file to as many visitors before and after, so that the ratios do not hang on
this machine. All share its cores: product, databases and visitors.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench import mix, nginx, visitors
from bench.product import Product
from bench.report import bar, table, title
from bench.visitors import Visit, Visitors, times
from tests.load.traffic import Catalogue, learn

_CONNECTIONS: Final = 5_000
_PER_SECOND: Final = 500
_WARM_UP_SECONDS: Final = 20
_SECONDS: Final = 60
_YARDSTICK_SECONDS: Final = 15
_OUTAGE_SECONDS: Final = 30
_COLD_SECONDS: Final = 20
_COLD_VISITS: Final = 250
"""Over so many visits the share of hits of a cold gateway is taken."""

_CODINGS: Final = ("identity", "gzip", "br", "zstd")
_SETTLED_SECONDS: Final = 60.0
_HEAD: Final = ("", "visits", "p50 ms", "p95 ms", "p99 ms", "max ms", "failed")


async def measure(product: Product) -> bool:
    """Print it all; return whether every bar is held."""
    catalogue = await asyncio.to_thread(learn, product.gateway_url)
    paths = mix.paths(catalogue)
    held = await _at_peak(product, paths)
    held &= await _with_redis_killed(product, paths)
    await product.restart("redis")
    held &= await _whole_catalogue_cached(product, catalogue)
    await _from_cold(product, paths)
    return held


async def _at_peak(product: Product, paths: Iterator[str]) -> bool:
    title(f"{_PER_SECOND} requests/s over {_CONNECTIONS:,} connections, {_SECONDS} s")
    body = await _page(product)
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx.serving(Path(folder), {"file": body}) as file_url,
    ):
        yardstick = await _yardstick(file_url)
        async with _visiting(product.gateway_url) as crowd:
            await crowd.load(paths, per_second=_PER_SECOND, seconds=_WARM_UP_SECONDS)
            calls = _figure(product, "tantrum_gateway_upstream_calls_total")
            visits = await crowd.load(paths, per_second=_PER_SECOND, seconds=_SECONDS)
            calls = _figure(product, "tantrum_gateway_upstream_calls_total") - calls
            open_count = crowd.open_count
        yardstick += await _yardstick(file_url)
    hits, misses = _split(visits)
    _print_times(
        ("nginx, one file", yardstick), ("gateway", visits), ("hits", hits), ("misses", misses)
    )
    file_times, hit_times = times(yardstick), times(hits)
    held = bar("hits, p95 / nginx's", hit_times.p95_ms / file_times.p95_ms, at_most=2)
    held &= bar("hits, p99 / nginx's", hit_times.p99_ms / file_times.p99_ms, at_most=4)
    held &= bar("misses, p95", times(misses).p95_ms, at_most=30, unit=" ms")
    held &= bar("errors", _failures(visits), at_most=0)
    held &= bar("connections open at the end", open_count, at_least=_CONNECTIONS)
    held &= bar("hits of L1 and L2", len(hits) / len(visits), at_least=0.95)
    return held & bar("upstream calls a request", calls / len(visits), at_most=0.1)


async def _with_redis_killed(product: Product, paths: Iterator[str]) -> bool:
    title("the same, and Redis is killed half-way")
    async with _visiting(product.gateway_url) as crowd:
        visits = await crowd.load(
            paths,
            per_second=_PER_SECOND,
            seconds=_OUTAGE_SECONDS,
            at={_OUTAGE_SECONDS / 2: product.processes["redis"].kill},
        )
    _print_times(("gateway", visits))
    held = bar("p95", times(visits).p95_ms, at_most=50, unit=" ms")
    return held & bar("errors", _failures(visits), at_most=0)


async def _whole_catalogue_cached(product: Product, catalogue: Catalogue) -> bool:
    title("the whole catalogue cached in four codings")
    paths = [
        "/v1/home",
        *(f"/v1/shows/{slug}" for slug, _ in catalogue.shows),
        *(f"/v1/shows/{slug}/similar" for slug, _ in catalogue.shows),
        *(f"/v1/categories/{slug}/shows" for slug in catalogue.categories),
        *(f"/v1/research/{slug}" for slug in catalogue.research),
        *(f"/v1/shows?theme={slug}" for slug in catalogue.themes),
        *itertools.islice(mix.paths(catalogue), 2_000),
    ]
    async with httpx.AsyncClient(base_url=product.gateway_url) as client:
        for path, coding in itertools.product(dict.fromkeys(paths), _CODINGS):
            (await client.get(path, headers={"accept-encoding": coding})).raise_for_status()
    size_bytes = await _settled(product, "tantrum_gateway_l1_size_bytes")
    count = _figure(product, "tantrum_gateway_l1_entries_count")
    print(f"  L1 holds {count:,.0f} answers in {size_bytes / 2**20:,.1f} MiB")
    memory_mib = product.memory_mib("gateway")
    return bar("resident memory of the gateway", memory_mib, at_most=250, unit=" MiB")


async def _from_cold(product: Product, paths: Iterator[str]) -> None:
    title("a gateway that has just started")
    begin = time.perf_counter()
    await product.restart("gateway")
    await _page(product)
    print(f"  stopped, started, and answering after {time.perf_counter() - begin:.2f} s")
    async with _visiting(product.gateway_url) as crowd:
        visits = await crowd.load(paths, per_second=_PER_SECOND, seconds=_COLD_SECONDS)
    _print_times(("gateway", visits))
    hits = [_hit(visit) for visit in visits]
    for end in range(_COLD_VISITS, len(visits)):
        if sum(hits[end - _COLD_VISITS : end]) >= 0.9 * _COLD_VISITS:
            seconds = visits[end].due_seconds
            print(f"  of {_COLD_VISITS} visits in a row 90 % are hits after {seconds:.1f} s")
            return
    print(f"  of {_COLD_VISITS} visits in a row 90 % were never hits in {_COLD_SECONDS} s")


async def _yardstick(file_url: str) -> list[Visit]:
    async with _visiting(file_url) as crowd:
        files = itertools.repeat("/file")
        return await crowd.load(files, per_second=_PER_SECOND, seconds=_YARDSTICK_SECONDS)


@contextlib.asynccontextmanager
async def _visiting(url: str) -> AsyncIterator[Visitors]:
    async with visitors.at(url, connections=_CONNECTIONS) as crowd:
        yield crowd


def _split(visits: Sequence[Visit]) -> tuple[list[Visit], list[Visit]]:
    """Return hits, of either level, and misses."""
    return [one for one in visits if _hit(one)], [one for one in visits if not _hit(one)]


def _hit(visit: Visit) -> bool:
    """Say whether Cache-Status (RFC 9211) names a hit."""
    return "hit" in visitors.header(visit, "cache-status").replace(" ", "").split(";")


def _failures(visits: Sequence[Visit]) -> int:
    return sum(visit.failed for visit in visits)


def _print_times(*named_visits: tuple[str, list[Visit]]) -> None:
    rows = []
    for name, visits in named_visits:
        one = times(visits)
        figures = (one.count, one.p50_ms, one.p95_ms, one.p99_ms, one.max_ms)
        rows.append((name, *figures, _failures(visits)))
    table(_HEAD, rows)
    kinds = Counter(
        (one.status, one.path) for _, visits in named_visits for one in visits if one.failed
    )
    for (status, path), count in kinds.most_common(5):
        print(f"  failed {count} times: {path}: {status or 'no answer'}")


async def _page(product: Product) -> bytes:
    async with httpx.AsyncClient() as client:
        return (await client.get(product.gateway_url + "/v1/shows")).raise_for_status().content


async def _settled(product: Product, name: str) -> float:
    """Return a figure once it has stopped changing, as compressing goes on in the background."""
    until_monotonic = time.monotonic() + _SETTLED_SECONDS
    before, now = -1.0, _figure(product, name)
    while before != now and time.monotonic() < until_monotonic:
        await asyncio.sleep(2)
        before, now = now, _figure(product, name)
    return now


def _figure(product: Product, name: str) -> float:
    """Return a metric of the gateway, the sum over all its labels."""
    text = httpx.get(product.gateway_metrics_url).raise_for_status().text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )
