"""
While shows are written, nobody who asks one gateway gets a newer answer and then an older one.

Readers look at one show through every address that tells its name. The name counts the
writes, so each reader can tell which state of the show it was told.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable

import httpx
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import show_pb2

from .product import Product, gateway, running
from .test_freshness import eventually, heard

WRITES = 60
PATHS = (
    "/v1/shows/{id}", "/v1/shows/{slug}", "/v1/shows/{id}?fields=name", "/covers/{slug}.svg",
    "/v1/shows?pageSize=5", "/v1/shows?pageSize=5&minStimulation=1", "/v1/compare?ids={id}",
    "/v1/shows?q=aaa",
)  # fmt: skip
CODINGS = ("br", "gzip", "identity")


async def write(product: Product, show: show_pb2.Show, number: int) -> show_pb2.Show:
    # First in the alphabet, so that it stays on the first page.
    changed = show_pb2.Show(id=show.id, name=f"Aaa {number:06}", revision=show.revision)
    request = pb.UpdateShowRequest(show=changed, update_mask=FieldMask(paths=["name"]))
    return (await product.catalog.UpdateShow(request)).show


async def read(
    http: httpx.AsyncClient, paths: list[str], over: Callable[[], bool], offset: int
) -> int:
    """Ask until it is over; return the number told last."""
    newest = turn = 0
    while not over():
        path = paths[(turn + offset) % len(paths)]
        coding = CODINGS[turn % len(CODINGS)]
        answer = await http.get(path, headers={"accept-encoding": coding})
        assert answer.status_code == 200
        told = re.search(r"Aaa\W*(?:</\w+>\s*<[^>]*>)?\W*(\d{6})", answer.text)
        assert told, answer.text[:2_000]
        assert int(told[1]) >= newest, f"{path} told {told[1]} after {newest}"
        newest = int(told[1])
        turn += 1
    return newest


@pytest.mark.integration
async def test_no_reader_sees_a_newer_answer_followed_by_an_older_one(redis_server):
    async with contextlib.AsyncExitStack() as stack:
        product = await stack.enter_async_context(running(watch_poll_seconds=0.1))
        gateways = [
            # Short-lived, so that answers expire and are refreshed meanwhile as well.
            await stack.enter_async_context(
                gateway(product, redis_url=redis_server.url, shows_ttl_seconds=1.5)
            )
            for _ in range(2)
        ]
        await eventually(lambda: heard(product, gateways, 1))
        listed = await product.catalog.ListShows(pb.ListShowsRequest(page_size=1))
        show = await write(product, listed.shows[0], 0)
        await eventually(lambda: heard(product, gateways, show.revision))
        paths = [path.format(id=show.id, slug=show.slug) for path in PATHS]
        written = asyncio.Event()
        readers = [
            asyncio.create_task(read(http, paths, written.is_set, offset))
            for http in gateways
            for offset in range(3)
        ]
        for number in range(1, WRITES + 1):
            show = await write(product, show, number)
            await asyncio.sleep(0.03)  # the pace of the writes, and nothing that is waited for
        written.set()

        numbers = await asyncio.gather(*readers)

    # Or they would have been told nothing new.
    assert min(numbers) > 1
