"""
For tests and measurements of a `RedisCacheEngine`: what its servers say, and a client that
writes all the time and remembers what was acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from tantrum_stack.redis_cache import NAME, RedisCacheEngine

_ERRORS: Final = (redis.exceptions.RedisError, OSError)

_AT_ONCE: Final = 1_000

T = TypeVar("T")


def connection(cache: RedisCacheEngine, address: str) -> redis.asyncio.Redis:
    host, _, port = address.rpartition(":")
    return redis.asyncio.Redis(
        host=host,
        port=int(port),
        password=cache.password,
        decode_responses=True,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )


async def asked(cache: RedisCacheEngine, address: str, *command: str) -> Any:
    """What one server says to *command*; None when it does not answer."""
    async with connection(cache, address) as client:
        with contextlib.suppress(*_ERRORS):
            return await client.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py's
    return None


async def master_of(cache: RedisCacheEngine) -> str | None:
    """The address that a Sentinel names."""
    for sentinel in cache.sentinels:
        found = await asked(cache, sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        if found:
            return ":".join(found)
    return None


async def replication(cache: RedisCacheEngine, address: str) -> dict[str, Any]:
    return await asked(cache, address, "INFO", "replication") or {}


async def settled(cache: RedisCacheEngine) -> str:
    """Wait until a master has every other server as a replica in step; return its address."""

    async def whole() -> str | None:
        master = await master_of(cache)
        if master is None:
            return None
        others = [each for each in cache.nodes if each != master]
        replicas = [await replication(cache, each) for each in others]
        alike = all(
            replica.get("master_link_status") == "up"
            and f"{replica['master_host']}:{replica['master_port']}" == master
            for replica in replicas
        )
        known = await asked(cache, cache.sentinels[0], "SENTINEL", "MASTER", NAME)
        seen = known and (known["num-slaves"], known["num-other-sentinels"]) == (
            str(len(others)),
            "2",
        )
        return master if alike and seen else None

    return await eventually(whole)


async def eventually(look: Callable[[], Awaitable[T | None]], *, within_seconds: float = 120) -> T:
    """Return the first true thing that *look* returns."""
    deadline = time.monotonic() + within_seconds
    while not (found := await look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never true: {look}")
        await asyncio.sleep(0.1)
    return found


class Writer:
    """Writes numbered keys through Sentinel; an error is tried again as the next number."""

    def __init__(self, cache: RedisCacheEngine) -> None:
        sentinels = [tuple(each.rsplit(":", 1)) for each in cache.sentinels]
        options: dict[str, Any] = {
            "password": cache.password,
            "socket_timeout": 0.5,
            "socket_connect_timeout": 0.5,
            "retry": None,
        }
        watchers = Sentinel(sentinels, sentinel_kwargs=options, **options)  # type: ignore[no-untyped-call] # redis-py's
        self._watchers = watchers
        self._client: redis.asyncio.Redis = watchers.master_for(NAME)
        self.acknowledged: list[str] = []
        self.longest_gap_seconds = 0.0
        self.stopping = False
        self.last_error: BaseException | None = None
        self._next = 0

    async def write(self) -> None:
        last_monotonic = time.monotonic()
        while not self.stopping:
            key = f"written-{self._next}"
            self._next += 1
            try:
                await self._client.set(key, self._next)
            except _ERRORS as error:
                self.last_error = error
                await asyncio.sleep(0.02)
                continue
            self.acknowledged.append(key)
            now_monotonic = time.monotonic()
            self.longest_gap_seconds = max(self.longest_gap_seconds, now_monotonic - last_monotonic)
            last_monotonic = now_monotonic

    async def more(self, count: int) -> None:
        """Wait for *count* further acknowledged writes."""
        wanted = len(self.acknowledged) + count

        async def enough() -> bool:
            return len(self.acknowledged) >= wanted

        await eventually(enough)

    async def lost(self) -> list[str]:
        """Which of the acknowledged writes the present master does not have."""
        keys, lost = list(self.acknowledged), []
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            there = await self._client.mget(some)
            lost += [key for key, value in zip(some, there, strict=True) if value is None]
        return lost

    async def close(self) -> None:
        await self._client.aclose()
        for each in self._watchers.sentinels:
            await each.aclose()


@contextlib.asynccontextmanager
async def writing(cache: RedisCacheEngine) -> AsyncIterator[Writer]:
    writer = Writer(cache)
    task = asyncio.create_task(writer.write())
    try:
        await writer.more(50)
        yield writer
    finally:
        writer.stopping = True
        await task
        await writer.close()
