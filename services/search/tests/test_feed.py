"""The feed, over gRPC on loopback, against a catalogue that is written to, and that fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tantrum_kit.paging import PageTokens
from tantrum_search import app
from tantrum_search.domain.errors import IndexUnavailableError
from tantrum_search.domain.feed import Feed
from tantrum_search.domain.ports import SearchBackend
from tantrum_search.domain.search import Index, Page, Search
from tantrum_search.storage.memory import MemoryBackend
from tantrum_search.transport.catalog import GrpcCatalog, channel
from tvtantrum.catalog.v1 import show_pb2

from . import backends
from .builders import KEY, Library, make_message, names
from .eventually import eventually
from .fake_catalog import FakeCatalog, served


@dataclass
class Followed:
    """A catalogue that is followed, and the search over it."""

    search: Search
    index: Index
    backend: SearchBackend

    async def found(self, query: str) -> list[str]:
        return names(await self.search.find(query, Page(size=100)))

    async def has_reached(self, revision: int) -> None:
        await eventually(lambda: self.index.revision == revision)


@contextlib.asynccontextmanager
async def following(
    address: str, *, backend: SearchBackend | None = None, silence_seconds: float = 30
) -> AsyncIterator[Followed]:
    backend = backend or MemoryBackend()
    index = Index()
    async with channel(address) as to_catalog:
        catalog = GrpcCatalog(to_catalog, call_seconds=2, silence_seconds=silence_seconds)
        feed = Feed(catalog, backend, index, pause=lambda _: asyncio.sleep(0.01))
        task = asyncio.create_task(feed.run())
        try:
            yield Followed(Search(backend, index, PageTokens(KEY)), index, backend)
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
def catalog() -> FakeCatalog:
    theme = show_pb2.Theme(slug="stem", name="STEM", aliases=["science"])
    return FakeCatalog(
        Library(
            [
                make_message(id=1, name="Bluey"),
                make_message(id=2, name="Sid", themes=[show_pb2.Label(slug="stem", name="STEM")]),
            ],
            [theme],
        )
    )


async def test_everything_that_is_listed_is_found(catalog):
    for number in range(3, 260):
        catalog.show_by_id[number] = make_message(id=number, name=f"Many {number}")

    async with served(catalog) as address, following(address) as followed:
        await followed.has_reached(1)

        assert await followed.found("bluey") == ["Bluey"]
        assert (await followed.search.find("many", Page(size=1))).total_size == 257
        assert await followed.found("science") == ["Sid"]
    assert catalog.list_count == 3


async def test_the_shipped_catalogue_is_followed(shipped):
    async with served(FakeCatalog(shipped)) as address, following(address) as followed:
        await followed.has_reached(1)
        here = await app.in_memory(shipped.messages, shipped.theme_messages)

        for query in ("", "bluye", "slapstic comedy", "maori", "peppa"):
            found = await followed.search.find(query, Page(size=100))
            assert found.total_size == (await here.find(query, Page(size=1))).total_size > 0


async def test_a_catalogue_that_ends_its_streams_is_watched_again(catalog):
    async with served(catalog) as address, following(address) as followed:
        await followed.has_reached(1)

        await catalog.end_streams()
        await eventually(lambda: len(catalog.watch_from) > 1)
        await catalog.put(make_message(id=3, name="Pocoyo"))
        await followed.has_reached(2)

        assert await followed.found("pocoyo") == ["Pocoyo"]


async def test_what_is_written_is_found_and_what_is_removed_is_not(catalog):
    async with served(catalog) as address, following(address) as followed:
        await followed.has_reached(1)

        await catalog.put(make_message(id=3, name="Pocoyo"), make_message(id=1, name="Bluey Two"))
        await catalog.delete(2)
        await followed.has_reached(3)

        assert await followed.found("pocoyo") == ["Pocoyo"]
        assert await followed.found("two") == ["Bluey Two"]
        assert await followed.found("sid") == []
        assert [s.text for s in (await followed.search.suggest("poc", 8)).suggestions] == ["Pocoyo"]
        assert catalog.list_count == 1


async def test_what_is_written_while_the_pages_are_listed_is_not_missed(catalog):
    for number in range(3, 150):
        catalog.show_by_id[number] = make_message(id=number, name=f"Many {number}")
    catalog.after_first_page = lambda: catalog.put(make_message(id=1, name="Renamed"))

    async with served(catalog) as address, following(address) as followed:
        await followed.has_reached(2)

        assert await followed.found("renamed") == ["Renamed"]
        assert await followed.found("bluey") == []
    assert catalog.watch_from == [1]


class RecordingBackend(MemoryBackend):
    """Notes the revisions that it was taken to."""

    def __init__(self) -> None:
        super().__init__()
        self.revisions: list[int] = []

    async def apply(self, puts, removals, *, from_revision, revision) -> None:
        self.revisions.append(revision)
        await super().apply(puts, removals, from_revision=from_revision, revision=revision)


async def test_half_of_a_later_revision_is_never_seen(catalog):
    """What is read for revision 2 shows one of the two shows of revision 3 already."""
    backend = RecordingBackend()
    later = [make_message(id=1, name="Three One"), make_message(id=2, name="Three Two")]

    def write_once():
        catalog.before_batch = lambda: None
        return catalog.put(*later)

    async with served(catalog) as address, following(address, backend=backend) as followed:
        await followed.has_reached(1)
        catalog.before_batch = write_once

        await catalog.put(make_message(id=1, name="Two One"))
        await followed.has_reached(3)

        assert sorted(await followed.found("three")) == ["Three One", "Three Two"]
    assert backend.revisions == [3]


async def test_a_backend_that_fails_is_fed_again(catalog):
    class FailingBackend(RecordingBackend):
        async def apply(self, puts, removals, *, from_revision, revision) -> None:
            if not self.revisions:
                self.revisions.append(revision)
                raise IndexUnavailableError
            await super().apply(puts, removals, from_revision=from_revision, revision=revision)

    async with (
        served(catalog) as address,
        following(address, backend=FailingBackend()) as followed,
    ):
        await followed.has_reached(1)

        await catalog.put(make_message(id=3, name="Pocoyo"))
        await followed.has_reached(2)

        assert await followed.found("pocoyo") == ["Pocoyo"]
    assert catalog.list_count == 1


async def test_a_bug_does_not_end_the_feed(catalog):
    class BuggyBackend(MemoryBackend):
        bugs = 1

        async def replace(self, documents, **arguments) -> None:
            self.bugs -= 1
            if self.bugs >= 0:
                raise RuntimeError("a bug")
            await super().replace(documents, **arguments)

    async with served(catalog) as address, following(address, backend=BuggyBackend()) as followed:
        await followed.has_reached(1)

        assert await followed.found("bluey") == ["Bluey"]


async def test_other_spellings_of_a_theme_are_found_once_they_are_written(catalog):
    async with served(catalog) as address, following(address) as followed:
        await followed.has_reached(1)

        await catalog.put_theme(
            show_pb2.Theme(slug="stem", name="Science and Sums", aliases=["maths"])
        )
        await followed.has_reached(2)

        assert await followed.found("maths") == ["Sid"]
        assert await followed.found("sums") == ["Sid"]
        assert await followed.found("stem") == []
        suggestions = (await followed.search.suggest("math", 8)).suggestions
        assert [suggestion.text for suggestion in suggestions] == ["Science and Sums"]


async def test_a_catalogue_that_is_gone_leaves_search_serving_and_is_picked_up_again(catalog):
    async with contextlib.AsyncExitStack() as stack:
        async with served(catalog) as address:
            followed = await stack.enter_async_context(following(address))
            await followed.has_reached(1)

        assert await followed.found("bluey") == ["Bluey"]
        assert await followed.search.ready()
        await catalog.put(make_message(id=3, name="Pocoyo"))

        async with served(catalog, port=int(address.rpartition(":")[2])):
            await followed.has_reached(2)

            assert await followed.found("pocoyo") == ["Pocoyo"]
    assert catalog.list_count == 1
    assert catalog.watch_from[-1] == 1


async def test_a_catalogue_that_starts_later_is_waited_for(catalog):
    async with served(catalog) as address:
        pass

    async with following(address) as followed:
        assert not await followed.search.ready()

        async with served(catalog, port=int(address.rpartition(":")[2])):
            await followed.has_reached(1)

            assert await followed.search.ready()


async def test_when_history_is_gone_everything_is_listed_again(catalog):
    async with contextlib.AsyncExitStack() as stack:
        async with served(catalog) as address:
            followed = await stack.enter_async_context(following(address))
            await followed.has_reached(1)
        for number in (3, 4, 5):
            await catalog.put(make_message(id=number, name=f"New {number}"))
        catalog.oldest_revision = 3

        async with served(catalog, port=int(address.rpartition(":")[2])):
            await followed.has_reached(4)

            assert len(await followed.found("new")) == 3
    assert catalog.list_count == 2


async def test_a_catalogue_that_was_restored_is_followed_into_its_past(catalog):
    async with served(catalog) as address, following(address) as followed:
        for number in (3, 4, 5):
            await catalog.put(make_message(id=number, name=f"New {number}"))
        await followed.has_reached(4)

        for number in (3, 4, 5):
            del catalog.show_by_id[number]
        await catalog.restore(1)
        await followed.has_reached(1)

        assert await followed.found("new") == []
        await catalog.put(make_message(id=9, name="After"))
        await followed.has_reached(2)
        assert await followed.found("after") == ["After"]


async def test_a_watch_that_fell_silent_is_renewed(catalog):
    async with served(catalog) as address, following(address, silence_seconds=0.2) as followed:
        await followed.has_reached(1)
        catalog.silent = True
        await catalog.put(make_message(id=3, name="Pocoyo"))
        await eventually(lambda: len(catalog.watch_from) > 2)
        assert await followed.found("pocoyo") == []

        catalog.silent = False
        await followed.has_reached(2)

        assert await followed.found("pocoyo") == ["Pocoyo"]


@pytest.mark.integration
async def test_a_table_from_a_lost_future_is_replaced_at_the_start(catalog, database):
    async with backends.postgres(database) as backend:
        await backend.replace([], revision=40)

        async with served(catalog) as address, following(address, backend=backend) as followed:
            await followed.has_reached(1)

            assert await backend.stored_revision() == 1
            assert await followed.found("bluey") == ["Bluey"]


@pytest.mark.integration
async def test_two_replicas_follow_into_one_table(catalog, database):
    async with (
        backends.postgres(database) as one,
        backends.postgres(database) as other,
        served(catalog) as address,
        following(address, backend=one) as first,
        following(address, backend=other) as second,
    ):
        await first.has_reached(1)
        await second.has_reached(1)
        for number in range(3, 20):
            await catalog.put(make_message(id=number, name=f"New {number}"))
        await first.has_reached(18)
        await second.has_reached(18)

        assert await one.stored_revision() == 18
        assert sorted(await first.found("new")) == sorted(await second.found("new"))
        assert len(await first.found("new")) == 17


@pytest.mark.integration
async def test_a_table_that_somebody_emptied_is_filled_again(catalog, database):
    async with (
        backends.postgres(database) as backend,
        served(catalog) as address,
        following(address, backend=backend) as followed,
    ):
        await followed.has_reached(1)
        await backend.replace([], revision=0, even_if_newer=True)

        await catalog.put(make_message(id=3, name="Pocoyo"))
        await followed.has_reached(2)

        assert await followed.found("bluey pocoyo") == []
        assert await followed.found("bluey") == ["Bluey"]
        assert await followed.found("pocoyo") == ["Pocoyo"]
