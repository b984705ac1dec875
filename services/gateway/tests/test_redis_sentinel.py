"""Redis behind Sentinels: the gateway finds the master, and the next one, by itself."""

from __future__ import annotations

import pytest
import redis.asyncio
from tantrum_gateway import redis_pools

from .conftest import eventually, sited, watches
from .test_redis import redis_state

_PATIENT_SECONDS = 10.0


def client(cache) -> redis.asyncio.Redis:
    pool = redis_pools.made(cache.url, timeout_seconds=_PATIENT_SECONDS, max_connections=1)
    return redis.asyncio.Redis.from_pool(pool)


async def master_of(cache) -> str:
    async with client(cache) as redis_client:
        await redis_client.ping()
        connection = await redis_client.connection_pool.get_connection()
        return f"{connection.host}:{connection.port}"


async def has_replicas(cache) -> bool:
    try:
        async with client(cache) as redis_client:
            return (await redis_client.info("replication"))["connected_slaves"] == 2
    except redis.exceptions.ConnectionError:
        return False


@pytest.mark.integration
@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_a_failover_is_a_few_misses_and_then_the_new_master_is_used(redis_cache, fault):
    cache = redis_cache()
    await eventually(lambda: has_replicas(cache), within_seconds=60)
    former = await master_of(cache)
    async with sited(redis_url=cache.url) as site:
        await eventually(lambda: watches(site))
        await site.json("/v1/shows")
        assert await redis_state(site) == "up"

        getattr(cache, fault)(former)
        for number in range(20):
            await site.json(f"/v1/shows?minMinutes={number}")

        async def used_again() -> bool:
            await site.json("/v1/shows?minMinutes=50")
            async with client(cache) as redis_client:
                return bool(await redis_client.keys("tantrum:gateway:*"))

        async def up() -> bool:
            return await redis_state(site) == "up"

        async def moved() -> bool:
            try:
                return await master_of(cache) != former
            except redis.exceptions.RedisError:
                return False

        await eventually(moved, within_seconds=120)
        await eventually(up, within_seconds=60)
        await eventually(used_again, within_seconds=60)


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://:secret@one:26379,two:26379",
        "redis+sentinel://:secret@one:x/cache",
        "redis+sentinel://:secret@/cache",
        "http://one/cache",
    ],
)
def test_urls_of_no_known_form_are_refused(url):
    with pytest.raises(ValueError, match=r"\w") as refused:
        redis_pools.made(url, timeout_seconds=1, max_connections=1)

    assert "secret" not in str(refused.value)


@pytest.mark.integration
async def test_sentinels_that_are_gone_are_passed_over(redis_cache):
    cache = redis_cache()
    await eventually(lambda: has_replicas(cache), within_seconds=60)

    cache.kill(cache.sentinels[0])
    cache.freeze(cache.sentinels[1])

    assert await master_of(cache) in cache.nodes
