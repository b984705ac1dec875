"""What the gateway finds out about changes of shows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from tantrum_gateway import known_shows, upstreams
from tantrum_gateway.dependencies import ShowChange
from tantrum_gateway.known_shows import KnownShows
from tantrum_gateway.selectors import facts_of
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb

from .conftest import eventually
from .fakes import FakeCatalog, catalog_served, make_show, put


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """A busy machine is not a catalogue that does not answer."""
    monkeypatch.setattr(known_shows, "_TIMEOUT_SECONDS", 30.0)


@contextlib.asynccontextmanager
async def known(catalog: FakeCatalog, *, at_most: int = 100) -> AsyncIterator[KnownShows]:
    async with (
        catalog_served(catalog) as address,
        upstreams.connected(catalog_address=address, search_address=address) as stubs,
    ):
        shows = KnownShows(stubs, at_most=at_most)
        running = asyncio.create_task(shows.run())
        try:
            yield shows
        finally:
            running.cancel()
            await asyncio.wait([running])


async def told(shows: KnownShows, catalog: FakeCatalog) -> tuple[ShowChange, ...] | None:
    """What it says of the catalogue's newest revision."""
    return await shows.changed(catalog.changes[catalog.revision], catalog.revision)


async def all_read(shows: KnownShows, catalog: FakeCatalog) -> None:
    """Have all shows read, and wait for it: from then on, it tells of every change."""
    shows.forget_all()

    async def complete() -> bool:
        await catalog.write(make_show(name="Another"))
        return await told(shows, catalog) is not None

    await eventually(complete)


async def test_it_tells_before_and_after_once_it_has_read_all():
    catalog = FakeCatalog([make_show()])
    async with known(catalog) as shows:
        await catalog.write(make_show(name="Other"))
        assert await told(shows, catalog) is None

        await all_read(shows, catalog)
        await catalog.write(make_show(name="New"))
        [change] = await told(shows, catalog) or ()

    assert change.fields == {"name"}
    assert change.after == facts_of(make_show(name="New"))


async def test_a_show_that_comes_or_goes_has_no_other_side():
    catalog = FakeCatalog([make_show()])
    async with known(catalog) as shows:
        await all_read(shows, catalog)
        made = make_show(id=2, slug="red-day")
        await catalog.write(made)
        [coming] = await told(shows, catalog) or ()
        catalog.shows = [one for one in catalog.shows if one.id != 2]
        gone = pb.Change(
            kind=pb.RESOURCE_KIND_SHOW, type=pb.CHANGE_TYPE_DELETE, id=2, slug="red-day"
        )
        await catalog.note_changes(gone)
        [going] = await told(shows, catalog) or ()

    assert (coming.before, coming.after) == (None, facts_of(made))
    assert (going.before, going.after) == (facts_of(made), None)


async def test_of_too_many_shows_it_knows_nothing():
    catalog = FakeCatalog([make_show(), make_show(id=2, slug="red-day")])
    async with known(catalog, at_most=1) as shows:
        shows.forget_all()
        await eventually(lambda: catalog.own_counts["ListShows"])
        await catalog.write(make_show(id=3, slug="late-day"))

        assert await told(shows, catalog) is None


async def test_without_the_catalogue_nothing_is_known():
    catalog = FakeCatalog([make_show()])
    async with catalog_served(catalog) as address:
        pass
    async with upstreams.connected(catalog_address=address, search_address=address) as stubs:
        changes = [put(pb.RESOURCE_KIND_SHOW, make_show())]

        assert await KnownShows(stubs).changed(changes, 8) is None


async def test_it_tells_how_themes_are_called_but_not_before_it_knows():
    catalog = FakeCatalog([make_show()])
    async with known(catalog) as shows:
        await all_read(shows, catalog)

        async def titles() -> object:
            changes = None
            async with asyncio.timeout(30):
                while not changes:  # what it reads in the background may have come between
                    await catalog.write(make_show(name="Another"))
                    changes = await told(shows, catalog)
            return changes[0].theme_titles

        async def read() -> bool:
            return await titles() is not None

        await eventually(read)
        assert await titles() == {"nature": ("Nature",)}

        # Somebody has renamed it, and the catalogue that is asked has not heard of it.
        shows.forget_themes(catalog.revision + 1_000)
        assert await titles() is None
