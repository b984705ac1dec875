"""What the gateway counts, as Prometheus reads it: from a thread of its own."""

from __future__ import annotations

import asyncio
import sys

import prometheus_client
import pytest
from tantrum_gateway import metrics
from tantrum_gateway.answers import Answer
from tantrum_gateway.l1 import L1

SCRAPES = 300


def make_answer(body: bytes) -> Answer:
    return Answer(
        body=body,
        media_type="text/plain",
        cache_control="no-store",
        catalog_revision=1,
        expires_monotonic=100.0,
        stored_monotonic=1.0,
    )


def scrape() -> str:
    return prometheus_client.generate_latest().decode()


@pytest.fixture
def _threads_that_take_turns_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_that_take_turns_often")
async def test_a_scrape_is_whole_while_answers_come_and_go():
    """A scrape that read L1 from its own thread failed as soon as the loop stored an answer."""
    l1 = L1(size_bytes=4_000_000)

    async def come_and_go(stopped):
        number = 0
        while not stopped.is_set():
            number += 1
            l1.put(str(number), make_answer(b"x"))
            await asyncio.sleep(0)

    with metrics.collecting(l1, watch_up=lambda: True, revision=lambda: 7):
        stopped = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(come_and_go(stopped))
            try:
                scrapes = [await asyncio.to_thread(scrape) for _ in range(SCRAPES)]
            finally:
                stopped.set()

    assert all("tantrum_gateway_catalog_revision 7.0" in text for text in scrapes)
    assert all("tantrum_gateway_l1_entries_count" in text for text in scrapes)
