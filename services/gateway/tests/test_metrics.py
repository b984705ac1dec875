"""What the gateway counts, as Prometheus reads it: from a thread of its own."""

from __future__ import annotations

import asyncio
import threading

import prometheus_client
from tantrum_gateway import metrics
from tantrum_gateway.l1 import L1


class ThreadNotingL1(L1):
    """Notes which thread reads it."""

    def __init__(self):
        super().__init__(size_bytes=1_000_000)
        self.readers = set()

    def sent(self):
        self.readers.add(threading.current_thread())
        return super().sent()


def scrape() -> str:
    return prometheus_client.generate_latest().decode()


async def test_a_scrape_reads_the_cache_in_the_loop_that_changes_it():
    """One that read it from its own thread failed when an answer was stored meanwhile."""
    l1 = ThreadNotingL1()

    with metrics.collecting(l1, watch_up=lambda: True, revision=lambda: 7):
        text = await asyncio.to_thread(scrape)

    assert l1.readers == {threading.main_thread()}
    assert "tantrum_gateway_catalog_revision 7.0" in text
    assert "tantrum_gateway_l1_entries_count" in text
