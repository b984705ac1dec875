from __future__ import annotations

import asyncio

import pytest
from tantrum_catalog.domain.condition import Between, NumberField
from tantrum_catalog.domain.order import Ordering
from tantrum_catalog.domain.ports import ShowQuery
from tantrum_catalog.domain.show import ShowId

from ..make import make_catalogue, make_category, make_facts, make_new_show, make_rules

pytestmark = pytest.mark.integration

CALM = Between(field=NumberField.STIMULATION, minimum=None, maximum=2)
WRITES = 60


async def test_a_total_is_that_of_the_revision_it_comes_with_whatever_is_written_meanwhile(store):
    await store.load(make_catalogue(*(make_new_show(number) for number in range(1, 11))))
    query = ShowQuery(condition=CALM, ordering=Ordering(), after=None, limit=3)
    seen = []

    async def write():
        for number in range(WRITES):
            await store.create_show(make_facts(), slug=f"made-{number}", request=None)

    async def read(writing):
        while not writing.done():
            seen.append(await store.page_of_shows(query, min_revision=0))

    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(write())
        for _ in range(4):
            tasks.create_task(read(writing))

    # Revision 1 has ten shows, and each later one another.
    assert [page.value.total for page in seen] == [9 + page.revision for page in seen]
    assert len({page.revision for page in seen}) > WRITES / 4


async def test_the_home_page_is_of_one_revision_whatever_is_written_meanwhile(store):
    calm = make_category(rules=make_rules(("stimulation", "range", "1-2")))
    catalogue = make_catalogue(make_new_show(1), categories=[("calm", calm), ("again", calm)])
    await store.load(catalogue)
    shows = {ShowId(1): 1}

    async def write():
        for number in range(WRITES):
            made = await store.create_show(make_facts(), slug=f"made-{number}", request=None)
            shows[made.value.id] = made.revision

    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(write())
        while not writing.done():
            home = await store.home(shows_per_category=100, min_revision=0)
            for row in home.value:
                assert row.category.show_count == len(row.shows) == home.revision
