"""
Which indexes serve which queries, of 100,000 shows and 10,000 categories.

The queries are the store's own, made from its conditions and orders. What a sequential scan
serves best is asserted too: an index that a planner rightly leaves alone is no fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import asyncpg
import pytest
from tantrum_catalog.domain.condition import EVERY_SHOW
from tantrum_catalog.domain.filter import ShowFilter
from tantrum_catalog.domain.order import Direction, Ordering, ShowOrder
from tantrum_catalog.domain.ports import ShowQuery
from tantrum_catalog.seed import catalogue_in
from tantrum_catalog.storage.generate import generate
from tantrum_catalog.storage.migrations import SCHEMA
from tantrum_catalog.storage.postgres_conditions import Arguments, condition_sql
from tantrum_catalog.storage.postgres_shows import count_sql, page_sql
from tantrum_kit.migrations import migrate
from tantrum_kit.postgres import Limits, Server

from .stores import opened, store_on

pytestmark = pytest.mark.integration

SHIPPED = Path(__file__).parents[4] / "data" / "catalogue"
SHOWS = 100_000
CATEGORIES = 10_000


@pytest.fixture(scope="module")
def large_server(postgres_server):
    """Made once: it takes some seconds."""
    database = postgres_server.new_database()
    server = Server(url=database.url, password=database.password)
    asyncio.run(fill(server))
    yield server
    postgres_server.drop(database)


async def fill(server):
    await migrate(server, SCHEMA)
    async with opened(server, Limits(size_min=0, size_max=3, query_seconds=300)) as pool:
        shipped = catalogue_in(SHIPPED)
        await store_on(pool).load(shipped)
        shows = SHOWS - len(shipped.shows)
        await generate(pool, shows=shows, categories=CATEGORIES - len(shipped.categories))


@pytest.fixture
async def explain(large_server):
    """A function that returns the plan of a statement, and the indexes that it uses."""
    async with contextlib.AsyncExitStack() as stack:
        connection = await asyncpg.connect(**large_server.connect_arguments())
        stack.push_async_callback(connection.close)

        async def explained(sql, *arguments):
            [row] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
            [plan] = json.loads(row[0])
            return plan["Plan"]

        yield explained


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def indexes(plan):
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


def scans_all_shows(plan):
    return any(
        node["Node Type"] in ("Seq Scan", "Parallel Seq Scan")
        and node.get("Relation Name") == "show"
        for node in nodes(plan)
    )


async def counted(explain, **wanted):
    """The plan of counting the shows of a filter, and how many there are."""
    arguments = Arguments()
    where = condition_sql(ShowFilter(**wanted).condition(), arguments)
    plan = await explain(count_sql(where).replace("count(*)", "s.slug"), *arguments.values)
    return plan, plan["Actual Rows"]


SELECTIVE = [
    pytest.param("show_stimulation", {"max_stimulation": 1}, id="stimulation"),
    pytest.param("show_ages", {"max_age": 0}, id="ages, of the youngest"),
    pytest.param("show_theme_slugs", {"themes": ("yoga",)}, id="a theme"),
    pytest.param("show_theme_slugs", {"themes": ("music", "nature")}, id="two themes"),
    pytest.param("show_texts", {"text": "bluey"}, id="text"),
    pytest.param("show_texts", {"creators": ("joe brumm",)}, id="creator"),
    pytest.param("show_featured", {"featured": True}, id="featured"),
]


@pytest.mark.parametrize(("index", "wanted"), SELECTIVE)
async def test_an_index_serves_a_selective_filter(explain, index, wanted):
    plan, count = await counted(explain, **wanted)

    assert count < SHOWS / 10
    assert index in indexes(plan)
    assert not scans_all_shows(plan)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"max_stimulation": 4}, id="four of five scores"),
        pytest.param({"min_age": 4, "max_age": 6}, id="what most shows suit"),
        pytest.param({"themes": ("problem-solving",)}, id="a theme that half of them have"),
        pytest.param({"text": "a"}, id="one letter"),
    ],
)
async def test_a_filter_that_most_shows_meet_is_best_served_by_reading_all(explain, wanted):
    plan, count = await counted(explain, **wanted)

    assert count > SHOWS / 3
    assert scans_all_shows(plan)


async def test_the_full_text_index_serves_words(explain):
    plan = await explain(
        "SELECT id FROM catalog.show WHERE search_vector @@ to_tsquery('simple', $1)", "bluey:*"
    )

    assert indexes(plan) == {"show_search_vector"}


async def test_the_categories_of_the_home_page_come_in_order_from_their_index(explain):
    plan = await explain(
        "SELECT id FROM catalog.category WHERE active ORDER BY display_order, sort_name, id"
    )

    assert indexes(plan) == {"category_active_display_order"}
    assert plan["Actual Rows"] < CATEGORIES / 10
    assert all(node["Node Type"] != "Sort" for node in nodes(plan))


ORDERINGS = {
    (ShowOrder.NAME, Direction.ASCENDING): "show_by_name",
    (ShowOrder.NAME, Direction.DESCENDING): "show_by_name",
    (ShowOrder.STIMULATION, Direction.ASCENDING): "show_stimulation",
    (ShowOrder.STIMULATION, Direction.DESCENDING): "show_by_stimulation_down",
    (ShowOrder.RELEASE_YEAR, Direction.ASCENDING): "show_by_release_year",
    (ShowOrder.RELEASE_YEAR, Direction.DESCENDING): "show_by_release_year_down",
    (ShowOrder.INTERACTIVITY, Direction.ASCENDING): "show_by_interactivity",
    (ShowOrder.INTERACTIVITY, Direction.DESCENDING): "show_by_interactivity_down",
    (ShowOrder.POPULARITY, Direction.ASCENDING): "show_by_popularity",
    (ShowOrder.POPULARITY, Direction.DESCENDING): "show_by_popularity",
}


MIDDLE = "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY id) AS id FROM catalog.show"


@pytest.mark.parametrize(("order", "direction"), ORDERINGS)
async def test_a_page_in_the_middle_is_a_short_walk_along_its_orders_index(
    explain, large_server, order, direction
):
    ordering = Ordering(order=order, direction=direction)
    async with opened(large_server, Limits(size_min=0, size_max=2)) as pool:
        [row] = await pool.fetch(
            "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY id) AS id FROM catalog.show"
        )
        middle = (await store_on(pool).show(row["id"], min_revision=0)).value
    after = ordering.cursor_of(middle)
    query = ShowQuery(condition=EVERY_SHOW, ordering=ordering, after=after, limit=20)
    sql, arguments = page_sql(query, counted=False)

    plan = await explain(sql, *arguments)

    assert ORDERINGS[order, direction] in indexes(plan)
    assert not scans_all_shows(plan)
    walked = [node for node in nodes(plan) if node.get("Index Name") == ORDERINGS[order, direction]]
    assert all(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) < 500 for node in walked)
