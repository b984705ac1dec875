"""
Failovers of Redis with Sentinel, under a writer: how long nothing is acknowledged, what is lost.

The servers are those of a RedisCache, three and three, started by the program of their image.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tantrum_stack.redis_cache import NAME, RedisCacheEngine
from tantrum_stack.redis_writing import Writer, asked, settled, writing
from tantrum_stack.testing import temporary_place

from bench.report import bar, table, title

_LONGEST_GAP_SECONDS: Final = 10.0

Fault = Callable[[RedisCacheEngine, str], Awaitable[None]]


async def _killed(cache: RedisCacheEngine, master: str) -> None:
    cache.kill(master)


async def _killed_in_place(cache: RedisCacheEngine, master: str) -> None:
    cache.kill(master)
    cache.start(master)


async def _frozen(cache: RedisCacheEngine, master: str) -> None:
    cache.freeze(master)


async def _all_killed(cache: RedisCacheEngine, master: str) -> None:
    cache.kill(*cache.nodes)
    cache.start(*cache.nodes)


async def _handed_over(cache: RedisCacheEngine, master: str) -> None:
    await asyncio.to_thread(cache.hand_over, master)


async def _sentinel_alone(cache: RedisCacheEngine, master: str) -> None:
    await asked(cache, cache.sentinels[0], "SENTINEL", "FAILOVER", NAME)


_UNPLANNED: Final[dict[str, Fault]] = {
    "master killed": _killed,
    "master killed in place, empty": _killed_in_place,
    "master frozen": _frozen,
    "all killed in place, empty": _all_killed,
}
_PLANNED: Final[dict[str, Fault]] = {
    "planned, writes held back": _handed_over,
    "planned, by Sentinel alone": _sentinel_alone,
}


async def measure() -> bool:
    """Return whether every bar was held."""
    title("Redis failovers under a writer, Sentinel's down-after 3 s")
    rows = []
    for name, fault in {**_UNPLANNED, **_PLANNED}.items():
        gap_seconds, acknowledged, lost, tilted = await _one(fault)
        rows.append((name, gap_seconds, acknowledged, lost, "tilted: void" if tilted else ""))
    table(("fault", "longest gap s", "acknowledged", "lost", ""), rows)
    gaps = {name: gap for name, gap, *_ in rows}
    losses = {name: lost for name, _, _, lost, _ in rows}
    held = [
        bar(f"gap, {name}", gaps[name], at_most=_LONGEST_GAP_SECONDS, unit=" s")
        for name in _UNPLANNED
    ]
    planned = "planned, writes held back"
    return all([*held, bar(f"lost, {planned}", losses[planned], at_most=0)])


async def _one(fault: Fault) -> tuple[float, int, int, bool]:
    with temporary_place() as place:
        cache = RedisCacheEngine(place)
        try:
            cache.start()
            master = await settled(cache)
            async with writing(cache) as writer:
                await writer.more(1_000)
                await fault(cache, master)
                await _moved_on(writer)
                acknowledged, lost = len(writer.acknowledged), len(await writer.lost())
            tilted = any("+tilt" in cache.log(each) for each in cache.sentinels)
            return writer.longest_gap_seconds, acknowledged, lost, tilted
        finally:
            cache.stop()


async def _moved_on(writer: Writer) -> None:
    """Wait until writes go on, and the old master had time to be told, or Sentinel to see it."""
    await writer.more(100)
    await asyncio.sleep(15)
    await writer.more(100)
