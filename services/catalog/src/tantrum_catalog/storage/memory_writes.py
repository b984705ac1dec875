"""Writes a catalogue in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.catalogue import Catalogue
from tantrum_catalog.domain.category import Category, CategoryFacts, CategoryId
from tantrum_catalog.domain.change import At, ResourceKind, Revision
from tantrum_catalog.domain.errors import (
    CategoryChangedError,
    CategoryOrderChangedError,
    CategoryOrderError,
    FeaturedShowChangedError,
    ImageNotFoundError,
    RequestIdTakenError,
    ResearchChangedError,
    ShowChangedError,
    SlugTakenError,
)
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.domain.research import Research, ResearchFacts, ResearchId
from tantrum_catalog.domain.show import Show, ShowFacts, ShowId, StoredImage
from tantrum_catalog.storage.memory_load import load
from tantrum_catalog.storage.memory_state import MemoryState, SeenRequest, changed, deleted

_REQUEST_KEPT: Final = dt.timedelta(days=1)


class MemoryWrites:
    """Implements `CatalogWriter` over a state."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    async def create_show(
        self, facts: ShowFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Show]:
        state = self._state
        state.audit.require_writer()
        made_id = self._made_before(ResourceKind.SHOW, request)
        if made_id is not None:
            return state.at_head(state.show(ShowId(made_id)))
        _require_free(slug, state.shows.values())
        themes, platforms = state.labels(facts)
        show = Show(
            id=ShowId(state.next_id(ResourceKind.SHOW)),
            slug=slug,
            facts=facts,
            themes=themes,
            platforms=platforms,
            revision=state.next_revision,
            update_time=state.now(),
        )
        self._note_request(ResourceKind.SHOW, request, show.id)
        return self._put_show(show, AuditAction.CREATE)

    async def put_show(
        self, show_id: ShowId, facts: ShowFacts, *, expected_revision: Revision
    ) -> At[Show]:
        state = self._state
        state.audit.require_writer()
        show = state.show(show_id)
        _require_unchanged(ShowChangedError, show, expected_revision)
        themes, platforms = state.labels(facts)
        return self._put_show(
            replace(show, facts=facts, themes=themes, platforms=platforms), AuditAction.UPDATE
        )

    async def put_image(self, stored: StoredImage) -> None:
        state = self._state
        state.audit.require_writer()
        if stored.image.id not in state.images:
            state.images[stored.image.id] = stored
            record = record_of(AuditAction.CREATE, after=stored.image)
            state.audit.append([record], time=state.now())

    async def set_show_image(
        self, show_id: ShowId, image_id: str | None, *, expected_revision: Revision | None
    ) -> At[Show]:
        state = self._state
        state.audit.require_writer()
        show = state.show(show_id)
        _require_unchanged(ShowChangedError, show, expected_revision)
        if image_id is not None and image_id not in state.images:
            raise ImageNotFoundError(image_id)
        image = None if image_id is None else state.images[image_id].image
        if image == show.image:
            return state.at_head(show)
        return self._put_show(replace(show, image=image), AuditAction.UPDATE)

    async def delete_show(self, show_id: ShowId, *, expected_revision: Revision | None) -> Revision:
        self._state.audit.require_writer()
        show = self._state.show(show_id)
        _require_unchanged(ShowChangedError, show, expected_revision)
        del self._state.shows[show_id]
        record = record_of(AuditAction.DELETE, before=show)
        return self._state.commit([deleted(ResourceKind.SHOW, show)], record)

    async def set_featured_show(
        self, show_id: ShowId | None, *, expected_id: int | None = None
    ) -> At[Show | None]:
        state = self._state
        state.audit.require_writer()
        featured_id = next((show.id for show in state.shows.values() if show.featured), 0)
        if expected_id not in (None, featured_id):
            raise FeaturedShowChangedError
        wanted = None if show_id is None else state.show(show_id)
        shows = [show for show in state.shows.values() if show.featured != (show.id == show_id)]
        # The one that ceases to be featured first.
        before = sorted(shows, key=lambda show: not show.featured)
        after = [
            replace(
                show,
                featured=not show.featured,
                revision=state.next_revision,
                update_time=state.now(),
            )
            for show in before
        ]
        state.shows.update({show.id: show for show in after})
        if after:
            state.commit(
                [changed(ResourceKind.SHOW, show) for show in after],
                *(
                    record_of(AuditAction.FEATURE, before=old, after=new)
                    for old, new in zip(before, after, strict=True)
                ),
            )
        return state.at_head(None if wanted is None else state.shows[wanted.id])

    async def create_category(
        self, facts: CategoryFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Category]:
        state = self._state
        state.audit.require_writer()
        made_id = self._made_before(ResourceKind.CATEGORY, request)
        if made_id is not None:
            return state.at_head(self._counted(state.category(CategoryId(made_id))))
        _require_free(slug, state.categories.values())
        orders = [category.display_order for category in state.categories.values()]
        category = Category(
            id=CategoryId(state.next_id(ResourceKind.CATEGORY)),
            slug=slug,
            facts=facts,
            display_order=max(orders, default=0) + 1,
            show_count=0,
            revision=state.next_revision,
            create_time=state.now(),
            update_time=state.now(),
        )
        self._note_request(ResourceKind.CATEGORY, request, category.id)
        [stored] = self._put_categories([category], AuditAction.CREATE)
        return state.at_head(self._counted(stored))

    async def put_category(
        self, category_id: CategoryId, facts: CategoryFacts, *, expected_revision: Revision
    ) -> At[Category]:
        self._state.audit.require_writer()
        category = self._state.category(category_id)
        _require_unchanged(CategoryChangedError, category, expected_revision)
        [stored] = self._put_categories([replace(category, facts=facts)], AuditAction.UPDATE)
        return self._state.at_head(self._counted(stored))

    async def delete_category(
        self, category_id: CategoryId, *, expected_revision: Revision | None
    ) -> Revision:
        self._state.audit.require_writer()
        category = self._state.category(category_id)
        _require_unchanged(CategoryChangedError, category, expected_revision)
        del self._state.categories[category_id]
        record = record_of(AuditAction.DELETE, before=category)
        return self._state.commit([deleted(ResourceKind.CATEGORY, category)], record)

    async def reorder_categories(
        self, ids: Sequence[CategoryId], *, expected_ids: Sequence[CategoryId] = ()
    ) -> At[tuple[Category, ...]]:
        self._state.audit.require_writer()
        categories = self._state.categories
        ordered = sorted(categories.values(), key=lambda one: one.cursor)
        if expected_ids and [one.id for one in ordered] != list(expected_ids):
            raise CategoryOrderChangedError
        if sorted(ids) != sorted(categories):
            raise CategoryOrderError
        moved = [
            replace(categories[category_id], display_order=place)
            for place, category_id in enumerate(ids, start=1)
            if categories[category_id].display_order != place
        ]
        if moved:
            self._put_categories(moved, AuditAction.REORDER)
        return self._state.at_head(
            tuple(self._counted(categories[category_id]) for category_id in ids)
        )

    async def create_research(
        self, facts: ResearchFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Research]:
        state = self._state
        state.audit.require_writer()
        made_id = self._made_before(ResourceKind.RESEARCH, request)
        if made_id is not None:
            return state.at_head(state.research_of(ResearchId(made_id)))
        _require_free(slug, state.research.values())
        research = Research(
            id=ResearchId(state.next_id(ResourceKind.RESEARCH)),
            slug=slug,
            facts=facts,
            revision=state.next_revision,
            create_time=state.now(),
            update_time=state.now(),
        )
        self._note_request(ResourceKind.RESEARCH, request, research.id)
        return self._put_research(research, AuditAction.CREATE)

    async def put_research(
        self, research_id: ResearchId, facts: ResearchFacts, *, expected_revision: Revision
    ) -> At[Research]:
        self._state.audit.require_writer()
        research = self._state.research_of(research_id)
        _require_unchanged(ResearchChangedError, research, expected_revision)
        return self._put_research(replace(research, facts=facts), AuditAction.UPDATE)

    async def delete_research(
        self, research_id: ResearchId, *, expected_revision: Revision | None
    ) -> Revision:
        self._state.audit.require_writer()
        research = self._state.research_of(research_id)
        _require_unchanged(ResearchChangedError, research, expected_revision)
        del self._state.research[research_id]
        record = record_of(AuditAction.DELETE, before=research)
        return self._state.commit([deleted(ResourceKind.RESEARCH, research)], record)

    async def load(self, catalogue: Catalogue) -> Revision:
        return load(self._state, catalogue)

    def _put_show(self, show: Show, action: AuditAction) -> At[Show]:
        state = self._state
        before = state.shows.get(show.id)
        show = replace(show, revision=state.next_revision, update_time=state.now())
        state.shows[show.id] = show
        record = record_of(action, before=before, after=show)
        state.commit([changed(ResourceKind.SHOW, show)], record)
        return state.at_head(show)

    def _put_categories(
        self, categories: Sequence[Category], action: AuditAction
    ) -> list[Category]:
        state = self._state
        before = [state.categories.get(one.id) for one in categories]
        stored = [
            replace(one, revision=state.next_revision, update_time=state.now())
            for one in categories
        ]
        state.categories.update({one.id: one for one in stored})
        state.commit(
            [changed(ResourceKind.CATEGORY, one) for one in stored],
            *(
                record_of(action, before=old, after=new)
                for old, new in zip(before, stored, strict=True)
            ),
        )
        return stored

    def _put_research(self, research: Research, action: AuditAction) -> At[Research]:
        state = self._state
        before = state.research.get(research.id)
        research = replace(research, revision=state.next_revision, update_time=state.now())
        state.research[research.id] = research
        record = record_of(action, before=before, after=research)
        state.commit([changed(ResourceKind.RESEARCH, research)], record)
        return state.at_head(research)

    def _counted(self, category: Category) -> Category:
        return replace(category, show_count=self._state.show_count(category))

    def _made_before(self, kind: ResourceKind, request: RequestKey | None) -> int | None:
        if request is None:
            return None
        seen = self._state.requests.get((kind, request.id))
        if seen is None or seen.time + _REQUEST_KEPT < self._state.now():
            return None
        if seen.digest != request.digest:
            raise RequestIdTakenError(request.id)
        return seen.resource_id

    def _note_request(
        self, kind: ResourceKind, request: RequestKey | None, resource_id: int
    ) -> None:
        if request is not None:
            self._state.requests[kind, request.id] = SeenRequest(
                digest=request.digest, resource_id=resource_id, time=self._state.now()
            )


def _require_unchanged(
    error: type[ShowChangedError | CategoryChangedError | ResearchChangedError],
    resource: Show | Category | Research,
    expected: Revision | None,
) -> None:
    if expected is not None and resource.revision != expected:
        raise error(resource.id, expected=expected, stored=resource.revision)


def _require_free(slug: Slug, resources: Iterable[Show | Category | Research]) -> None:
    if any(resource.slug == slug for resource in resources):
        raise SlugTakenError(slug)
