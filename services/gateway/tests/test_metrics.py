"""What the gateway counts, as Prometheus reads it: from a thread of its own."""

from __future__ import annotations

import asyncio
import threading

import prometheus_client
import pytest
from tantrum_gateway import metrics
from tantrum_gateway.durations import Durations
from tantrum_gateway.l1 import L1

from .conftest import Site, eventually


class ThreadNotingL1(L1):
    """Notes which thread reads it."""

    def __init__(self):
        super().__init__(size_bytes=1_000_000)
        self.readers = set()

    def sent(self):
        self.readers.add(threading.current_thread())
        return super().sent()


class QuietWatch:
    up = True
    revision = 7
    reconnects = 0

    def silent_seconds(self):
        return 0.5


def scrape() -> str:
    return prometheus_client.generate_latest().decode()


async def test_a_scrape_reads_the_cache_in_the_loop_that_changes_it():
    """One that read it from its own thread failed when an answer was stored meanwhile."""
    l1 = ThreadNotingL1()

    with metrics.collecting(l1, QuietWatch()):
        text = await asyncio.to_thread(scrape)

    assert l1.readers == {threading.main_thread()}
    assert "tantrum_gateway_catalog_revision 7.0" in text
    assert "tantrum_gateway_l1_entries_count" in text


def durations_counted(route: str) -> float:
    name = "tantrum_gateway_request_duration_seconds"
    [family] = [one for one in prometheus_client.REGISTRY.collect() if one.name == name]
    samples = [one for one in family.samples if one.labels["route"] == route]
    return sum(one.value for one in samples if one.name == f"{name}_count")


async def test_the_durations_of_hits_and_304s_are_counted_too(site: Site):
    before = await asyncio.to_thread(durations_counted, "/v1/shows/{idOrSlug}")

    tag = (await site.get("/v1/shows/bluey")).headers["etag"]
    for _ in range(3):
        await site.get("/v1/shows/bluey")
        await site.get("/v1/shows/bluey", if_none_match=tag)

    # The answer is on its way before its time is known.
    async def counted() -> bool:
        now = await asyncio.to_thread(durations_counted, "/v1/shows/{idOrSlug}")
        return now == before + 7

    await eventually(counted)


def test_durations_are_told_in_buckets_that_add_up():
    durations = Durations("test_seconds", "Of a test.")
    for seconds in (0.0002, 0.001, 0.004, 0.3, 60.0):
        durations.observe("/a", seconds)

    [family] = durations.collect()

    counts = {one.labels.get("le", one.name): one.value for one in family.samples}
    assert counts["0.001"] == counts["0.0025"] == 2
    assert counts["0.005"] == counts["0.2"] == 3
    assert counts["0.3"] == counts["10.0"] == 4
    assert counts["+Inf"] == counts["test_seconds_count"] == 5
    assert counts["test_seconds_sum"] == pytest.approx(60.3052)


async def test_requests_and_calls_are_told_by_route_and_upstream(site: Site):
    await site.get("/v1/shows/bluey")
    await site.get("/v1/shows/bluey")
    await site.get("/v1/shows/nobody-knows-it")

    text = await asyncio.to_thread(scrape)

    route = 'route="/v1/shows/{idOrSlug}"'
    for figure in (
        f'tantrum_gateway_requests_total{{code="200",{route}}}',
        f'tantrum_gateway_requests_total{{code="404",{route}}}',
        f'tantrum_gateway_request_duration_seconds_bucket{{le="0.15",{route}}}',
        f'tantrum_gateway_l1_sent_total{{code="200",{route}}}',
        'tantrum_gateway_upstream_calls_total{code="NOT_FOUND",upstream="catalog"}',
        'tantrum_gateway_upstream_call_duration_seconds_bucket{le="0.3",upstream="catalog"}',
        'tantrum_gateway_breaker_state{state="closed",upstream="search"} 1.0',
        'tantrum_gateway_upstream_limit_count{upstream="catalog"} 100.0',
        'tantrum_gateway_upstream_under_way_count{upstream="catalog"} 0.0',
        "tantrum_gateway_watch_up 1.0",
        "tantrum_gateway_watch_silent_seconds",
        "tantrum_gateway_watch_reconnects_total",
        'tantrum_grpc_client_servers_count{address="127.0.0.1:',
    ):
        assert figure in text
