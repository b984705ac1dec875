"""Real servers, as the operator reads them and tells them."""

from __future__ import annotations

import pytest
from tantrum_operator.rediscache import verdict
from tantrum_operator.rediscache.naming import Names
from tantrum_operator.rediscache.plan import Desired, agreed_master, in_step
from tantrum_operator.rediscache.servers import Servers
from tantrum_operator.rediscache.spec import parse
from tantrum_stack.redis_cache import NAME
from tantrum_stack.redis_writing import asked, eventually, settled

from .objects import NOW, observed, pod

pytestmark = pytest.mark.integration

SPEC = parse({"image": "redis", "replicas": 3})
NAMES = Names(namespace="shows", cache=NAME)


async def look(cache, servers):
    wanted = Desired(spec=SPEC, names=NAMES, children=())
    seen = observed(
        wanted,
        pods=tuple(pod(each) for each in range(3)),
        nodes=await servers.nodes(cache.nodes),
        sentinels=await servers.sentinels(cache.sentinels),
    )
    status = verdict.status(wanted, seen, {}, now=NOW)
    return seen, {each.type: each for each in verdict.conditions(wanted, seen, status)}


async def test_servers_that_are_well_make_a_cache_that_is_ready(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    servers = Servers(NAME, cache.password)

    async def ready() -> bool:
        _, conditions = await look(cache, servers)
        return conditions["Ready"].status == "True"

    await eventually(ready)
    seen, _ = await look(cache, servers)
    assert agreed_master(SPEC, NAMES, seen) == master
    assert in_step(SPEC, seen, master)


async def test_who_does_not_answer_is_missed(redis_cache):
    cache = redis_cache(down_after_seconds=60)
    master = await settled(cache)
    servers = Servers(NAME, cache.password)
    cache.freeze(master)
    cache.kill(*cache.sentinels[1:])

    seen, conditions = await look(cache, servers)

    assert master not in {each.address for each in seen.nodes}
    assert [each.address for each in seen.sentinels] == cache.sentinels[:1]
    assert conditions["Available"].status == "False"
    assert conditions["Quorum"].reason == "NoQuorum"


async def test_a_wrong_password_is_no_answer(redis_cache):
    cache = redis_cache()
    await settled(cache)

    assert await Servers(NAME, "another").nodes(cache.nodes) == ()


async def test_a_second_master_is_seen_and_made_a_replica(redis_cache):
    cache = redis_cache()
    master = await settled(cache)
    servers = Servers(NAME, cache.password)
    # One that Sentinel knows it would bring back itself.
    cache.kill(*cache.sentinels)
    other = next(each for each in cache.nodes if each != master)
    await asked(cache, other, "REPLICAOF", "NO", "ONE")

    _, conditions = await look(cache, servers)
    assert conditions["SplitBrain"].reason == "NoQuorum"
    await servers.follow(other, master)

    [node] = await servers.nodes([other])
    assert (node.master, node.follows) == (False, master)


async def test_a_sentinel_that_is_reset_finds_the_others_again(redis_cache):
    cache = redis_cache()
    await settled(cache)
    servers = Servers(NAME, cache.password)

    await servers.reset(cache.sentinels[0])

    async def whole() -> bool:
        found = await servers.sentinels(cache.sentinels[:1])
        return [(each.others, each.replicas) for each in found] == [(2, 2)]

    await eventually(whole)
