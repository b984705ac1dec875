"""
Leases blocks of tokens from Redis, for all keys that are low at once, in the background.

Redis holds a bucket for each key, and when each gateway was heard of last. Without it
the limiter divides each limit by the number of gateways that it was told last.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any, Final, cast

import redis.asyncio
import redis.exceptions
import structlog

from tantrum_gateway import metrics, redis_pools
from tantrum_gateway.limits.lease import Grant, Lease
from tantrum_gateway.limits.limiter import Limiter

log = structlog.get_logger()

TIMEOUT_SECONDS: Final = 0.5
"""How long Redis may take. Nobody waits for it, but who is low gets no more meanwhile."""

HEARTBEAT_SECONDS: Final = 1.0
"""How often a gateway says that it is there, and how often it looks for a lost Redis."""

_SEEN_FOR_MS: Final = 10_000
_MOST_AT_ONCE: Final = 512
_ERRORS: Final = (redis.exceptions.RedisError, OSError)  # TimeoutError is an OSError
_PREFIX: Final = "tantrum:limits"

# Replies with the number of gateways, and for each bucket the tokens granted and left.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now_ms, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local reply = {redis.call('ZCARD', KEYS[1])}
for place = 2, #KEYS do
  local at = 4 * place - 5
  local quota, window_ms = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local owed, wanted = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local level = quota
  local bucket = redis.call('HMGET', KEYS[place], 'level', 'ms')
  if bucket[1] then
    local passed_ms = math.max(0, now_ms - bucket[2])
    level = math.min(quota, bucket[1] + passed_ms * quota / window_ms)
  end
  level = math.max(-quota, level - owed)
  local granted = math.max(0, math.min(wanted, math.floor(level)))
  level = level - granted
  redis.call('HSET', KEYS[place], 'level', tostring(level), 'ms', now_ms)
  redis.call('PEXPIRE', KEYS[place], 2 * window_ms)
  reply[#reply + 1] = granted
  reply[#reply + 1] = tostring(level)
end
return reply
"""


class SharedBuckets:
    """Fills the leases of a limiter. To be used on one event loop."""

    def __init__(self, client: redis.asyncio.Redis, limiter: Limiter) -> None:
        self._script = client.register_script(_SCRIPT)
        self._limiter = limiter
        self._own_id = secrets.token_hex(8)
        self._due: list[tuple[float, int, Lease]] = []
        self._serial = itertools.count()
        self._wake = asyncio.Event()
        loop = asyncio.get_running_loop()
        limiter.on_wanted = lambda: loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Until cancelled: give each lease that wants one a block, as soon as there is any."""
        while True:
            leases = self._next_batch()
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    reply = await self._ask(leases)
            except _ERRORS as error:
                self._be_alone(leases, error)
            else:
                self._hand_out(leases, reply)
            await self._until_something_is_due()

    def _next_batch(self) -> list[Lease]:
        wanted = self._limiter.wanted
        while wanted:
            lease = wanted.popleft()
            heapq.heappush(self._due, (lease.due_monotonic, next(self._serial), lease))
        now_monotonic = time.monotonic()
        leases: list[Lease] = []
        while self._due and self._due[0][0] <= now_monotonic and len(leases) < _MOST_AT_ONCE:
            leases.append(heapq.heappop(self._due)[2])
        return leases

    async def _ask(self, leases: list[Lease]) -> list[Any]:
        keys = [f"{_PREFIX}:gateways"]
        arguments: list[str | int] = [self._own_id, _SEEN_FOR_MS]
        for lease in leases:
            rule = lease.rule
            keys.append(f"{_PREFIX}:{rule.limit_class}:{lease.key}")
            wanted = max(0, lease.target - lease.left)
            arguments += [rule.quota, rule.window_seconds * 1000, lease.owed, wanted]
        return cast("list[Any]", await self._script(keys=keys, args=arguments))

    def _hand_out(self, leases: list[Lease], reply: list[Any]) -> None:
        gateways, *grants = reply
        now_monotonic = time.monotonic()
        for place, lease in enumerate(leases):
            tokens, left_tokens = grants[2 * place : 2 * place + 2]
            grant = Grant(tokens=int(tokens), left_tokens=float(left_tokens))
            lease.charged(grant, now_monotonic)
        self._limiter.gateways = int(gateways)
        if not self._limiter.shared:
            self._limiter.shared = True
            log.info("limits_shared", gateways=int(gateways))
        metrics.LIMIT_LEASES.labels("ok").inc(len(leases))
        metrics.LIMITS_SHARED.set(1)
        metrics.LIMIT_GATEWAYS.set(self._limiter.gateways)

    def _be_alone(self, leases: list[Lease], error: Exception) -> None:
        if self._limiter.shared:
            self._limiter.shared = False
            log.warning("limits_not_shared", error=type(error).__name__)
        for lease in [*leases, *(lease for _, _, lease in self._due)]:
            lease.asked = False
        self._due.clear()
        metrics.LIMIT_LEASES.labels("error").inc(len(leases))
        metrics.LIMITS_SHARED.set(0)

    async def _until_something_is_due(self) -> None:
        wait_seconds = HEARTBEAT_SECONDS
        if self._limiter.shared and self._due:
            wait_seconds = min(wait_seconds, max(0.0, self._due[0][0] - time.monotonic()))
        # Not `wait_for`: Python 3.11's loses a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._wake.wait()
        self._wake.clear()


@contextlib.asynccontextmanager
async def shared(
    url: str | None, limiter: Limiter, tasks: asyncio.TaskGroup
) -> AsyncIterator[None]:
    """Have *limiter* share its limits with other gateways through the Redis at *url*, if any."""
    if url is None:
        yield
        return
    pool = redis_pools.made(url, timeout_seconds=TIMEOUT_SECONDS, max_connections=1)
    client = redis.asyncio.Redis.from_pool(pool)
    leasing = tasks.create_task(SharedBuckets(client, limiter).run())
    try:
        yield
    finally:
        leasing.cancel()
        limiter.on_wanted = lambda: None
        with contextlib.suppress(*_ERRORS):
            await client.aclose()
