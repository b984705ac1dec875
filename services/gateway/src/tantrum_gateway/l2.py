"""
The second cache level: answers in Redis, shared by all gateways.

A value says which revision it was made at and what it depends on, and whoever reads it
judges by its own watch whether it still holds: so a write deletes nothing here, and an older
answer never replaces a newer one. Values outlive their time, for when the catalogue is gone.

Redis may be slow, frozen or gone: after an error nobody asks it again until it has
answered a ping in the background, so that at most the requests of one moment wait, 100 ms
at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import msgspec
import redis.asyncio
import redis.exceptions
import structlog
import zstandard

from tantrum_gateway import metrics, redis_pools
from tantrum_gateway.dependencies import Dependencies
from tantrum_gateway.reads import Reply
from tantrum_gateway.selectors import FieldsSelector, FilterSelector
from tantrum_gateway.word_selectors import SearchSelector, SuggestionSelector

log = structlog.get_logger()

TIMEOUT_SECONDS: Final = 0.1
_PROBE_PERIOD_SECONDS: Final = 1.0
_MAX_CONNECTIONS: Final = 32
_MAX_WRITES: Final = 256
_MAX_STORED_BYTES: Final = 1_048_576
_JITTER: Final = 0.1
_ERRORS: Final = (redis.exceptions.RedisError, OSError)  # TimeoutError is an OSError


# A value begins with its revision, in a form that compares as numbers do. What does not is
# not ours, or damaged. A writer that was slow, or far behind, replaces nothing newer.
_REVISION_BYTES: Final = 16
_SET_UNLESS_NEWER: Final = """
local stored = redis.call('GETRANGE', KEYS[1], 0, 15)
if #stored == 16 and not string.find(stored, '%X') and stored > string.sub(ARGV[1], 1, 16) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_SCAN_COUNT: Final = 1_000


AnySelector = FieldsSelector | FilterSelector | SearchSelector | SuggestionSelector


class _Value(msgspec.Struct, array_like=True, frozen=True):
    """What is in Redis under a key, after the revision."""

    media_type: str
    zstd_body: bytes
    made_time: float
    fresh_seconds: float
    tags: list[str]
    selectors: list[AnySelector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A reply from Redis: how old it is, and how long it is fresh, if it still holds."""

    reply: Reply
    age_seconds: float
    fresh_seconds: float
    """From now on; negative when that is over."""


class ReplyStore(Protocol):
    """A cache level that may fail, and then misses."""

    @property
    def state(self) -> str:
        """One of `up`, `down` and `off`."""

    async def get(self, key: str) -> Stored | None: ...

    def put(self, key: str, reply: Reply, *, fresh_seconds: float) -> None: ...

    def forget(self) -> None: ...


class NoStore:
    """Stands in for Redis where there is none."""

    state = "off"

    async def get(self, key: str) -> Stored | None:
        return None

    def put(self, key: str, reply: Reply, *, fresh_seconds: float) -> None:
        return

    def forget(self) -> None:
        return


class RedisStore:
    """Replies in Redis, by canonical request."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        tasks: asyncio.TaskGroup,
        *,
        version: str,
        stale_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._tasks = tasks
        self._prefix = f"tantrum:gateway:{version}:"
        self._stale_seconds = stale_seconds
        self._now = now
        self._set = client.register_script(_SET_UNLESS_NEWER)
        self._writes = 0
        self._broken = asyncio.Event()

    @property
    def state(self) -> str:
        return "down" if self._broken.is_set() else "up"

    async def get(self, key: str) -> Stored | None:
        """
        Return what is stored, whether it still holds or not.

        None where nothing is, or where Redis does not answer.
        """
        if self._broken.is_set():
            metrics.L2_LOOKUPS_SKIPPED.inc()
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                raw = await self._client.get(self._redis_key(key))
        except _ERRORS as error:
            metrics.L2_LOOKUPS_ERROR.inc()
            self._break(error)
            return None
        if raw is None:
            metrics.L2_LOOKUPS_MISS.inc()
            return None
        stored = _decoded(cast("bytes", raw), now=self._now())
        if stored is None:
            metrics.L2_LOOKUPS_ERROR.inc()
        return stored

    def put(self, key: str, reply: Reply, *, fresh_seconds: float) -> None:
        """
        Store *reply*, which has just been made, in the background.

        Not if Redis is gone, too much is under way, or a newer one is there.
        """
        if self._broken.is_set() or self._writes >= _MAX_WRITES:
            return
        if len(reply.body) > _MAX_STORED_BYTES:
            return
        self._writes += 1
        self._tasks.create_task(self._write(key, reply, fresh_seconds))

    def forget(self) -> None:
        """Delete everything in the background: the catalogue has gone back to an earlier state."""
        self._tasks.create_task(self._delete_all())

    async def probe(self) -> None:
        """Until cancelled: after an error, ask Redis every second whether it is back."""
        while True:
            await self._broken.wait()
            await asyncio.sleep(_PROBE_PERIOD_SECONDS)
            with contextlib.suppress(*_ERRORS):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await self._client.ping()
                self._broken.clear()
                log.info("redis_back")

    async def _write(self, key: str, reply: Reply, fresh_seconds: float) -> None:
        jittered_seconds = fresh_seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311
        value = _encoded(reply, made_time=self._now(), fresh_seconds=jittered_seconds)
        kept_ms = max(1, int((jittered_seconds + self._stale_seconds) * 1000))
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._set(keys=[self._redis_key(key)], args=[value, kept_ms])
        except _ERRORS as error:
            self._break(error)
        finally:
            self._writes -= 1

    async def _delete_all(self) -> None:
        try:
            keys: list[bytes] = []
            async for key in self._client.scan_iter(f"{self._prefix}*", count=_SCAN_COUNT):
                keys.append(key)
                if len(keys) >= _SCAN_COUNT:
                    await self._client.unlink(*keys)
                    keys.clear()
            if keys:
                await self._client.unlink(*keys)
        except _ERRORS as error:
            self._break(error)

    def _break(self, error: Exception) -> None:
        if not self._broken.is_set():
            log.warning("redis_failed", error=type(error).__name__)
            self._broken.set()

    def _redis_key(self, key: str) -> str:
        return self._prefix + hashlib.blake2b(key.encode(), digest_size=20).hexdigest()


@contextlib.asynccontextmanager
async def connected(
    url: str | None, tasks: asyncio.TaskGroup, *, version: str, stale_seconds: float
) -> AsyncIterator[ReplyStore]:
    """Yield the store at *url*, or one that keeps nothing where that is None."""
    if url is None:
        yield NoStore()
        return
    pool = redis_pools.made(url, timeout_seconds=TIMEOUT_SECONDS, max_connections=_MAX_CONNECTIONS)
    metrics.REDIS_CONNECTIONS.labels("idle").set_function(lambda: pool.get_connection_count()[0][0])
    metrics.REDIS_CONNECTIONS.labels("used").set_function(lambda: pool.get_connection_count()[1][0])
    client = redis.asyncio.Redis(connection_pool=pool)
    store = RedisStore(client, tasks, version=version, stale_seconds=stale_seconds)
    probing = tasks.create_task(store.probe())
    try:
        yield store
    finally:
        probing.cancel()
        with contextlib.suppress(*_ERRORS):
            await client.aclose()
            await pool.aclose()


def _encoded(reply: Reply, *, made_time: float, fresh_seconds: float) -> bytes:
    value = _Value(
        media_type=reply.media_type,
        zstd_body=zstandard.ZstdCompressor(level=3).compress(reply.body),
        made_time=made_time,
        fresh_seconds=fresh_seconds,
        tags=list(reply.depends.tags),
        selectors=cast("list[AnySelector]", list(reply.depends.selectors)),
    )
    return b"%016x" % reply.catalog_revision + msgspec.msgpack.encode(value)


def _decoded(raw: bytes, *, now: float) -> Stored | None:
    try:
        revision = int(raw[:_REVISION_BYTES], 16)
        value = msgspec.msgpack.decode(raw[_REVISION_BYTES:], type=_Value)
        body = zstandard.ZstdDecompressor().decompress(value.zstd_body)
    except (ValueError, msgspec.MsgspecError, zstandard.ZstdError):
        log.warning("redis_value_unreadable")
        return None
    depends = Dependencies(
        tags=frozenset(value.tags),
        selectors=frozenset(value.selectors),
    )
    # Clocks of two machines differ; nothing is younger than new.
    age_seconds = max(0.0, now - value.made_time)
    return Stored(
        reply=Reply(
            body=body, media_type=value.media_type, catalog_revision=revision, depends=depends
        ),
        age_seconds=age_seconds,
        fresh_seconds=value.fresh_seconds - age_seconds,
    )
