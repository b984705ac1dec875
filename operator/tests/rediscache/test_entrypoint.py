"""Servers that start, end and freeze, with real Redis and Sentinel."""

from __future__ import annotations

import pytest
from tantrum_stack.redis_writing import (
    asked,
    connection,
    eventually,
    master_of,
    replication,
    settled,
    writing,
)

pytestmark = pytest.mark.integration


async def keys(cache, address) -> int | None:
    return await asked(cache, address, "DBSIZE")


async def filled(cache, master, *, count=1_000):
    """Write keys that every replica then has."""
    async with connection(cache, master) as client:
        await client.mset({f"key-{number}": number for number in range(count)})

    async def everywhere() -> bool:
        return all([await keys(cache, each) == count for each in cache.nodes])

    await eventually(everywhere)


async def test_the_first_server_becomes_the_master_and_all_sentinels_know(redis_cache):
    cache = redis_cache()

    assert await settled(cache) == cache.nodes[0]
    assert all(cache.ready(each) for each in (*cache.nodes, *cache.sentinels))


async def test_a_master_killed_and_started_at_once_does_not_wipe_its_replicas(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    await filled(cache, master)

    cache.kill(master)
    cache.start(master)

    async def moved() -> bool:
        return await master_of(cache) not in (master, None)

    await eventually(moved)
    new = await settled(cache)
    assert new != master
    assert "names this server, which has no data" in cache.log(master)
    assert [await keys(cache, each) for each in cache.nodes] == [1_000] * 3


async def test_servers_that_are_known_by_name_keep_it_over_a_failover(redis_cache):
    cache = redis_cache(host="localhost")
    master = await settled(cache)

    cache.hand_over(master)

    assert await settled(cache) in set(cache.nodes) - {master}


async def test_a_master_with_its_data_on_disk_starts_again_as_what_it_was(redis_cache):
    cache = redis_cache(persistent=True, down_after_seconds=60)
    master = await settled(cache)
    await filled(cache, master)

    cache.kill(master)
    cache.start(master)

    assert await settled(cache) == master
    assert await keys(cache, master) == 1_000


async def test_all_servers_killed_at_once_come_back_empty_with_one_master(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    await filled(cache, master)

    cache.kill(*cache.nodes)
    cache.start(*cache.nodes)

    await settled(cache)


async def test_new_sentinels_and_an_empty_master_leave_the_data_with_the_replicas(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    await filled(cache, master)

    gone = (*cache.sentinels, master)
    cache.kill(*gone)
    for each in gone:
        cache.forget(each)
    cache.start(*gone)

    new = await settled(cache)
    assert new != master
    assert await keys(cache, new) == 1_000


async def test_a_new_sentinel_is_taken_for_the_one_that_it_replaces(redis_cache):
    cache = redis_cache()
    await settled(cache)

    for each in cache.sentinels:
        cache.kill(each)
        cache.forget(each)
        cache.start(each)
        await eventually(lambda each=each: asked(cache, each, "SENTINEL", "CKQUORUM", "cache"))

    await settled(cache)
    assert await asked(cache, cache.sentinels[0], "SENTINEL", "CKQUORUM", "cache")


async def test_a_frozen_master_is_replaced_and_follows_when_it_wakes(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    async with writing(cache) as writer:
        cache.freeze(master)
        await writer.more(50)
        assert await master_of(cache) != master
        cache.thaw(master)

        async def follows() -> bool:
            return (await replication(cache, master)).get("role") == "slave"

        await eventually(follows)
    await settled(cache)


async def test_a_planned_failover_loses_no_acknowledged_write(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    async with writing(cache) as writer:
        cache.hand_over(master)
        await writer.more(50)

        assert await settled(cache) != master
        assert await writer.lost() == []


async def test_only_the_master_hands_over(redis_cache):
    cache = redis_cache()
    master = await settled(cache)

    for each in cache.nodes:
        if each != master:
            cache.hand_over(each)

    assert await settled(cache) == master
