"""Fills an empty catalogue in memory."""

from __future__ import annotations

from dataclasses import replace

from tantrum_catalog.domain.audit import load_record
from tantrum_catalog.domain.catalogue import Catalogue
from tantrum_catalog.domain.category import Category, CategoryId
from tantrum_catalog.domain.change import Change, ChangeType, ResourceKind, Revision
from tantrum_catalog.domain.errors import CatalogueNotEmptyError
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.research import Research, ResearchId
from tantrum_catalog.domain.show import Show
from tantrum_catalog.storage.memory_state import MemoryState, changed


def load(state: MemoryState, catalogue: Catalogue) -> Revision:
    """Do what `CatalogWriter.load` promises."""
    if state.shows or state.categories or state.research or state.themes or state.platforms:
        raise CatalogueNotEmptyError
    themes, platforms = state.themes, state.platforms
    revision = state.next_revision
    state.themes = {one.slug: replace(one, revision=revision) for one in catalogue.themes}
    state.platforms = {one.slug: replace(one, revision=revision) for one in catalogue.platforms}
    try:
        shows = _shows(state, catalogue)
    except BaseException:
        state.themes, state.platforms = themes, platforms
        raise
    state.shows = {show.id: show for show in shows}
    for show in shows:
        state.note_id(ResourceKind.SHOW, show.id)
    state.categories = {one.id: one for one in _categories(state, catalogue)}
    state.research = {one.id: one for one in _research(state, catalogue)}
    changes = _changes(state)
    return state.commit(changes, load_record(catalogue.counts())) if changes else state.head


def _changes(state: MemoryState) -> list[Change]:
    return [
        *(_labelled(ResourceKind.THEME, slug) for slug in state.themes),
        *(_labelled(ResourceKind.PLATFORM, slug) for slug in state.platforms),
        *(changed(ResourceKind.SHOW, show) for show in state.shows.values()),
        *(changed(ResourceKind.CATEGORY, one) for one in state.categories.values()),
        *(changed(ResourceKind.RESEARCH, one) for one in state.research.values()),
    ]


def _labelled(kind: ResourceKind, slug: Slug) -> Change:
    return Change(kind=kind, type=ChangeType.PUT, id=0, slug=slug)


def _shows(state: MemoryState, catalogue: Catalogue) -> list[Show]:
    shows = []
    for new in catalogue.shows:
        themes, platforms = state.labels(new.facts)
        show = Show(
            id=new.id,
            slug=new.slug,
            facts=new.facts,
            themes=themes,
            platforms=platforms,
            featured=new.featured,
            legacy=new.legacy,
            revision=state.next_revision,
            update_time=state.now(),
        )
        shows.append(show)
    return shows


def _categories(state: MemoryState, catalogue: Catalogue) -> list[Category]:
    return [
        Category(
            id=CategoryId(state.next_id(ResourceKind.CATEGORY)),
            slug=new.slug,
            facts=new.facts,
            display_order=new.display_order,
            show_count=0,
            revision=state.next_revision,
            create_time=state.now(),
            update_time=state.now(),
        )
        for new in catalogue.categories
    ]


def _research(state: MemoryState, catalogue: Catalogue) -> list[Research]:
    return [
        Research(
            id=ResearchId(state.next_id(ResourceKind.RESEARCH)),
            slug=new.slug,
            facts=new.facts,
            revision=state.next_revision,
            create_time=state.now(),
            update_time=state.now(),
        )
        for new in catalogue.research
    ]
