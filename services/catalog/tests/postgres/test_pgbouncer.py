from __future__ import annotations

import asyncio
import dataclasses
from urllib.parse import urlsplit

import pytest
from tantrum_catalog.domain.condition import EVERY_SHOW
from tantrum_catalog.domain.errors import ShowChangedError
from tantrum_kit.postgres import Limits, Server

from ..make import (
    ids_of,
    make_catalogue,
    make_category,
    make_facts,
    make_new_show,
    make_research,
    make_rules,
)
from .stores import opened, store_on

pytestmark = pytest.mark.integration


@pytest.fixture
async def pooled(server, pgbouncer):
    """Connections through PgBouncer; there are more of them than it has to PostgreSQL."""
    port = urlsplit(server.url).port
    url = server.url.replace(f":{port}/", f":{pgbouncer.port}/")
    through = Server(url=url, password=server.password, statement_cache_size=0)
    async with opened(through, Limits(size_min=5, size_max=40)) as pool:
        yield pool


async def use(store, number):
    """Something of everything."""
    made = await store.create_show(
        make_facts(name=f"Show {number}", themes=("music",)), slug=f"show-{number}x", request=None
    )
    show = made.value
    put = await store.put_show(
        show.id,
        dataclasses.replace(show.facts, stimulation=5),
        expected_revision=show.revision,
    )
    with pytest.raises(ShowChangedError):
        await store.put_show(show.id, show.facts, expected_revision=show.revision)
    await asyncio.gather(
        store.home(shows_per_category=5, min_revision=put.revision),
        store.neighbours(show.id, calmer=False, limit=5, min_revision=put.revision),
        store.page_of_themes(after=None, limit=5, min_revision=put.revision),
        store.page_of_research(category="", after=None, limit=5, min_revision=put.revision),
        store.since(put.revision - 1, limit=5),
    )
    if number % 2:
        await store.delete_show(show.id, expected_revision=put.revision)


async def test_everything_works_through_pgbouncer_in_transaction_mode(pooled):
    store = store_on(pooled)
    calm = make_category(rules=make_rules(("stimulation", "range", "1-2")))
    await store.load(
        make_catalogue(
            *(make_new_show(number) for number in range(1, 31)),
            categories=[("calm", calm)],
            research=[("a-study", make_research())],
        )
    )

    await asyncio.gather(*(use(store, number) for number in range(30)))

    assert len(await ids_of(store, EVERY_SHOW, size=7)) == 30 + 15
    assert await store.head() == 1 + 30 + 30 + 15
