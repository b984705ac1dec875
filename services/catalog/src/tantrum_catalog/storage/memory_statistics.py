"""Counting what there is in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tantrum_catalog.domain.show import STIMULATION_MAX, STIMULATION_MIN, Show
from tantrum_catalog.domain.statistics import (
    OPTIONAL_FACTS,
    DatabaseState,
    FeaturedShow,
    Statistics,
)
from tantrum_catalog.storage.memory import MemoryCatalogStore
from tantrum_catalog.storage.memory_editors import MemoryAccess


class MemoryStatistics:
    """A `StatisticsReader`."""

    def __init__(self, store: MemoryCatalogStore, access: MemoryAccess) -> None:
        self._store = store
        self._access = access

    async def statistics(self) -> Statistics:
        state = self._store.state
        shows = state.shows.values()
        themes = await self._store.page_of_themes(
            after=None, limit=sys.maxsize, min_revision=state.head
        )
        platforms = await self._store.page_of_platforms(
            after=None, limit=sys.maxsize, min_revision=state.head
        )
        editors = self._access.audit.editors.values()
        return Statistics(
            show_count=len(shows),
            show_count_by_stimulation={
                score: sum(show.facts.stimulation == score for show in shows)
                for score in range(STIMULATION_MIN, STIMULATION_MAX + 1)
            },
            themes=themes.value.items,
            platforms=platforms.value.items,
            missing={fact: sum(_lacks(show, fact) for show in shows) for fact in OPTIONAL_FACTS},
            category_count=len(state.categories),
            active_category_count=sum(one.facts.active for one in state.categories.values()),
            research_count=len(state.research),
            image_count=len(state.images),
            editor_count=len(editors),
            active_editor_count=sum(editor.active for editor in editors),
            featured_show=_featured_of(shows),
            revision=state.head,
            last_write_time=state.batches[-1].commit_time if state.batches else None,
            database=DatabaseState(),
        )


def _lacks(show: Show, fact: str) -> bool:
    if fact == "image":
        return show.image is None
    value: object = show.facts
    for name in fact.split("."):
        value = getattr(value, name)
    return value in (None, "", ())


def _featured_of(shows: Iterable[Show]) -> FeaturedShow | None:
    for show in shows:
        if show.featured:
            return FeaturedShow(id=show.id, slug=show.slug, name=show.facts.name)
    return None
