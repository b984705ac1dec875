"""The watch: lists, follows, resumes, starts over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tantrum_gateway import app, upstreams
from tantrum_gateway.dependencies import Change
from tantrum_gateway.known_shows import KnownShows
from tantrum_gateway.watch import Watch

from .conftest import client_of, eventually, settings_for, sited
from .fakes import FakeCatalog, FakeSearch, catalog_served, make_show, search_served


class Heard:
    """Notes what a watch says."""

    def __init__(self) -> None:
        self.starts = 0
        self.changes: list[Change] = []
        self.resets = 0

    @property
    def revisions(self) -> list[int]:
        return [change.revision for change in self.changes]

    def start(self) -> None:
        self.starts += 1

    def reset(self) -> None:
        self.resets += 1


@contextlib.asynccontextmanager
async def watching(
    address: str, *, silence_seconds: float = 15.0
) -> AsyncIterator[tuple[Watch, Heard]]:
    heard = Heard()
    async with upstreams.connected(catalog_address=address, search_address=address) as stubs:
        shows = KnownShows(stubs)
        watch = Watch(
            stubs,
            shows,
            on_start=heard.start,
            on_change=heard.changes.append,
            on_reset=heard.reset,
            now_monotonic=asyncio.get_running_loop().time,
            silence_seconds=silence_seconds,
        )
        tasks = [asyncio.create_task(watch.run()), asyncio.create_task(shows.run())]
        try:
            yield watch, heard
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def test_it_starts_at_the_revision_of_a_list_and_hears_every_write():
    catalog = FakeCatalog([make_show()])
    async with catalog_served(catalog) as address, watching(address) as (watch, heard):
        await eventually(lambda: watch.up)
        for _ in range(3):
            await catalog.write()
        await eventually(lambda: watch.revision == 10)

    assert heard.revisions == [8, 9, 10]
    assert heard.starts == 1


async def test_it_resumes_where_it_was_when_the_catalogue_comes_back():
    catalog = FakeCatalog([make_show()])
    async with catalog_served(catalog) as address:
        pass
    async with watching(address) as (watch, heard):
        async with catalog_served(catalog, address=address):
            await eventually(lambda: watch.up)
        await eventually(lambda: not watch.up)
        await catalog.write()
        async with catalog_served(catalog, address=address):
            await eventually(lambda: watch.revision == 8)

    assert heard.revisions == [8]
    assert (heard.starts, heard.resets) == (1, 0)


async def test_it_starts_over_when_the_history_is_gone():
    catalog = FakeCatalog([make_show()])
    async with catalog_served(catalog) as address, watching(address) as (watch, heard):
        await eventually(lambda: watch.up)
        await catalog.restore(3)
        await eventually(lambda: watch.up and watch.revision == 3)

        assert (heard.starts, heard.resets, heard.revisions) == (2, 1, [])


async def test_silence_is_a_lost_connection():
    catalog = FakeCatalog([make_show()])
    async with (
        catalog_served(catalog) as address,
        watching(address, silence_seconds=0.1) as (watch, _),
    ):
        await eventually(lambda: watch.reconnects >= 2)

        assert watch.revision == 7


async def test_after_a_restore_the_cache_forgets_the_future():
    async with sited(catalog=FakeCatalog([make_show(name="Future")])) as site:
        await site.json("/v1/shows/1")
        site.catalog.shows = [make_show(name="Past")]
        await site.catalog.restore(3)

        async def past() -> bool:
            response = await site.get("/v1/shows/1")
            return response.status_code == 200 and response.json()["name"] == "Past"

        await eventually(past)
        assert (await site.get("/v1/shows/1")).headers["catalog-revision"] == "3"


async def test_without_the_catalogue_it_is_not_ready_and_says_so():
    catalog = FakeCatalog()
    async with catalog_served(catalog) as address, search_served(FakeSearch(catalog)) as search:
        pass
    settings = settings_for(address, search)
    async with (
        app.serving(settings) as port,
        client_of(f"http://127.0.0.1:{port}") as http,
    ):
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/livez")).status_code == 200
        health = await http.get("/api/health")
        assert health.status_code == 503
        assert health.json()["status"] == "unhealthy"
        assert health.json()["upstreams"]["catalog"]["state"] == "down"
        answer = await http.get("/v1/shows")
        assert answer.status_code in (503, 504)
        async with catalog_served(catalog, address=address):

            async def ready() -> bool:
                return (await http.get("/readyz")).status_code == 200

            await eventually(ready)
            assert (await http.get("/v1/shows")).status_code == 200


async def test_while_the_watch_is_lost_the_cache_answers_as_before_and_then_says_stale():
    catalog = FakeCatalog()
    search = FakeSearch(catalog)
    async with search_served(search) as search_address:
        async with contextlib.AsyncExitStack() as stack:
            address = await stack.enter_async_context(catalog_served(catalog))
            settings = settings_for(address, search_address, unwatched_ttl_seconds=1.5)
            gateway = contextlib.AsyncExitStack()
            port = await gateway.enter_async_context(app.serving(settings))
            http = await gateway.enter_async_context(client_of(f"http://127.0.0.1:{port}"))
            await eventually(lambda: catalog.watchers == 1)
            assert (await http.get("/v1/shows")).status_code == 200
        async with gateway:
            assert (await http.get("/v1/shows")).status_code == 200
            assert (await http.get("/api/health")).json()["watch"]["state"] == "down"
            assert (await http.get("/readyz")).status_code == 200

            async def stale() -> bool:
                answer = await http.get("/v1/shows")
                assert answer.status_code == 200
                return "detail=stale-if-error" in answer.headers["cache-status"]

            await eventually(stale, within_seconds=10)
            assert (await http.get("/readyz")).status_code == 200
            never_seen = await http.get("/v1/themes")
            assert never_seen.status_code in (503, 504)
            assert never_seen.headers["retry-after"]


async def test_without_the_catalogue_the_gateway_is_ready_while_stale_answers_are_good():
    catalog = FakeCatalog()
    soon_lost = {"stale_if_error_seconds": 1, "unwatched_ttl_seconds": 1}
    async with (
        search_served(FakeSearch(catalog)) as search_address,
        catalog_served(catalog) as address,
        app.serving(settings_for(address, search_address, **soon_lost)) as port,
        client_of(f"http://127.0.0.1:{port}") as http,
    ):

        async def is_ready(code: int = 200) -> bool:
            return (await http.get("/readyz")).status_code == code

        await eventually(is_ready)
        # The fake sends no bookmarks, so that it is silent from now on.
        await eventually(lambda: is_ready(503))
