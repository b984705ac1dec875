from __future__ import annotations

import asyncio
import contextlib
import functools
import queue
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tantrum_gateway import app
from tantrum_gateway.settings import Settings

from .fakes import FakeCatalog, FakeSearch, catalog_served, search_served

_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""
Nothing here speaks TLS. Without it each client would read the certificates that the
machine trusts, which takes longer than the start of a gateway.
"""


def client_of(url: str, **options: Any) -> httpx.AsyncClient:
    """A client of what serves at *url*, patient with a busy machine."""
    return httpx.AsyncClient(
        **{"base_url": url, "timeout": 60, "verify": _NO_CERTIFICATES, **options}
    )


asks_only = pytest.mark.asyncio(loop_scope="module")
"""Marks a test that leaves no trace for others, so that `shared_site` does for it."""


@dataclass(frozen=True)
class Site:
    """A gateway that serves, what is behind it, and a client of it."""

    url: str
    http: httpx.AsyncClient
    catalog: FakeCatalog
    search: FakeSearch

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """GET *path*; underscores in the names of *headers* are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=named)

    async def json(self, path: str) -> Any:
        response = await self.get(path)
        assert response.status_code == 200, response.text
        return response.json()


async def eventually(condition: Callable[[], Any], *, within_seconds: float = 60.0) -> None:
    """Wait until *condition*, which may be asynchronous, holds."""
    deadline = time.monotonic() + within_seconds
    while True:
        holds = condition()
        if asyncio.iscoroutine(holds):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < deadline, f"not within {within_seconds} s"
        await asyncio.sleep(0.005)


async def watches(site: Site) -> bool:
    """Whether the gateway hears of writes."""
    return bool((await site.json("/api/health"))["watch"]["state"] == "up")


def settings_for(catalog_address: str, search_address: str, **changes: Any) -> Settings:
    """Settings for tests: any free port, no metrics, no samples, no drain."""
    # Reading them takes 7 ms, and most gateways differ in nothing but these addresses.
    return _settings(**changes).model_copy(
        update={"catalog_address": catalog_address, "search_address": search_address}
    )


@functools.cache
def _settings(**changes: Any) -> Settings:
    return Settings(
        **{
            "http_address": "127.0.0.1:0",
            "metrics_port": None,
            "trace_sample_ratio": 0,
            "drain_seconds": 0,
            "grace_seconds": 1,
            # The fake catalogue sends no bookmarks.
            "watch_silence_seconds": 300,
            # A test may ask as fast as it can, and a busy machine answer as slowly.
            "limit_read": "1000000/60",
            "request_timeout_seconds": 30,
            "suggest_timeout_seconds": 30,
            "admin_timeout_seconds": 30,
            **changes,
        }
    )


@contextlib.asynccontextmanager
async def sited(*, catalog: FakeCatalog | None = None, **changes: Any) -> AsyncIterator[Site]:
    """A gateway with *changes* to its settings, that has heard of the catalogue."""
    catalog = catalog or FakeCatalog()
    search = FakeSearch(catalog)
    async with (
        catalog_served(catalog) as catalog_address,
        search_served(search) as search_address,
        app.serving(settings_for(catalog_address, search_address, **changes)) as port,
        client_of(f"http://127.0.0.1:{port}") as http,
    ):
        site = Site(f"http://127.0.0.1:{port}", http, catalog, search)
        await eventually(lambda: catalog.watchers == 1)
        catalog.calls.clear()
        yield site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with sited() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_site() -> AsyncIterator[Site]:
    """One for all tests of a module that are marked as `asks_only`."""
    async with sited() as one:
        yield one


@pytest.fixture(scope="module")
def running_site() -> Iterator[str]:
    """Address of a gateway on an event loop in a thread of its own, for synchronous tests."""
    started: queue.Queue[str] = queue.Queue()
    stop = threading.Event()

    async def run() -> None:
        async with sited() as one:
            started.put(one.url.removeprefix("http://"))
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield started.get(timeout=20)
    finally:
        stop.set()
        thread.join()
