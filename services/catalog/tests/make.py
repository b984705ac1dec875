"""Factories of catalogues for tests, and walks over them."""

from __future__ import annotations

import asyncio
import datetime as dt

from tantrum_catalog.domain.catalogue import Catalogue, NewCategory, NewResearch, NewShow
from tantrum_catalog.domain.category import CategoryFacts
from tantrum_catalog.domain.category_rules import raw_rules_of, resolved
from tantrum_catalog.domain.condition import EVERY_SHOW
from tantrum_catalog.domain.order import Ordering
from tantrum_catalog.domain.ports import ShowQuery
from tantrum_catalog.domain.research import ResearchFacts
from tantrum_catalog.domain.show import Label, Show, ShowFacts
from tantrum_catalog.domain.vocabulary import Platform, Theme, Vocabulary

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)

THEMES = (
    Theme(slug="music", name="Music", aliases=("Songs",)),
    Theme(slug="nature", name="Nature"),
    Theme(slug="stem", name="STEM"),
)
PLATFORMS = (
    Platform(slug="tv", name="TV"),
    Platform(slug="youtube", name="YouTube", url="https://www.youtube.com"),
)
VOCABULARY = Vocabulary.of(THEMES, PLATFORMS)


def make_facts(**changes) -> ShowFacts:
    return ShowFacts(
        **{
            "name": "A Show",
            "description": "Something happens.",
            "min_age": 3,
            "max_age": 6,
            "stimulation": 2,
        }
        | changes
    )


def make_show(*, show_id=1, slug="a-show", featured=False, legacy=None, **changes) -> Show:
    facts = make_facts(**changes)
    return Show(
        id=show_id,
        slug=slug,
        facts=facts,
        themes=tuple(Label(slug=one, name=one.title()) for one in facts.themes),
        platforms=tuple(Label(slug=one, name=one.title()) for one in facts.platforms),
        featured=featured,
        legacy=legacy or {},
        revision=1,
        update_time=NOW,
    )


def make_new_show(show_id, *, slug=None, featured=False, legacy=None, **changes) -> NewShow:
    return NewShow(
        id=show_id,
        slug=slug or f"show-{show_id}",
        facts=make_facts(**changes),
        featured=featured,
        legacy=legacy or {},
    )


def make_rules(*rules, logic="AND"):
    """Each rule is a triple of field, operator and value."""
    listed = [{"field": f, "operator": o, "value": v} for f, o, v in rules]
    return resolved(raw_rules_of({"logic": logic, "rules": listed}), VOCABULARY)


def make_category(**changes) -> CategoryFacts:
    return CategoryFacts(**{"name": "Calm", "active": True} | changes)


def make_research(**changes) -> ResearchFacts:
    return ResearchFacts(
        **{"title": "A Study", "summary": "It found.", "category": "Media Effects"} | changes
    )


def make_catalogue(*shows, categories=(), research=()) -> Catalogue:
    return Catalogue(
        shows=tuple(shows),
        themes=THEMES,
        platforms=PLATFORMS,
        categories=tuple(
            NewCategory(slug=slug, facts=facts, display_order=place)
            for place, (slug, facts) in enumerate(categories, start=1)
        ),
        research=tuple(NewResearch(slug=slug, facts=facts) for slug, facts in research),
    )


async def ids_of(store, condition=EVERY_SHOW, *, ordering=None, size=100, between=None):
    """The ids of all shows that *condition* selects, page by page; *between* runs after each."""
    ordering = ordering or Ordering()
    ids, after = [], None
    while True:
        query = ShowQuery(condition=condition, ordering=ordering, after=after, limit=size)
        page = (await store.page_of_shows(query, min_revision=0)).value
        assert len(page.items) <= size
        ids += [show.id for show in page.items]
        if not page.has_more:
            return ids
        after = ordering.cursor_of(page.items[-1])
        if between is not None:
            await between()


async def until(condition, *, timeout_seconds=5.0):
    """Let others run until *condition* is true."""
    async with asyncio.timeout(timeout_seconds):
        while not condition():
            await asyncio.sleep(0)
