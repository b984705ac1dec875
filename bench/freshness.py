"""
How soon a write is seen on every gateway, and what writes cost the caches.

Three gateways and one catalog, each a process. After each write all gateways are asked until
they tell it; the time begins when the write was acknowledged. Then one gateway is asked a
mix as the site's, by popularity (Zipf, s = 1), with and without writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from urllib.parse import urlencode

import httpx
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import aio
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from tvtantrum.catalog.v1 import show_pb2

from bench.product import Product, gateways_started
from bench.report import bar, table, title

_GATEWAYS = 3
_WRITES = 200
_POLL_SECONDS = 0.005
_SEEN_BAR_SECONDS = 1.0

_REQUESTS_PER_SECOND = 200
_SECONDS = 15
_WARM_SECONDS = 10
_WRITES_PER_SECOND = 2
_FILTERS = 60
_TERMS = 200

Write = Callable[[int], Awaitable[object]]


async def seen(product: Product) -> bool:
    """Print how soon writes are seen on every gateway; return whether the bar is held."""
    title(f"{_WRITES} writes: seconds from the acknowledgement until {_GATEWAYS} gateways tell it")
    async with _editing(product) as catalog, contextlib.AsyncExitStack() as stack:
        urls = await stack.enter_async_context(gateways_started(product, _GATEWAYS))
        clients = [await stack.enter_async_context(httpx.AsyncClient(base_url=url)) for url in urls]
        show = (await catalog.ListShows(pb.ListShowsRequest(page_size=1))).shows[0]
        times = []
        for number in range(_WRITES):
            show = await _renamed(catalog, show, f"Aaa {number}")
            began = time.perf_counter()
            path = f"/v1/shows/{show.id}?fields=name"
            await asyncio.gather(*(_until_told(one, path, show.name) for one in clients))
            times.append(time.perf_counter() - began)
    cuts = statistics.quantiles(times, n=100)
    table(("", "p50", "p95", "p99", "longest"), [("", cuts[49], cuts[94], cuts[98], max(times))])
    return bar("seen everywhere, p99", cuts[98], at_most=_SEEN_BAR_SECONDS, unit=" s")


async def hit_ratio(product: Product) -> None:
    """Print what part of a mix as the site's is answered by caches, with and without writes."""
    title(
        f"hits of the mix at {_REQUESTS_PER_SECOND} requests a second; writes: {_WRITES_PER_SECOND}"
    )
    async with _editing(product) as catalog:
        shows = (await catalog.ListShows(pb.ListShowsRequest(page_size=100))).shows

        async def edit(number: int) -> None:
            request = pb.GetShowRequest(id=shows[number % len(shows)].id)
            show = (await catalog.GetShow(request)).show
            show.description = f"Edited {number} times."
            mask = FieldMask(paths=["description"])
            await catalog.UpdateShow(pb.UpdateShowRequest(show=show, update_mask=mask))

        async def create(number: int) -> None:
            show = show_pb2.Show(name=f"Zzz {number}", description="New.", min_age=3, stimulation=2)
            await catalog.CreateShow(pb.CreateShowRequest(show=show))

        paths = _mix([show.slug for show in shows], [show.name for show in shows])
        await _asked(product, paths, _WARM_SECONDS)
        rows = []
        for what, write in (("no writes", None), ("descriptions", edit), ("new shows", create)):
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(_asked(product, paths, _SECONDS))
                if write is not None:
                    tasks.create_task(_writing(write))
            statuses = asking.result()
            hits_count = sum("; hit" in one for one in statuses)
            rows.append((what, len(statuses), hits_count / len(statuses)))
    table(("", "requests", "hits"), rows)


@contextlib.asynccontextmanager
async def _editing(product: Product) -> AsyncIterator[pb_grpc.CatalogServiceAsyncStub]:
    async with aio.insecure_channel(product.catalog_address) as channel:
        yield pb_grpc.CatalogServiceStub(channel)


async def _renamed(
    catalog: pb_grpc.CatalogServiceAsyncStub, show: show_pb2.Show, name: str
) -> show_pb2.Show:
    changed = show_pb2.Show(id=show.id, name=name, revision=show.revision)
    request = pb.UpdateShowRequest(show=changed, update_mask=FieldMask(paths=["name"]))
    return (await catalog.UpdateShow(request)).show


async def _until_told(client: httpx.AsyncClient, path: str, name: str) -> None:
    while (await client.get(path)).json()["name"] != name:  # noqa: ASYNC110 - only it knows
        await asyncio.sleep(_POLL_SECONDS)


async def _writing(write: Write) -> None:
    for number in range(_SECONDS * _WRITES_PER_SECOND):
        await write(number)
        await asyncio.sleep(1 / _WRITES_PER_SECOND)


async def _asked(product: Product, paths: Iterator[str], seconds: float) -> list[str]:
    """Ask at an even pace whatever the answers take; return what they say of caches."""
    statuses: list[str] = []
    async with (
        httpx.AsyncClient(base_url=product.gateway_url, timeout=5) as client,
        asyncio.TaskGroup() as tasks,
    ):

        async def ask(path: str) -> None:
            answer = await client.get(path)
            answer.raise_for_status()
            # Without the header nobody knows; the gateways of old had none.
            statuses.append(answer.headers.get("cache-status", ""))

        began = time.perf_counter()
        for number in range(int(seconds * _REQUESTS_PER_SECOND)):
            tasks.create_task(ask(next(paths)))
            due = began + number / _REQUESTS_PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return statuses


def _mix(slugs: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    chance = random.Random(1)  # noqa: S311 - the same in every run
    words = sorted({word for name in names for word in name.lower().split()})
    terms = [*words, *(word[:3] for word in words)][:_TERMS]
    filters = [
        urlencode({"minAge": age, "maxStimulation": stimulation, "orderBy": order})
        for age, stimulation, order in itertools.product(
            range(5), range(2, 6), ("name", "stimulation", "popularity")
        )
    ][:_FILTERS]
    kinds: list[tuple[int, Sequence[str]]] = [
        (20, ["/v1/home"]),
        (25, [f"/v1/shows?{one}" for one in filters]),
        (30, [f"/v1/shows/{slug}" for slug in slugs]),
        (10, [f"/v1/suggest?{urlencode({'q': term})}" for term in terms]),
        (10, [f"/v1/search?{urlencode({'q': term})}" for term in terms]),
        (3, ["/v1/categories"]),
        (2, ["/v1/research"]),
    ]
    weights = [weight for weight, _ in kinds]
    while True:
        [(_, paths)] = chance.choices(kinds, weights)
        [path] = chance.choices(paths, [1 / rank for rank in range(1, len(paths) + 1)])
        yield path
