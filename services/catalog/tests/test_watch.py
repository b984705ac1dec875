from __future__ import annotations

import asyncio
import contextlib

import pytest
from tantrum_catalog.domain.change import Batch
from tantrum_catalog.domain.errors import CatalogUnavailableError, RevisionUnavailableError
from tantrum_catalog.domain.watch import Bookmark, CatalogWatch, WatchStoppedError
from tantrum_catalog.storage.memory import MemoryCatalogStore

from .make import NOW, make_catalogue, make_category, make_facts, until


class CountingStore(MemoryCatalogStore):
    """Counts the reads of its feed, and fails or hangs when told to."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.reads_count = 0
        self.failing = False
        self.hanging = False

    async def since(self, revision, *, limit):
        self.reads_count += 1
        if self.failing:
            raise CatalogUnavailableError
        if self.hanging:
            await asyncio.Event().wait()
        return await super().since(revision, limit=limit)


@pytest.fixture
def store():
    return CountingStore(now=lambda: NOW)


@contextlib.asynccontextmanager
async def watching(store, *, poll_seconds=0.001, bookmark_seconds=5.0, await_start=True):
    watch = CatalogWatch(
        store, poll_seconds=poll_seconds, bookmark_seconds=bookmark_seconds, now=lambda: NOW
    )
    async with watch.running():
        if await_start:
            await until(lambda: watch._head is not None)
        yield watch


async def write(store, count=1):
    for _ in range(count):
        number = await store.head() + 1
        await store.create_show(make_facts(), slug=f"show-{number}", request=None)


async def take(events, count):
    async with asyncio.timeout(5):
        return [await anext(events) for _ in range(count)]


def revisions(events):
    return [event.revision for event in events if isinstance(event, Batch)]


async def test_nothing_to_catch_up_on_is_said_first(store):
    await write(store, 2)

    async with watching(store) as watch:
        events = watch.since(2)

        assert await take(events, 1) == [Bookmark(revision=2, time=NOW)]
        await write(store)
        assert revisions(await take(events, 1)) == [3]


async def test_what_is_written_before_the_feed_is_first_read_is_not_lost(store):
    async with watching(store, await_start=False) as watch:
        events = watch.since(0)
        await take(events, 1)
        await write(store)
        assert watch._head is None

        assert revisions(await take(events, 1)) == [1]


async def test_the_past_comes_before_the_present(store):
    await write(store, 250)

    async with watching(store) as watch:
        events = watch.since(0)
        assert revisions(await take(events, 250)) == list(range(1, 251))
        await write(store, 3)
        assert revisions(await take(events, 3)) == [251, 252, 253]


async def test_watchers_that_keep_up_share_one_reader(store):
    async with watching(store) as watch:
        watches = [watch.since(0) for _ in range(50)]
        for events in watches:
            assert isinstance((await take(events, 1))[0], Bookmark)
        await write(store, 5)
        await until(lambda: watch._head == 5)
        before_count = store.reads_count

        for events in watches:
            assert revisions(await take(events, 5)) == [1, 2, 3, 4, 5]

    # The task itself may have read meanwhile; the watchers did not, 50 times over.
    assert store.reads_count - before_count < 50


async def test_a_slow_watcher_falls_behind_the_tail_and_loses_nothing(store):
    async with watching(store) as watch:
        slow = watch.since(0)
        await take(slow, 1)
        await write(store, 1_500)
        await until(lambda: watch._head == 1_500)
        assert len(watch._tail) == 1_000

        assert revisions(await take(slow, 1_500)) == list(range(1, 1_501))


async def test_no_change_is_lost_or_doubled_over_reconnects_with_8_writers(store):
    seen = []

    async def follow(watch):
        position = 0
        while position < 160:
            events = watch.since(position)
            for event in await take(events, 7):
                if isinstance(event, Batch):
                    seen.append(event)
                position = event.revision
                if position == 160:
                    break
            await events.aclose()

    async def keep_writing(writer):
        for number in range(20):
            await store.create_show(make_facts(), slug=f"w{writer}-{number}", request=None)
            await asyncio.sleep(0)

    async with watching(store, bookmark_seconds=0.01) as watch, asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(watch))
        for writer in range(8):
            tasks.create_task(keep_writing(writer))

    assert revisions(seen) == list(range(1, 161))
    assert len({change.slug for batch in seen for change in batch.changes}) == 160


async def test_a_silent_watch_gets_bookmarks(store):
    await write(store)

    async with watching(store, bookmark_seconds=0.01) as watch:
        events = await take(watch.since(1), 3)

    assert events == [Bookmark(revision=1, time=NOW)] * 3


@pytest.mark.parametrize("revision", [3, 99])
async def test_the_future_is_not_available(store, revision):
    await write(store, 2)

    async with watching(store) as watch:
        with pytest.raises(RevisionUnavailableError):
            await take(watch.since(revision), 1)


async def test_a_history_that_is_not_kept_is_not_available():
    store = CountingStore(batches_kept=3)
    await write(store, 5)

    async with watching(store) as watch:
        with pytest.raises(RevisionUnavailableError):
            await take(watch.since(1), 1)
        assert revisions(await take(watch.since(2), 3)) == [3, 4, 5]


async def test_a_restored_database_is_told_to_those_who_saw_more(store):
    await write(store, 5)

    async with watching(store) as watch:
        ahead, behind = watch.since(5), watch.since(1)
        await take(ahead, 1)
        await take(behind, 1)
        restored = MemoryCatalogStore()
        await write(restored, 3)
        store._state = restored._state

        with pytest.raises(RevisionUnavailableError):
            await take(ahead, 1)
        assert revisions(await take(behind, 1)) == [3]


@pytest.mark.parametrize("fault", ["failing", "hanging"])
async def test_a_feed_that_cannot_be_read_gives_no_bookmarks(store, fault):
    async with watching(store, bookmark_seconds=0.02) as watch:
        events = watch.since(0)
        await take(events, 2)
        setattr(store, fault, True)

        with pytest.raises(CatalogUnavailableError):
            await take(events, 10)

        setattr(store, fault, False)
        await write(store)
        assert revisions(await take(watch.since(0), 1)) == [1]


async def test_a_stopping_server_ends_all_watches_at_once(store):
    async with watching(store) as watch:
        events = watch.since(0)
        await take(events, 1)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)

    with pytest.raises(WatchStoppedError):
        await waiting
    with pytest.raises(WatchStoppedError):
        await take(watch.since(0), 1)


async def test_a_batch_tells_all_that_one_write_changed(store):
    await store.load(make_catalogue(categories=[("a", make_category()), ("b", make_category())]))

    async with watching(store) as watch:
        events = watch.since(1)
        await take(events, 1)
        await store.reorder_categories([2, 1])
        [batch] = await take(events, 1)

    assert [change.slug for change in batch.changes] == ["b", "a"]
