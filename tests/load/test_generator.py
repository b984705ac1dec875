"""The generator against a product that is a few lines long, and as bad as it is told to be."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest

from .generator import Load, Plan
from .outcomes import Event, Outcome, Written, stretch
from .traffic import Catalogue

CATALOGUE = Catalogue(
    shows=[("bluey", "Bluey")],
    fields=["id", "slug", "name"] * 7,
    categories=["calm"],
    research=["screens"],
    themes=["music"],
    platforms=["youtube"],
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"


class Product:
    """Answers every request with *answer*; with None it resets, with "" it says nothing."""

    def __init__(self):
        self.answer = OK
        self.request_count = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._connections = set()

    async def _serve(self, reader, writer):
        with contextlib.suppress(EOFError, OSError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.request_count += 1
                if self.answer is None:
                    break
                writer.write(self.answer)
        writer.transport.abort()

    def start(self):
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def _end(self):
        self._server.close()
        # The load has closed its connections, so these end.
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def product():
    product = Product()
    product.url = product.start()
    yield product
    product.stop()


@contextlib.contextmanager
def loading(product, *, late_seconds=2.0):
    plan = Plan(
        edge_url=product.url,
        late_seconds=late_seconds,
        before_seconds=0.3,
        after_seconds=0.2,
        calm_within_seconds=1.0,
    )
    load = Load(plan, CATALOGUE, say=lambda text: None)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join()


def until(condition, seconds=5):
    tick = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        tick.wait(0.01)
    pytest.fail(f"not within {seconds} s")


def some_requests(product, count=10):
    """
    Wait until *count* more requests were answered, and as many became due meanwhile.

    Both, since on a busy machine those answered now may have become due long before.
    """
    seen, due_monotonic = product.request_count, time.monotonic() + count / 100
    until(lambda: product.request_count >= seen + count and time.monotonic() >= due_monotonic)


def test_a_product_that_is_well_passes(product):
    with loading(product) as load, load.event("nothing") as event:
        some_requests(product, 50)

    event.assert_no_failures()
    assert event.during.read_figures.count >= 45
    assert 0.3 <= event.during.read_figures.new_ratio <= 0.37
    assert event.before.read_figures.p50_ms > 0


def test_requests_are_sent_at_their_times_however_slow_the_answers(product):
    with loading(product, late_seconds=0.5) as load, load.event("silence") as event:
        product.answer = b""
        some_requests(product, 100)
        product.answer = OK

    # One after another, they would have taken 50 s.
    assert 0.9 < (event.during.end_monotonic - event.during.begin_monotonic) < 5.0
    reasons = {one.failure for one in event.during.reads}
    assert "late" in reasons
    assert 500 <= event.during.read_figures.max_ms < 5_000
    assert event.during.read_figures.gap_seconds > 0.9


def test_a_status_of_failure_is_named_with_its_url_and_its_words(product):
    with loading(product) as load, load.event("an outage") as event:
        product.answer = BUSY
        some_requests(product)
        product.answer = OK

    # Those on their way when it began became due before.
    with pytest.raises(
        AssertionError, match=r"an outage: \d+ failed\n.* UTC, .* s into '(before|during)', GET /"
    ) as no:
        event.assert_no_failures()
    assert "status 503: busy" in str(no.value)


def test_a_reset_is_a_failure_and_is_not_repeated(product):
    with loading(product) as load, load.event("resets") as event:
        product.answer = None
        some_requests(product)
        product.answer = OK

    failures = [one for part in event.stretches for one in part.failures]
    assert len(failures) >= 10
    assert {one.failure.partition(":")[0] for one in failures} <= {
        "ConnectionResetError",
        "IncompleteReadError",
    }
    all_reads = sum(part.read_figures.count for part in event.stretches)
    assert product.request_count <= all_reads + 100 * 3


def test_an_event_does_not_begin_before_all_is_well(product):
    product.answer = BUSY

    with (
        loading(product) as load,
        pytest.raises(AssertionError, match=r"not well before the event: .*status 503"),
        load.event("too early"),
    ):
        pytest.fail("it began")


def test_figures_are_told_apart_by_when_requests_were_due():
    reads = [Outcome(what="GET /", due_monotonic=at, seconds=0.1 * at) for at in range(1, 11)]

    figures = stretch("all", 1, 11, reads=reads, writes=[]).read_figures

    assert (figures.count, figures.failed_count) == (10, 0)
    assert figures.p50_ms == pytest.approx(500)
    assert figures.p99_ms == pytest.approx(1_000)
    assert figures.gap_seconds == pytest.approx(1.1)
    assert stretch("some", 2, 4, reads=reads, writes=[]).read_figures.count == 2


def test_a_write_that_was_acknowledged_and_is_gone_is_named():
    written = Outcome(
        what="CreateShow",
        due_monotonic=0.5,
        seconds=0.1,
        written=Written(id=1, slug="load-1", name="Load 1"),
    )
    event = Event("a crash")
    event.stretches = [stretch("before", 0, 1, reads=[], writes=[written])]
    event.lost = ["Load 1: catalog says NOT_FOUND: no show 1"]

    assert event.before.written[0].slug == "load-1"
    with pytest.raises(AssertionError, match="1 acknowledged writes are lost\n  Load 1: catalog"):
        event.assert_no_failures()
