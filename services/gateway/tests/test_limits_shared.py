"""Rate limits of several gateways over one real Redis."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import prometheus_client
import pytest
import redis.asyncio
import structlog.testing
from tantrum_gateway.limits.limiter import Limiter
from tantrum_gateway.limits.rules import LimitClass
from tantrum_gateway.limits.shared import shared

from .conftest import eventually, sited
from .test_redis import Wire, frozen

QUOTA = 300
BLOCK = 30
WINDOW_SECONDS = 36_000
LIMIT = f"{QUOTA}/{WINDOW_SECONDS}"
"""So slow that no time of a test brings more than a few tokens back."""


@pytest.fixture
def patient(monkeypatch):
    """However slow the machine is, Redis is not taken for lost: that would double the limit."""
    monkeypatch.setattr("tantrum_gateway.limits.shared.TIMEOUT_SECONDS", 60)


@contextlib.asynccontextmanager
async def gateways(*urls: str, limit: str = LIMIT) -> AsyncIterator[list[Limiter]]:
    """The limiters of one gateway for each of the *urls* of Redis."""
    limits = dict.fromkeys(LimitClass, limit)
    async with contextlib.AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        limiters = []
        for url in urls:
            limiter = Limiter(limits, max_keys=100, now_monotonic=time.monotonic)
            await stack.enter_async_context(shared(url, limiter, tasks))
            limiters.append(limiter)
        yield limiters


@contextlib.asynccontextmanager
async def sharing(url: str, count: int, *, limit: str = LIMIT) -> AsyncIterator[list[Limiter]]:
    """Gateways that all know of each other."""
    async with gateways(*[url] * count, limit=limit) as limiters:
        await eventually(lambda: all(one.gateways == count for one in limiters), within_seconds=60)
        yield limiters


async def allowed(limiters: list[Limiter], requests: int, key: str = "a") -> int:
    """How many of so many requests are allowed, sent to one gateway after the other."""
    count = 0
    for number in range(requests):
        count += limiters[number % len(limiters)].take(LimitClass.READ, key).allowed
        await asyncio.sleep(0)
    return count


async def exhausted(limiters: list[Limiter], key: str = "a") -> int:
    """How many requests are allowed until all gateways refuse, and Redis has nothing more."""
    count = 0

    async def all_refuse() -> bool:
        nonlocal count
        more = await allowed(limiters, 30 * len(limiters), key)
        count += more
        return not more and all(
            limiter.take(LimitClass.READ, key).retry_after_seconds > 60 for limiter in limiters
        )

    await eventually(all_refuse, within_seconds=60)
    return count


@pytest.mark.integration
async def test_three_gateways_allow_the_limit_and_two_blocks_at_most(redis_server, patient):
    started = time.monotonic()
    async with sharing(redis_server.url, 3) as limiters:
        count = await exhausted(limiters)

    brought_back = (time.monotonic() - started) * QUOTA / WINDOW_SECONDS
    assert QUOTA <= count <= QUOTA + 2 * BLOCK + brought_back + 1


@pytest.mark.integration
async def test_one_gateway_of_three_allows_exactly_the_limit(redis_server, patient):
    async with sharing(redis_server.url, 3) as limiters:
        count = await exhausted(limiters[:1])

        assert count <= QUOTA + 3
        assert count >= QUOTA
        # The others allow what they hold on credit, until Redis tells them.
        assert await exhausted(limiters[1:]) <= 2 * BLOCK + 3


@pytest.mark.integration
async def test_what_one_gateway_allowed_another_does_not_again(redis_server, patient):
    async with sharing(redis_server.url, 2) as limiters:
        await exhausted(limiters)
        async with gateways(redis_server.url) as [newcomer]:
            await eventually(lambda: newcomer.shared, within_seconds=60)

            assert await exhausted([newcomer]) <= BLOCK + 3


@pytest.mark.integration
async def test_tokens_come_back_with_time(redis_server, patient):
    async with sharing(redis_server.url, 2, limit="20/1") as limiters:
        await allowed(limiters, 200)

        for limiter in limiters:
            await eventually(lambda one=limiter: one.take(LimitClass.READ, "a").allowed)


@pytest.mark.integration
async def test_redis_is_asked_once_for_hundreds_of_requests(redis_server, patient):
    def blocks_asked() -> float:
        name, labels = "tantrum_gateway_limit_leases_total", {"outcome": "ok"}
        return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0

    async with sharing(redis_server.url, 1, limit="100000/60") as limiters:
        before = blocks_asked()

        assert await allowed(limiters, 9_000) == 9_000

        assert blocks_asked() - before <= 2


@pytest.mark.integration
async def test_who_makes_few_requests_costs_redis_nothing(redis_server, patient):
    async with sharing(redis_server.url, 1) as limiters:
        for number in range(1_000):
            limiters[0].take(LimitClass.READ, f"stranger-{number}")
        await exhausted(limiters, key="busy")
        async with redis.asyncio.Redis.from_url(redis_server.url) as client:
            keys = await client.keys("tantrum:limits:*")

    assert sorted(keys) == [b"tantrum:limits:gateways", b"tantrum:limits:read:busy"]


@pytest.mark.integration
async def test_buckets_in_redis_go_by_themselves(redis_server, patient):
    async with sharing(redis_server.url, 1) as limiters:
        await exhausted(limiters)
        async with redis.asyncio.Redis.from_url(redis_server.url) as client:
            bucket_ms = await client.pttl("tantrum:limits:read:a")
            gateways_ms = await client.pttl("tantrum:limits:gateways")

    assert 0 < bucket_ms <= 2 * WINDOW_SECONDS * 1000
    assert 0 < gateways_ms <= 10_000


@pytest.mark.integration
async def test_when_redis_goes_each_gateway_has_its_share_and_when_it_is_back_they_share(
    redis_server,
):
    there = urlsplit(redis_server.url)
    wire = Wire(redis_server.url)
    await wire.connect()
    url = redis_server.url.replace(f"{there.hostname}:{there.port}", f"127.0.0.1:{wire.port}")
    async with sharing(url, 3) as limiters:
        await wire.cut()
        await eventually(lambda: not any(one.shared for one in limiters), within_seconds=60)

        assert [await allowed([one], QUOTA) for one in limiters] == [QUOTA // 3] * 3

        await wire.connect()
        await eventually(lambda: all(one.shared for one in limiters), within_seconds=60)
        assert await exhausted(limiters, key="b") >= QUOTA
    await wire.cut()


async def test_a_frozen_redis_is_as_none():
    async with frozen() as url, gateways(url) as [limiter]:
        assert await allowed([limiter], QUOTA + 10) == QUOTA
        assert not limiter.shared


@pytest.mark.integration
async def test_three_whole_gateways_keep_one_limit(redis_server, patient):
    url = redis_server.url
    async with contextlib.AsyncExitStack() as stack:
        logs = stack.enter_context(structlog.testing.capture_logs())
        sites = [
            await stack.enter_async_context(sited(redis_url=url, limit_read=LIMIT))
            for _ in range(3)
        ]
        await eventually(
            lambda: [one["event"] for one in logs].count("limits_shared") == 3, within_seconds=60
        )

        async def ask() -> list[int]:
            return [(await sites[n % 3].get("/v1/shows")).status_code for n in range(150)]

        codes = list(itertools.chain.from_iterable(await asyncio.gather(*(ask() for _ in "1234"))))

    assert set(codes) == {200, 429}
    assert QUOTA <= codes.count(200) <= QUOTA + 2 * BLOCK + 10
