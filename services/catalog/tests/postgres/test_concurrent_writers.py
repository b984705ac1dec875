from __future__ import annotations

import asyncio
import contextlib
import random

import pytest
from tantrum_catalog.domain.errors import (
    RevisionUnavailableError,
    ShowChangedError,
    SlugTakenError,
    UnknownLabelsError,
)
from tantrum_catalog.domain.ports import RequestKey

from ..make import make_catalogue, make_category, make_facts, make_new_show
from .stores import FEW, opened, store_on, store_opened

pytestmark = pytest.mark.integration

WRITERS = 8
WRITES_EACH = 30

REFUSED = (ShowChangedError, SlugTakenError, UnknownLabelsError)


async def write(store, chooser, name):
    """One write of any kind, some of which are refused. Returns its revision and its slug."""
    match chooser.randint(0, 6):
        case 0:
            made = await store.create_category(make_category(name=name), slug=name, request=None)
            return made.revision, name
        case 1:
            await store.create_show(make_facts(), slug="show-1", request=None)
        case 2:
            await store.create_show(make_facts(themes=("nope",)), slug=name, request=None)
        case 3:
            await store.put_show(1, make_facts(name=name), expected_revision=0)
        case 4:
            made = await store.set_featured_show(chooser.choice([1, 2]))
            return None if made.value.revision < made.revision else made.revision, "show-1"
        case _:
            made = await store.create_show(make_facts(name=name), slug=name, request=None)
            return made.revision, name
    raise AssertionError("a write that has to be refused was not")


async def writer(store, seed, written):
    """Make writes, and give up on some before they end."""
    chooser = random.Random(seed)
    for number in range(WRITES_EACH):
        name = f"writer-{seed}-{number}"
        patience_seconds = chooser.choice([0.002, 0.02, 30, 30, 30, 30])
        with contextlib.suppress(*REFUSED, TimeoutError):
            async with asyncio.timeout(patience_seconds):
                revision, slug = await write(store, chooser, name)
            if revision is not None:
                written[revision] = slug


async def watch(server, seen, finished):
    """Read the feed until *finished*, from where it was, over a new connection now and then."""
    while True:
        async with store_opened(server) as store:
            for _ in range(20):
                done = finished.is_set()
                revision = seen[-1].revision if seen else 0
                batches = await store.since(revision, limit=5)
                seen += batches
                if done and not batches:
                    return
                await asyncio.sleep(0)


async def test_a_watcher_sees_every_write_of_eight_writers_once_and_in_order(server):
    written, seen, finished = {}, [], asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(opened(server, FEW)) for _ in range(2)]
        stores = [store_on(pools[number % 2]) for number in range(WRITERS)]
        await stores[0].load(make_catalogue(make_new_show(1), make_new_show(2)))
        async with asyncio.TaskGroup() as watching:
            watching.create_task(watch(server, seen, finished))
            async with asyncio.TaskGroup() as writing:
                for seed, store in enumerate(stores):
                    writing.create_task(writer(store, seed, written))
            finished.set()
        head = await stores[0].head()

    assert [batch.revision for batch in seen] == list(range(1, head + 1))
    assert len(written) >= 50
    slugs = {batch.revision: {change.slug for change in batch.changes} for batch in seen}
    assert all(slug in slugs[revision] for revision, slug in written.items() if slug != "show-1")
    times = [batch.commit_time for batch in seen]
    assert all(batch.changes for batch in seen)
    assert times == sorted(times)


async def test_a_create_that_comes_eight_times_at_once_makes_one_show(store):
    await store.load(make_catalogue())
    request = RequestKey(id="once", digest=b"d" * 32)

    made = await asyncio.gather(
        *(store.create_show(make_facts(), slug="one", request=request) for _ in range(8))
    )

    assert len({show.value.id for show in made}) == 1
    assert await store.head() == 2


async def test_history_is_kept_for_the_last_revisions_only(pool):
    store = store_on(pool, batches_kept=3)
    await store.load(make_catalogue())
    for number in range(6):
        await store.create_show(make_facts(), slug=f"show-{number}x", request=None)

    assert [batch.revision for batch in await store.since(4, limit=10)] == [5, 6, 7]
    with pytest.raises(RevisionUnavailableError):
        await store.since(3, limit=10)
    kept = await pool.fetch("SELECT DISTINCT revision FROM catalog.change ORDER BY revision")
    assert [row["revision"] for row in kept] == [5, 6, 7]
