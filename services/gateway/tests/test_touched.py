"""What a write leaves standing in the cache, and what it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import show_pb2

from .conftest import Site, eventually, sited
from .fakes import FakeCatalog, make_show, put

PATHS = (
    "/v1/shows/1", "/v1/shows/blue-day", "/covers/blue-day.svg", "/v1/shows/1/similar",
    "/v1/compare?ids=1,2", "/v1/shows/2", "/v1/shows/red-day", "/covers/red-day.svg",
    "/v1/compare?ids=2,3", "/v1/shows", "/v1/shows?orderBy=stimulation",
    "/v1/shows?maxStimulation=2", "/v1/shows?minStimulation=4", "/v1/shows?theme=adventure",
    "/v1/shows?q=day", "/v1/home", "/v1/categories", "/v1/categories/1",
    "/v1/categories/1/shows", "/v1/categories/2", "/v1/themes", "/v1/platforms",
    "/v1/research", "/v1/research/1", "/v1/research/2", "/v1/search?q=day", "/v1/suggest?q=da",
    "/v1/search?q=red", "/v1/search?q=late&maxStimulation=3", "/v1/search?q=day&maxStimulation=1",
    "/v1/suggest?q=la", "/v1/search",
)  # fmt: skip
OF_SHOW_1 = {
    "/v1/shows/1", "/v1/shows/blue-day", "/covers/blue-day.svg", "/v1/compare?ids=1,2",
    "/v1/shows", "/v1/shows?orderBy=stimulation", "/v1/shows?maxStimulation=2", "/v1/shows?q=day",
    "/v1/home", "/v1/categories/1/shows", "/v1/search?q=day", "/v1/search",
}  # fmt: skip
"""What shows it."""
CATEGORIES = {"/v1/home", "/v1/categories", "/v1/categories/1", "/v1/categories/2"}
COUNTED = CATEGORIES | {"/v1/categories/1/shows"}
"""What the categories' rules, on stimulation, decide."""


@pytest.fixture
async def three() -> AsyncIterator[Site]:
    catalog = FakeCatalog(
        [
            make_show(),
            make_show(id=2, slug="red-day", name="Red Day", stimulation=4),
            make_show(id=3, slug="late-day", name="Late Day", stimulation=5),
        ]
    )
    async with sited(catalog=catalog) as site:
        # It reads all shows, to tell later what a change of one touches.
        await eventually(lambda: catalog.own_counts["ListShows"])
        yield site


async def asked_again(site: Site) -> set[str]:
    """Which of `PATHS` are not in the cache any more."""
    again = set()
    for path in PATHS:
        answer = await site.get(path)
        assert answer.status_code == 200, path
        if "; hit" not in answer.headers["cache-status"]:
            again.add(path)
    return again


async def fill(site: Site) -> None:
    assert await asked_again(site) == set(PATHS)
    assert await asked_again(site) == set()


async def heard(site: Site) -> None:
    async def newest() -> bool:
        return bool((await site.json("/api/health"))["revision"] == site.catalog.revision)

    await eventually(newest)


@pytest.mark.parametrize(
    ("changes", "also"),
    [
        ({"seasons": 9}, set()),
        ({"description": "Other."}, {"/v1/search?q=day"}),
        ({"stimulation": 3}, COUNTED | {"/v1/shows/1/similar"}),
        (
            {"name": "Blue Days"},
            # Nobody but the search can tell whether another show still knows the word.
            COUNTED - CATEGORIES | {"/v1/suggest?q=da", "/v1/search?q=day&maxStimulation=1"},
        ),
        ({"description": "Later."}, {"/v1/search?q=late&maxStimulation=3"}),
        (
            {"themes": [show_pb2.Label(slug="adventure", name="Adventure")]},
            {"/v1/shows/1/similar", "/v1/shows?theme=adventure", "/v1/themes"},
        ),
        ({"platforms": [show_pb2.Label(slug="disc", name="Disc")]}, {"/v1/platforms"}),
    ],
)
async def test_a_change_of_a_show_drops_what_it_touches_and_nothing_else(
    three: Site, changes, also
):
    await fill(three)

    await three.catalog.write(make_show(**changes))
    await heard(three)

    assert await asked_again(three) == OF_SHOW_1 | also


async def test_a_new_show_leaves_what_cannot_hold_it(three: Site):
    await fill(three)

    await three.catalog.write(make_show(id=4, slug="new-day", name="New Day", stimulation=1))
    await heard(three)

    assert set(PATHS) - await asked_again(three) == {
        "/v1/shows/1", "/v1/shows/blue-day", "/covers/blue-day.svg", "/v1/compare?ids=1,2",
        "/v1/shows/2", "/v1/shows/red-day", "/covers/red-day.svg", "/v1/compare?ids=2,3",
        "/v1/shows?minStimulation=4", "/v1/shows?theme=adventure",
        "/v1/research", "/v1/research/1", "/v1/research/2",
        "/v1/search?q=red", "/v1/search?q=late&maxStimulation=3", "/v1/suggest?q=la",
    }  # fmt: skip


async def test_a_change_of_research_drops_its_own_page_and_lists(three: Site):
    await fill(three)

    await three.catalog.note_changes(put(pb.RESOURCE_KIND_RESEARCH, three.catalog.research[0]))
    await heard(three)

    assert await asked_again(three) == {"/v1/research", "/v1/research/1"}


async def test_a_change_of_a_category_drops_its_own_pages_and_lists(three: Site):
    await fill(three)

    await three.catalog.note_changes(put(pb.RESOURCE_KIND_CATEGORY, three.catalog.categories[0]))
    await heard(three)

    assert await asked_again(three) == {
        "/v1/home", "/v1/categories", "/v1/categories/1", "/v1/categories/1/shows",
    }  # fmt: skip


async def test_a_theme_drops_its_list_and_what_is_found_by_its_words(three: Site):
    """A rename comes with the shows that have it; nothing else says how a theme is called."""
    await fill(three)

    await three.catalog.note_changes(
        pb.Change(kind=pb.RESOURCE_KIND_THEME, type=pb.CHANGE_TYPE_PUT, slug="adventure")
    )
    await heard(three)

    assert await asked_again(three) == {
        "/v1/themes", *(path for path in PATHS if path.startswith(("/v1/search", "/v1/suggest"))),
    }  # fmt: skip


async def test_a_change_of_which_nothing_is_known_drops_everything(three: Site):
    await fill(three)

    await three.catalog.note_changes()
    await heard(three)

    assert await asked_again(three) == set(PATHS)


async def test_a_show_that_was_written_twice_meanwhile_counts_as_unknown(three: Site):
    """What the first of the writes did to it, nobody can say any more."""
    await fill(three)

    three.catalog.shows = [
        one for one in three.catalog.shows if one.id != 1
    ] + [make_show(revision=three.catalog.revision + 2, seasons=8)]  # fmt: skip
    await three.catalog.note_changes(put(pb.RESOURCE_KIND_SHOW, make_show()))
    await heard(three)

    again = await asked_again(three)
    assert again >= {"/v1/shows?minStimulation=4", "/v1/shows?theme=adventure", "/v1/themes"}
    assert not again & {"/v1/shows/2", "/v1/research"}
