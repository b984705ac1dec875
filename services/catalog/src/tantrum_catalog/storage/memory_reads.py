"""Reads a catalogue in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tantrum_catalog.domain import research as research_domain
from tantrum_catalog.domain.catalog import POPULARITY
from tantrum_catalog.domain.category import Category, CategoryCursor, CategoryKey, HomeRow
from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.condition import holds
from tantrum_catalog.domain.errors import ImageNotFoundError
from tantrum_catalog.domain.ports import LabelCursor, Neighbours, Page, ShowQuery, label_cursor_of
from tantrum_catalog.domain.research import Research, ResearchCursor, ResearchKey
from tantrum_catalog.domain.show import Show, ShowId, ShowKey, StoredImage
from tantrum_catalog.domain.vocabulary import Platform, Theme, Vocabulary
from tantrum_catalog.storage.memory_state import MemoryState

T = TypeVar("T")


class MemoryReads:
    """Implements `CatalogReader` over a state."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    async def show(self, key: ShowKey, *, min_revision: Revision) -> At[Show]:
        self._state.require(min_revision)
        return self._state.at_head(self._state.show(key))

    async def shows_by_id(
        self, ids: Collection[ShowId], *, min_revision: Revision
    ) -> At[dict[ShowId, Show]]:
        self._state.require(min_revision)
        shows = self._state.shows
        found = {show_id: shows[show_id] for show_id in ids if show_id in shows}
        return self._state.at_head(found)

    async def page_of_shows(self, query: ShowQuery, *, min_revision: Revision) -> At[Page[Show]]:
        self._state.require(min_revision)
        return self._state.at_head(self._page_of_shows(query))

    async def neighbours(
        self, key: ShowKey, *, calmer: bool, limit: int, min_revision: Revision
    ) -> At[Neighbours]:
        self._state.require(min_revision)
        show = self._state.show(key)
        themes, stimulation = set(show.facts.themes), show.facts.stimulation
        others = [
            other
            for other in self._state.shows.values()
            if other.id != show.id and (not calmer or other.facts.stimulation < stimulation)
        ]
        others.sort(
            key=lambda other: (
                -len(themes & set(other.facts.themes)),
                abs(stimulation - other.facts.stimulation),
                other.id,
            )
        )
        neighbours = Neighbours(show=show, others=tuple(others[:limit]))
        return self._state.at_head(neighbours)

    async def home(
        self, *, shows_per_category: int, min_revision: Revision
    ) -> At[tuple[HomeRow, ...]]:
        self._state.require(min_revision)
        rows = []
        for category in self._categories(include_inactive=False):
            first = ShowQuery(
                condition=category.facts.rules.condition(),
                ordering=POPULARITY,
                after=None,
                limit=shows_per_category,
            )
            rows.append(HomeRow(category=category, shows=self._page_of_shows(first).items))
        return self._state.at_head(tuple(rows))

    async def page_of_categories(
        self,
        *,
        include_inactive: bool,
        after: CategoryCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Category]]:
        self._state.require(min_revision)
        categories = self._categories(include_inactive=include_inactive)
        page = _page(categories, lambda category: category.cursor, after=after, limit=limit)
        return self._state.at_head(page)

    async def category(self, key: CategoryKey, *, min_revision: Revision) -> At[Category]:
        self._state.require(min_revision)
        category = self._counted(self._state.category(key))
        return self._state.at_head(category)

    async def vocabulary(self, *, min_revision: Revision) -> At[Vocabulary]:
        self._state.require(min_revision)
        vocabulary = Vocabulary.of(self._state.themes.values(), self._state.platforms.values())
        return self._state.at_head(vocabulary)

    async def page_of_themes(
        self, *, after: LabelCursor | None, limit: int, min_revision: Revision
    ) -> At[Page[Theme]]:
        self._state.require(min_revision)
        shows = self._state.shows.values()
        themes = [
            replace(theme, show_count=sum(theme.slug in show.facts.themes for show in shows))
            for theme in self._state.themes.values()
        ]
        page = _page(themes, label_cursor_of, after=after, limit=limit)
        return self._state.at_head(page)

    async def page_of_platforms(
        self, *, after: LabelCursor | None, limit: int, min_revision: Revision
    ) -> At[Page[Platform]]:
        self._state.require(min_revision)
        shows = self._state.shows.values()
        platforms = [
            replace(
                platform, show_count=sum(platform.slug in show.facts.platforms for show in shows)
            )
            for platform in self._state.platforms.values()
        ]
        page = _page(platforms, label_cursor_of, after=after, limit=limit)
        return self._state.at_head(page)

    async def page_of_research(
        self,
        *,
        category: str,
        after: ResearchCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Research]]:
        self._state.require(min_revision)
        found = [
            research
            for research in self._state.research.values()
            if category in ("", research.facts.category)
        ]
        page = _page(
            found,
            lambda research: research_domain.sort_key(research.cursor),
            after=None if after is None else research_domain.sort_key(after),
            limit=limit,
        )
        return self._state.at_head(page)

    async def research(self, key: ResearchKey, *, min_revision: Revision) -> At[Research]:
        self._state.require(min_revision)
        return self._state.at_head(self._state.research_of(key))

    async def image(self, image_id: str) -> StoredImage:
        image = self._state.images.get(image_id)
        if image is None:
            raise ImageNotFoundError(image_id)
        return image

    def _page_of_shows(self, query: ShowQuery) -> Page[Show]:
        ordering = query.ordering
        shows = [show for show in self._state.shows.values() if holds(query.condition, show)]
        return _page(
            shows,
            lambda show: ordering.sort_key(ordering.cursor_of(show)),
            after=None if query.after is None else ordering.sort_key(query.after),
            limit=query.limit,
        )

    def _categories(self, *, include_inactive: bool) -> list[Category]:
        categories = sorted(self._state.categories.values(), key=lambda category: category.cursor)
        return [
            self._counted(category)
            for category in categories
            if include_inactive or category.facts.active
        ]

    def _counted(self, category: Category) -> Category:
        return replace(category, show_count=self._state.show_count(category))


def _page(
    items: Iterable[T], key: Callable[[T], Any], *, after: Sequence[object] | None, limit: int
) -> Page[T]:
    ordered = sorted(items, key=key)
    rest = [item for item in ordered if after is None or key(item) > after]
    return Page(items=tuple(rest[:limit]), has_more=len(rest) > limit, total=len(ordered))
