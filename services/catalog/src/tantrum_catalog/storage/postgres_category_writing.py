"""Writing categories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import asyncpg
from tantrum_kit.postgres import Connection

from tantrum_catalog.domain.audit import AuditAction
from tantrum_catalog.domain.category import Category, CategoryFacts, CategoryId
from tantrum_catalog.domain.change import At, ResourceKind, Revision
from tantrum_catalog.domain.errors import (
    CategoryChangedError,
    CategoryNotFoundError,
    CategoryOrderChangedError,
    CategoryOrderError,
    SlugTakenError,
)
from tantrum_catalog.domain.naming import Slug, sort_name_of
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.storage.postgres_categories import read_all_categories, read_category
from tantrum_catalog.storage.postgres_counts import Counts
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_revisions import MadeBeforeError, Write
from tantrum_catalog.storage.postgres_shows import snapshot

_INSERT: Final = """
INSERT INTO catalog.category (
    slug, revision, create_time, update_time, display_order,
    name, sort_name, description, active, rules
)
VALUES (
    $1, $2, $3, $3, (SELECT coalesce(max(display_order), 0) + 1 FROM catalog.category),
    $4, $5, $6, $7, $8
)
RETURNING id
"""

_UPDATE: Final = """
UPDATE catalog.category
SET revision = $2, update_time = $3,
    name = $4, sort_name = $5, description = $6, active = $7, rules = $8
WHERE id = $1
"""

_DELETE: Final = "DELETE FROM catalog.category WHERE id = $1"
_PLACES: Final = """
SELECT id, display_order AS place FROM catalog.category ORDER BY display_order, sort_name, id
"""

_REORDER: Final = """
UPDATE catalog.category AS c
SET display_order = place.display_order, revision = $2, update_time = $3
FROM unnest($1::int[]) WITH ORDINALITY AS place (id, display_order)
WHERE c.id = place.id AND c.display_order <> place.display_order
"""


class PostgresCategoryWriter(PostgresPart):
    """The part of `CatalogWriter` that is about categories."""

    async def create_category(
        self, facts: CategoryFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Category]:
        try:
            async with self._writes.begun() as write:
                await write.require_new(ResourceKind.CATEGORY, request)
                try:
                    number = await write.connection.fetchval(
                        _INSERT, slug, write.revision, write.time, *category_values(facts)
                    )
                except asyncpg.UniqueViolationError as error:
                    raise SlugTakenError(slug) from error
                await write.note(ResourceKind.CATEGORY, request, number)
                write.put(ResourceKind.CATEGORY, number, slug)
                made = await _read_back(write, CategoryId(number))
                write.log(AuditAction.CREATE, after=made.value)
                return made
        except MadeBeforeError as made:
            return await self._category_on_primary(CategoryId(made.resource_id))

    async def put_category(
        self, category_id: CategoryId, facts: CategoryFacts, *, expected_revision: Revision
    ) -> At[Category]:
        async with self._writes.begun() as write:
            before = await _require(write.connection, category_id, expected_revision)
            return await write_category(write, before, facts, AuditAction.UPDATE)

    async def delete_category(
        self, category_id: CategoryId, *, expected_revision: Revision | None
    ) -> Revision:
        async with self._writes.begun() as write:
            before = await _require(write.connection, category_id, expected_revision)
            await write.connection.execute(_DELETE, category_id)
            write.deleted(ResourceKind.CATEGORY, category_id, before.slug)
            write.log(AuditAction.DELETE, before=before)
            return write.revision

    async def reorder_categories(
        self, ids: Sequence[CategoryId], *, expected_ids: Sequence[CategoryId] = ()
    ) -> At[tuple[Category, ...]]:
        async with self._writes.begun() as write:
            place_by_id = {row["id"]: row["place"] for row in await write.connection.fetch(_PLACES)}
            if expected_ids and list(place_by_id) != list(expected_ids):
                raise CategoryOrderChangedError
            if sorted(ids) != sorted(place_by_id):
                raise CategoryOrderError
            await write.connection.execute(_REORDER, list(ids), write.revision, write.time)
            # A memory of their own: what is counted here may be rolled back.
            categories = await read_all_categories(write.connection, Counts())
            for after in categories:
                before = replace(after, display_order=place_by_id[after.id])
                if after.display_order != before.display_order:
                    write.put(ResourceKind.CATEGORY, after.id, after.slug)
                    write.log(AuditAction.REORDER, before=before, after=after)
            return At(value=categories, revision=write.revision_after)

    async def _category_on_primary(self, category_id: CategoryId) -> At[Category]:
        async with self._databases.primary.connection() as connection, snapshot(connection):
            found = await read_category(connection, category_id, self._counts)
        if found.value is None:
            raise CategoryNotFoundError(category_id)
        return At(value=found.value, revision=found.revision)


def category_values(facts: CategoryFacts) -> list[object]:
    """Return name, sort name, description, active, and rules."""
    return [
        facts.name,
        sort_name_of(facts.name),
        facts.description,
        facts.active,
        json.dumps(facts.rules.to_json()),
    ]


async def write_category(
    write: Write, before: Category, facts: CategoryFacts, action: AuditAction
) -> At[Category]:
    """Store *facts* in the place of those of *before*."""
    values = category_values(facts)
    await write.connection.execute(_UPDATE, before.id, write.revision, write.time, *values)
    write.put(ResourceKind.CATEGORY, before.id, before.slug)
    stored = await _read_back(write, before.id)
    write.log(action, before=before, after=stored.value)
    return stored


async def _require(
    connection: Connection, category_id: CategoryId, expected: Revision | None
) -> Category:
    """Return the category. Raises `CategoryNotFoundError` or `CategoryChangedError`."""
    stored = (await read_category(connection, category_id, Counts())).value
    if stored is None:
        raise CategoryNotFoundError(category_id)
    if expected is not None and expected != stored.revision:
        raise CategoryChangedError(category_id, expected=expected, stored=stored.revision)
    return stored


async def _read_back(write: Write, category_id: CategoryId) -> At[Category]:
    found = await read_category(write.connection, category_id, Counts())
    if found.value is None:
        raise CategoryNotFoundError(category_id)
    return At(value=found.value, revision=write.revision)
