"""
The use cases that are more than one call of the store.

Plain reads, deletes and the like go from the transport to the store's port
directly: a method here that only forwarded would say nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain import pictures
from tantrum_catalog.domain.category import Category, CategoryFacts, CategoryId, CategoryKey
from tantrum_catalog.domain.category_rules import RawRules, resolved
from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.errors import (
    CategoryNotFoundError,
    ImageNotFoundError,
    ResourceChangedError,
    SlugTakenError,
)
from tantrum_catalog.domain.naming import Slug, slug_numbered, slug_of
from tantrum_catalog.domain.order import Ordering, ShowCursor, ShowOrder
from tantrum_catalog.domain.ports import CatalogStore, Page, RequestKey, ShowQuery
from tantrum_catalog.domain.research import Research, ResearchFacts, ResearchId
from tantrum_catalog.domain.show import (
    Image,
    Show,
    ShowFacts,
    ShowId,
    ShowKey,
    StoredImage,
)
from tantrum_catalog.domain.similarity import (
    CANDIDATES_MAX,
    SimilarCursor,
    SimilarShow,
    ranked,
    sort_key,
)
from tantrum_catalog.domain.vocabulary import Vocabulary

T = TypeVar("T")

POPULARITY: Final = Ordering(order=ShowOrder.POPULARITY)

_SLUG_TRIES: Final = 100
_UPDATE_TRIES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDraft:
    """What a caller wants a category to be, with rules in any of their forms."""

    name: str
    description: str = ""
    active: bool = False
    rules: RawRules

    @classmethod
    def of(cls, facts: CategoryFacts) -> CategoryDraft:
        """Return the draft that makes *facts* again."""
        return cls(
            name=facts.name,
            description=facts.description,
            active=facts.active,
            rules=facts.rules.raw(),
        )

    def facts(self, vocabulary: Vocabulary) -> CategoryFacts:
        """Return what is stored. Raises `InvalidInputError`."""
        return CategoryFacts(
            name=self.name,
            description=self.description,
            active=self.active,
            rules=resolved(self.rules, vocabulary, path="category.rules"),
        )


class Catalog:
    """Finds and changes what is in the catalogue."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self._decoding = asyncio.Lock()

    async def similar_shows(
        self,
        key: ShowKey,
        *,
        calmer: bool,
        after: SimilarCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[SimilarShow]]:
        """
        Return other shows, the most like the one first; with *calmer* those of
        lower stimulation only. Raises `ShowNotFoundError`.
        """
        found = await self._store.neighbours(
            key, calmer=calmer, limit=CANDIDATES_MAX, min_revision=min_revision
        )
        everything = ranked(found.value.show, found.value.others)
        rest = [
            one for one in everything if after is None or sort_key(one.cursor) > sort_key(after)
        ]
        page = Page(items=tuple(rest[:limit]), has_more=len(rest) > limit, total=len(everything))
        return At(value=page, revision=found.revision)

    async def category(
        self, key: CategoryKey, *, include_inactive: bool, min_revision: Revision
    ) -> At[Category]:
        """
        Return one category. Raises `CategoryNotFoundError`, without
        *include_inactive* also for one that is not active.
        """
        found = await self._store.category(key, min_revision=min_revision)
        if not (found.value.facts.active or include_inactive):
            raise CategoryNotFoundError(key)
        return found

    async def category_shows(
        self,
        key: CategoryKey,
        *,
        include_inactive: bool,
        ordering: Ordering,
        after: ShowCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Show]]:
        """Return the shows that a category's rules select. Raises as `category` does."""
        category = await self.category(
            key, include_inactive=include_inactive, min_revision=min_revision
        )
        query = ShowQuery(
            condition=category.value.facts.rules.condition(),
            ordering=ordering,
            after=after,
            limit=limit,
        )
        return await self._store.page_of_shows(query, min_revision=category.revision)

    async def preview_category(
        self, rules: RawRules, *, limit: int, min_revision: Revision
    ) -> At[Page[Show]]:
        """Return the first shows that *rules* would select. Raises `InvalidInputError`."""
        vocabulary = await self._store.vocabulary(min_revision=min_revision)
        query = ShowQuery(
            condition=resolved(rules, vocabulary.value).condition(),
            ordering=POPULARITY,
            after=None,
            limit=limit,
        )
        return await self._store.page_of_shows(query, min_revision=vocabulary.revision)

    async def create_show(
        self, facts: ShowFacts, *, slug: str, request: RequestKey | None
    ) -> At[Show]:
        """
        Make a show. An empty *slug* is made from its name, numbered if taken.

        Raises `SlugTakenError`, `UnknownLabelsError`, `RequestIdTakenError`,
        `InvalidInputError`.
        """
        return await created(
            lambda free: self._store.create_show(facts, slug=free, request=request),
            name=facts.name,
            slug=slug,
            kind="show",
        )

    async def update_show(
        self,
        show_id: ShowId,
        change: Callable[[ShowFacts], ShowFacts],
        *,
        expected_revision: Revision | None,
    ) -> At[Show]:
        """
        Replace a show's facts by what *change* makes of them.

        With an *expected_revision* it fails with `ShowChangedError` when somebody
        else wrote in between: only the caller knows whether its change still makes
        sense. With None it is made again on what they wrote, a few times.

        Raises:
            InvalidInputError: what *change* raised, or a label that does not exist.
            ShowNotFoundError: there is no such show.
            ShowChangedError: as said.
        """

        async def tried() -> At[Show]:
            show = await self._store.show(show_id, min_revision=await self._store.head())
            return await self._store.put_show(
                show_id,
                change(show.value.facts),
                expected_revision=expected_revision or show.value.revision,
            )

        return await updated(tried, once=expected_revision is not None)

    async def create_image(self, content: bytes) -> Image:
        """Store a picture. Raises `InvalidInputError` about `content`."""
        # One at a time: each takes up to 100 MB.
        async with self._decoding:
            try:
                image = await asyncio.to_thread(pictures.checked, content)
            except pictures.ImageRefusedError as error:
                raise InvalidInputError.of("content", str(error)) from error
        await self._store.put_image(StoredImage(image=image, content=content))
        return image

    async def set_show_image(
        self, show_id: ShowId, image_id: str | None, *, expected_revision: Revision | None
    ) -> At[Show]:
        """
        Give a show its picture, or with None take it.

        Raises `ShowNotFoundError`, `ShowChangedError`, and `InvalidInputError` when
        there is no such picture.
        """
        try:
            return await self._store.set_show_image(
                show_id, image_id, expected_revision=expected_revision
            )
        except ImageNotFoundError as error:
            raise InvalidInputError.of("image_id", "does not exist") from error

    async def create_category(
        self, draft: CategoryDraft, *, slug: str, request: RequestKey | None
    ) -> At[Category]:
        """Make a category, last in the order; otherwise as `create_show`."""
        facts = draft.facts(await self._vocabulary())
        return await created(
            lambda free: self._store.create_category(facts, slug=free, request=request),
            name=facts.name,
            slug=slug,
            kind="category",
        )

    async def update_category(
        self,
        category_id: CategoryId,
        change: Callable[[CategoryDraft], CategoryDraft],
        *,
        expected_revision: Revision | None,
    ) -> At[Category]:
        """As `update_show`, with `CategoryNotFoundError` and `CategoryChangedError`."""

        async def tried() -> At[Category]:
            category = await self._store.category(
                category_id, min_revision=await self._store.head()
            )
            draft = change(CategoryDraft.of(category.value.facts))
            return await self._store.put_category(
                category_id,
                draft.facts(await self._vocabulary()),
                expected_revision=expected_revision or category.value.revision,
            )

        return await updated(tried, once=expected_revision is not None)

    async def create_research(
        self, facts: ResearchFacts, *, slug: str, request: RequestKey | None
    ) -> At[Research]:
        """Make a research summary, its slug from the title; otherwise as `create_show`."""
        return await created(
            lambda free: self._store.create_research(facts, slug=free, request=request),
            name=facts.title,
            slug=slug,
            kind="research",
        )

    async def update_research(
        self,
        research_id: ResearchId,
        change: Callable[[ResearchFacts], ResearchFacts],
        *,
        expected_revision: Revision | None,
    ) -> At[Research]:
        """As `update_show`, with `ResearchNotFoundError` and `ResearchChangedError`."""

        async def tried() -> At[Research]:
            research = await self._store.research(
                research_id, min_revision=await self._store.head()
            )
            return await self._store.put_research(
                research_id,
                change(research.value.facts),
                expected_revision=expected_revision or research.value.revision,
            )

        return await updated(tried, once=expected_revision is not None)

    async def _vocabulary(self) -> Vocabulary:
        vocabulary = await self._store.vocabulary(min_revision=await self._store.head())
        return vocabulary.value


async def created(create: Callable[[Slug], Awaitable[T]], *, name: str, slug: str, kind: str) -> T:
    """
    Return what *create* makes with *slug*; if that is empty, with the first free one
    that *name* gives.
    """
    if slug:
        checks = Checks(kind)
        checks.slug("slug", slug)
        checks.finish()
        return await create(Slug(slug))
    wanted = slug_of(name, fallback=kind)
    for number in range(1, _SLUG_TRIES):
        try:
            return await create(slug_numbered(wanted, number))
        except SlugTakenError:
            continue
    return await create(slug_numbered(wanted, _SLUG_TRIES))


async def updated(tried: Callable[[], Awaitable[T]], *, once: bool) -> T:
    """Return what *tried* makes, again after a conflict unless it is to be tried *once*."""
    for _ in range(0 if once else _UPDATE_TRIES - 1):
        try:
            return await tried()
        except ResourceChangedError:
            continue
    return await tried()
