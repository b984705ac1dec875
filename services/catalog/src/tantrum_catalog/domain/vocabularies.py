"""What editors can do to themes and platforms."""

from __future__ import annotations

from collections.abc import Callable

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.catalog import created, updated
from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import CatalogStore, Merged
from tantrum_catalog.domain.vocabulary import E


class Vocabularies:
    """Writes to vocabularies. Safe to share."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store

    async def create(self, make: Callable[[Slug], E], *, name: str, slug: str, kind: str) -> At[E]:
        """
        Make what *make* makes of a slug; an empty *slug* is made from *name*.

        Raises `SlugTakenError`, `NameTakenError`, `InvalidInputError`.
        """
        return await created(
            lambda free: self._store.create_entry(make(free)), name=name, slug=slug, kind=kind
        )

    async def update(
        self,
        kind: type[E],
        slug: Slug,
        change: Callable[[E], E],
        *,
        expected_revision: Revision | None,
    ) -> At[E]:
        """
        Store what *change* makes of an entry; on conflicts as `Catalog.update_show`.

        Raises `LabelNotFoundError`, `LabelChangedError`, `NameTakenError`,
        `InvalidInputError`.
        """

        async def tried() -> At[E]:
            entry = await self._store.entry(kind, slug, min_revision=await self._store.head())
            return await self._store.put_entry(
                change(entry.value), expected_revision=expected_revision or entry.value.revision
            )

        return await updated(tried, once=expected_revision is not None)

    async def merge(
        self, kind: type[E], slug: Slug, *, into: Slug, expected_revision: Revision | None
    ) -> At[Merged[E]]:
        """Raises `LabelNotFoundError`, `LabelChangedError`, `InvalidInputError`."""
        if slug == into:
            raise InvalidInputError.of("into_slug", "must be another one")
        return await self._store.merge_entries(
            kind, slug, into=into, expected_revision=expected_revision
        )
