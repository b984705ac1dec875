"""
The second cache level: answers in Redis, shared by all gateways.

A key holds the build's version and the catalogue revision, so nothing is ever
deleted, and an answer that is found is right. Redis may be slow, frozen or gone:
after an error nobody asks it again until it has answered a ping in the
background, so that at most the requests of one moment wait, 100 ms at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator
from typing import Final, Protocol, cast

import msgspec
import redis.asyncio
import redis.exceptions
import structlog
import zstandard

from tantrum_gateway import metrics
from tantrum_gateway.reads import Reply

log = structlog.get_logger()

TIMEOUT_SECONDS: Final = 0.1
_PROBE_PERIOD_SECONDS: Final = 1.0
_MAX_CONNECTIONS: Final = 32
_MAX_WRITES: Final = 256
_MAX_STORED_BYTES: Final = 1_048_576
_JITTER: Final = 0.1
_ERRORS: Final = (redis.exceptions.RedisError, OSError)  # TimeoutError is an OSError


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    """What is in Redis under a key."""

    media_type: str
    catalog_revision: int
    zstd_body: bytes


class ReplyStore(Protocol):
    """A cache level that may fail, and then misses."""

    @property
    def state(self) -> str:
        """One of `up`, `down` and `off`."""

    async def get(self, key: str, *, catalog_revision: int) -> Reply | None: ...

    def put(self, key: str, reply: Reply, *, ttl_seconds: float) -> None: ...


class NoStore:
    """Stands in for Redis where there is none."""

    state = "off"

    async def get(self, key: str, *, catalog_revision: int) -> Reply | None:
        return None

    def put(self, key: str, reply: Reply, *, ttl_seconds: float) -> None:
        return


class RedisStore:
    """Replies in Redis, by canonical request and catalogue revision."""

    def __init__(
        self, client: redis.asyncio.Redis, tasks: asyncio.TaskGroup, *, version: str
    ) -> None:
        self._client = client
        self._tasks = tasks
        self._prefix = f"tantrum:gateway:{version}"
        self._writes = 0
        self._broken = asyncio.Event()

    @property
    def state(self) -> str:
        return "down" if self._broken.is_set() else "up"

    async def get(self, key: str, *, catalog_revision: int) -> Reply | None:
        """Return what is stored; None where nothing is, or where Redis does not answer."""
        if self._broken.is_set():
            metrics.L2_LOOKUPS_SKIPPED.inc()
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                raw = await self._client.get(self._redis_key(key, catalog_revision))
        except _ERRORS as error:
            metrics.L2_LOOKUPS_ERROR.inc()
            self._break(error)
            return None
        if raw is None:
            metrics.L2_LOOKUPS_MISS.inc()
            return None
        reply = _decoded(cast("bytes", raw))
        (metrics.L2_LOOKUPS_HIT if reply else metrics.L2_LOOKUPS_ERROR).inc()
        return reply

    def put(self, key: str, reply: Reply, *, ttl_seconds: float) -> None:
        """Store *reply* in the background, if Redis is there and not too much is under way."""
        if self._broken.is_set() or self._writes >= _MAX_WRITES:
            return
        if len(reply.body) > _MAX_STORED_BYTES:
            return
        self._writes += 1
        self._tasks.create_task(self._write(key, reply, ttl_seconds))

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

    async def _write(self, key: str, reply: Reply, ttl_seconds: float) -> None:
        jittered_seconds = ttl_seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._client.set(
                    self._redis_key(key, reply.catalog_revision),
                    _encoded(reply),
                    px=max(1, int(jittered_seconds * 1000)),
                )
        except _ERRORS as error:
            self._break(error)
        finally:
            self._writes -= 1

    def _break(self, error: Exception) -> None:
        if not self._broken.is_set():
            log.warning("redis_failed", error=type(error).__name__)
            self._broken.set()

    def _redis_key(self, key: str, catalog_revision: int) -> str:
        digest = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        return f"{self._prefix}:{catalog_revision}:{digest}"


@contextlib.asynccontextmanager
async def connected(
    url: str | None, tasks: asyncio.TaskGroup, *, version: str
) -> AsyncIterator[ReplyStore]:
    """Yield the store at *url*, or one that keeps nothing where that is None."""
    if url is None:
        yield NoStore()
        return
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=_MAX_CONNECTIONS,
        timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=None,
    )
    client = redis.asyncio.Redis(connection_pool=pool)
    store = RedisStore(client, tasks, version=version)
    probing = tasks.create_task(store.probe())
    try:
        yield store
    finally:
        probing.cancel()
        with contextlib.suppress(*_ERRORS):
            await client.aclose()
            await pool.aclose()


def _encoded(reply: Reply) -> bytes:
    return msgspec.msgpack.encode(
        _Stored(
            media_type=reply.media_type,
            catalog_revision=reply.catalog_revision,
            zstd_body=zstandard.ZstdCompressor(level=3).compress(reply.body),
        )
    )


def _decoded(raw: bytes) -> Reply | None:
    try:
        stored = msgspec.msgpack.decode(raw, type=_Stored)
        body = zstandard.ZstdDecompressor().decompress(stored.zstd_body)
    except (msgspec.MsgspecError, zstandard.ZstdError):
        log.warning("redis_value_unreadable")
        return None
    return Reply(body=body, media_type=stored.media_type, catalog_revision=stored.catalog_revision)
