"""The second cache level: shared, disposable, never in the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import redis.asyncio

from .conftest import Site, eventually, sited, watches
from .fakes import FakeCatalog, make_show


async def redis_state(site: Site) -> str:
    return (await site.get("/api/health")).json()["upstreams"]["redis"]["state"]


@pytest.mark.integration
async def test_what_one_gateway_has_asked_another_need_not(redis_server):
    catalog = FakeCatalog()
    async with sited(catalog=catalog, redis_url=redis_server.url) as one:
        await eventually(lambda: watches(one))
        first = await one.get("/v1/shows")
        await eventually(lambda: keys(redis_server.url))
    async with sited(catalog=catalog, redis_url=redis_server.url) as other:
        await eventually(lambda: watches(other))
        second = await other.get("/v1/shows")

        assert second.content == first.content
        assert second.headers["catalog-revision"] == first.headers["catalog-revision"]
        assert other.catalog.counts["ListShows"] == 0
        assert await redis_state(other) == "up"


async def keys(url: str) -> list[bytes]:
    async with redis.asyncio.Redis.from_url(url) as client:
        return list(await client.keys("tantrum:gateway:*"))


@pytest.mark.integration
async def test_a_write_outdates_and_replaces_what_redis_has(redis_server):
    catalog = FakeCatalog([make_show(name="Old")])
    async with sited(catalog=catalog, redis_url=redis_server.url) as site:
        await site.json("/v1/shows/1")
        await eventually(lambda: keys(redis_server.url))
        await catalog.write(make_show(name="New"))

        async def new() -> bool:
            return (await site.json("/v1/shows/1"))["name"] == "New"

        await eventually(new, within_seconds=1)

        async def replaced() -> bool:
            [key] = await keys(redis_server.url)
            return await stored_revision(redis_server.url, key) == catalog.revision

        await eventually(replaced)


async def stored_revision(url: str, key: bytes) -> int:
    async with redis.asyncio.Redis.from_url(url) as client:
        return int((await client.get(key))[:16], 16)


@pytest.mark.integration
async def test_absence_and_errors_are_not_shared(redis_server):
    async with sited(redis_url=redis_server.url) as site:
        await site.get("/v1/shows/nope")
        await site.get("/v1/shows?minAge=x")
        await site.get("/images/picture-1")

        assert await keys(redis_server.url) == []


class Wire:
    """A way to Redis to be cut. Restarting Redis itself would fork a process that runs gRPC."""

    def __init__(self, url: str) -> None:
        there = urlsplit(url)
        self._there = (there.hostname, there.port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def connect(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection(*self._there)
        self._writers |= {back, forth}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._copy(near, forth), self._copy(far, back))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
        target.close()


@pytest.mark.integration
async def test_when_redis_goes_answers_continue_and_it_is_used_again_when_back(redis_server):
    wire = Wire(redis_server.url)
    await wire.connect()
    address = f"{urlsplit(redis_server.url).hostname}:{urlsplit(redis_server.url).port}"
    url = redis_server.url.replace(address, f"127.0.0.1:{wire.port}")
    async with sited(redis_url=url) as site:
        await site.json("/v1/shows")
        await eventually(lambda: keys(redis_server.url))
        await wire.cut()
        for number in range(20):
            await site.json(f"/v1/shows?minMinutes={number}")
        assert await redis_state(site) == "down"
        assert (await site.json("/api/health"))["status"] == "degraded"

        await wire.connect()

        async def up() -> bool:
            return await redis_state(site) == "up"

        await eventually(up)
        before = len(await keys(redis_server.url))
        await site.json("/v1/shows?minMinutes=50")

        async def one_more() -> bool:
            return len(await keys(redis_server.url)) == before + 1

        await eventually(one_more)
    await wire.cut()


@pytest.mark.integration
async def test_what_is_unreadable_in_redis_is_a_miss(redis_server):
    catalog = FakeCatalog()
    async with sited(catalog=catalog, redis_url=redis_server.url) as one:
        await eventually(lambda: watches(one))
        await one.json("/v1/shows")
        await eventually(lambda: keys(redis_server.url))
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        for key in await client.keys("tantrum:gateway:*"):
            await client.set(key, b"\x93nonsense")
    async with sited(catalog=catalog, redis_url=redis_server.url) as other:
        await other.json("/v1/shows")

        assert other.catalog.counts["ListShows"] == 1


@contextlib.asynccontextmanager
async def frozen() -> AsyncIterator[str]:
    """A server that accepts connections and never says a word, as a stopped process does."""
    ended = asyncio.Event()

    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(listen_only, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        ended.set()
        server.close()


async def test_a_frozen_redis_costs_one_moment_and_then_nothing():
    async with frozen() as url, sited(redis_url=url) as site:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await site.json("/v1/shows")
        first_seconds = loop.time() - started

        started = loop.time()
        for number in range(20):
            await site.json(f"/v1/shows?minMinutes={number}")
        more_seconds = loop.time() - started

        assert first_seconds < 0.9
        assert more_seconds < 20 * 0.1
        assert await redis_state(site) == "down"


async def test_a_redis_that_is_not_there_is_no_reason_not_to_start():
    async with sited(redis_url="redis://127.0.0.1:1/0") as site:
        await site.json("/v1/shows")

        assert (await site.get("/readyz")).status_code == 200
        assert await redis_state(site) == "down"
