"""
Whatever is written and asked, no cache ever gives a stale answer.

The yardstick is a gateway that keeps nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import httpx
import pytest
from grpc import aio
from tvtantrum.search.v1 import search_service_pb2 as search_pb

from .chance import Chance
from .product import Product, gateway, running

WRITES = 15
REQUESTS_AFTER_EACH = 15


async def eventually(condition: Callable[[], object], *, within_seconds: float = 30.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {within_seconds} s"
        await asyncio.sleep(0.002)


async def heard(product: Product, gateways: list[httpx.AsyncClient], revision: int) -> bool:
    """Whether all of them have heard of *revision*."""
    try:
        found = await product.search.SuggestShows(search_pb.SuggestShowsRequest(query="a"))
    except aio.AioRpcError:  # the index is not loaded yet
        return False
    if found.catalog_revision < revision:
        return False
    for one in gateways:
        health = (await one.get("/api/health")).json()
        if health["revision"] < revision or health["watch"]["state"] != "up":
            return False
    return True


@pytest.mark.integration
@pytest.mark.parametrize("seed", range(3))
async def test_nobody_gets_a_stale_answer(seed, redis_server):
    redis_url = redis_server.url.rsplit("/", 1)[0] + f"/{seed}"
    hits = 0
    async with contextlib.AsyncExitStack() as stack:
        product = await stack.enter_async_context(running())
        caching = [
            await stack.enter_async_context(gateway(product, redis_url=redis_url)) for _ in range(2)
        ]
        keeping_nothing = await stack.enter_async_context(gateway(product, l1_size_bytes=0))
        chance = Chance(seed, product)
        await eventually(lambda: heard(product, [*caching, keeping_nothing], 1))
        await chance.look()
        asked: list[str] = []
        for _ in range(WRITES):
            asked = [*asked[-15:], *(chance.path() for _ in range(REQUESTS_AFTER_EACH))]
            for one in caching:
                for path in asked:
                    await one.get(path)

            revision = await chance.write()
            await eventually(lambda: heard(product, [*caching, keeping_nothing], revision))  # noqa: B023

            for path in asked:
                expected = await keeping_nothing.get(path)
                for one in caching:
                    got = await one.get(path)
                    assert expected.status_code in (200, 404), path
                    assert (got.status_code, got.text) == (expected.status_code, expected.text), (
                        path
                    )
                    hits += "; hit" in got.headers["cache-status"]
    # Or it would prove nothing.
    assert hits > WRITES * REQUESTS_AFTER_EACH
