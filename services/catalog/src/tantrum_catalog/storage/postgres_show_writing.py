"""Writing shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg
from tantrum_kit.postgres import Connection

from tantrum_catalog.domain.audit import AuditAction, record_of
from tantrum_catalog.domain.change import At, ResourceKind, Revision
from tantrum_catalog.domain.errors import (
    FeaturedShowChangedError,
    ImageNotFoundError,
    ShowChangedError,
    ShowNotFoundError,
    SlugTakenError,
    UnknownLabelsError,
)
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.domain.show import Show, ShowFacts, ShowId, StoredImage
from tantrum_catalog.storage.postgres_audit import append_audit
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_revisions import MadeBeforeError, Write
from tantrum_catalog.storage.postgres_rows import FACT_COLUMNS, fact_values, placeholders
from tantrum_catalog.storage.postgres_shows import read_show, read_shows

_FACTS: Final = ", ".join(FACT_COLUMNS)

_INSERT: Final = f"""
INSERT INTO catalog.show (slug, revision, update_time, {_FACTS})
VALUES ($1, $2, $3, {placeholders(4, len(FACT_COLUMNS))})
RETURNING id
"""  # noqa: S608 - from constants

_UPDATE: Final = f"""
UPDATE catalog.show
SET (revision, update_time, {_FACTS}) = ROW ($2, $3, {placeholders(4, len(FACT_COLUMNS))})
WHERE id = $1
RETURNING slug
"""  # noqa: S608 - from constants

_DELETE: Final = "DELETE FROM catalog.show WHERE id = $1"

_PUT_IMAGE: Final = """
INSERT INTO catalog.image (id, media_type, width, height, content)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING
RETURNING id
"""

_SET_IMAGE: Final = """
UPDATE catalog.show SET image_id = $2, revision = $3, update_time = $4 WHERE id = $1
"""

# The one that ceases to be featured first.
_TO_CHANGE: Final = """
SELECT id FROM catalog.show
WHERE (featured AND id IS DISTINCT FROM $1::int) OR (NOT featured AND id = $1::int)
ORDER BY featured DESC
"""

# Cleared before it is set: there is never more than one.
_FEATURED: Final = "SELECT id FROM catalog.show WHERE featured"
_FEATURE_NO_OTHER: Final = """
UPDATE catalog.show SET featured = false, revision = $2, update_time = $3
WHERE featured AND id IS DISTINCT FROM $1::int
"""
_FEATURE: Final = """
UPDATE catalog.show SET featured = true, revision = $2, update_time = $3
WHERE NOT featured AND id = $1::int
"""


class PostgresShowWriter(PostgresPart):
    """The part of `CatalogWriter` that is about shows."""

    async def create_show(
        self, facts: ShowFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Show]:
        try:
            async with self._writes.begun() as write:
                await write.require_new(ResourceKind.SHOW, request)
                show_id = await _insert(write, facts, slug)
                await write.note(ResourceKind.SHOW, request, show_id)
                made = await _read_back(write, show_id)
                write.log(AuditAction.CREATE, after=made.value)
                return made
        except MadeBeforeError as made:
            return await self._show_on_primary(ShowId(made.resource_id))

    async def put_show(
        self, show_id: ShowId, facts: ShowFacts, *, expected_revision: Revision
    ) -> At[Show]:
        async with self._writes.begun() as write:
            before = await _require(write.connection, show_id, expected_revision)
            await require_labels(write.connection, facts)
            values = fact_values(facts)
            slug = await write.connection.fetchval(
                _UPDATE, show_id, write.revision, write.time, *values
            )
            await write_labels(write.connection, [show_id])
            write.put(ResourceKind.SHOW, show_id, slug)
            stored = await _read_back(write, show_id)
            write.log(AuditAction.UPDATE, before=before, after=stored.value)
            return stored

    async def put_image(self, stored: StoredImage) -> None:
        image = stored.image
        async with self._databases.primary.transaction() as connection:
            values = (image.id, image.media_type, image.width, image.height, stored.content)
            if await connection.fetchval(_PUT_IMAGE, *values) is not None:
                record = record_of(AuditAction.CREATE, after=image)
                await append_audit(connection, [record], time=self._now())

    async def set_show_image(
        self, show_id: ShowId, image_id: str | None, *, expected_revision: Revision | None
    ) -> At[Show]:
        async with self._writes.begun() as write:
            before = await _require(write.connection, show_id, expected_revision)
            if image_id == (before.image.id if before.image else None):
                return At(value=before, revision=write.revision_after)
            try:
                await write.connection.execute(
                    _SET_IMAGE, show_id, image_id, write.revision, write.time
                )
            except asyncpg.ForeignKeyViolationError as error:
                raise ImageNotFoundError(str(image_id)) from error
            write.put(ResourceKind.SHOW, show_id, before.slug)
            stored = await _read_back(write, show_id)
            write.log(AuditAction.UPDATE, before=before, after=stored.value)
            return stored

    async def delete_show(self, show_id: ShowId, *, expected_revision: Revision | None) -> Revision:
        async with self._writes.begun() as write:
            before = await _require(write.connection, show_id, expected_revision)
            await write.connection.execute(_DELETE, show_id)
            write.deleted(ResourceKind.SHOW, show_id, before.slug)
            write.log(AuditAction.DELETE, before=before)
            return write.revision

    async def set_featured_show(
        self, show_id: ShowId | None, *, expected_id: int | None = None
    ) -> At[Show | None]:
        async with self._writes.begun() as write:
            featured_id = await write.connection.fetchval(_FEATURED) or 0
            if expected_id not in (None, featured_id):
                raise FeaturedShowChangedError
            if show_id is not None:
                await _require(write.connection, show_id, None)
            ids = [row["id"] for row in await write.connection.fetch(_TO_CHANGE, show_id)]
            before = (await read_shows(write.connection, ids)).value
            for sql in (_FEATURE_NO_OTHER, _FEATURE):
                await write.connection.execute(sql, show_id, write.revision, write.time)
            after = (await read_shows(write.connection, ids)).value
            for number in ids:
                write.put(ResourceKind.SHOW, number, after[number].slug)
                write.log(AuditAction.FEATURE, before=before[number], after=after[number])
            if show_id is None:
                return At(value=None, revision=write.revision_after)
            show = await read_show(write.connection, show_id)
            return At(value=show.value, revision=write.revision_after)

    async def _show_on_primary(self, show_id: ShowId) -> At[Show]:
        async with self._databases.primary.connection() as connection:
            found = await read_show(connection, show_id)
        if found.value is None:
            raise ShowNotFoundError(show_id)
        return At(value=found.value, revision=found.revision)


async def _insert(write: Write, facts: ShowFacts, slug: Slug) -> ShowId:
    await require_labels(write.connection, facts)
    try:
        number = await write.connection.fetchval(
            _INSERT, slug, write.revision, write.time, *fact_values(facts)
        )
    except asyncpg.UniqueViolationError as error:
        raise SlugTakenError(slug) from error
    await write_labels(write.connection, [number])
    write.put(ResourceKind.SHOW, number, slug)
    return ShowId(number)


async def _require(connection: Connection, show_id: ShowId, expected: Revision | None) -> Show:
    """Return the show. Raises `ShowNotFoundError` or `ShowChangedError`."""
    stored = (await read_show(connection, show_id)).value
    if stored is None:
        raise ShowNotFoundError(show_id)
    if expected is not None and expected != stored.revision:
        raise ShowChangedError(show_id, expected=expected, stored=stored.revision)
    return stored


async def _read_back(write: Write, show_id: ShowId) -> At[Show]:
    found = await read_show(write.connection, show_id)
    if found.value is None:
        raise ShowNotFoundError(show_id)
    return At(value=found.value, revision=write.revision)


async def require_labels(connection: Connection, facts: ShowFacts) -> None:
    """Raises `UnknownLabelsError` unless all themes and platforms of *facts* exist."""
    for field, table, slugs in (
        ("show.themes", "theme", facts.themes),
        ("show.platforms", "platform", facts.platforms),
    ):
        known = await connection.fetchval(
            f"SELECT array_agg(slug) FROM catalog.{table} WHERE slug = ANY($1)",  # noqa: S608 - one of two
            slugs,
        )
        if not set(slugs) <= set(known or ()):
            raise UnknownLabelsError(field, slugs, known or ())


async def write_labels(connection: Connection, show_ids: Sequence[int]) -> None:
    """Make the join tables say what the arrays of these shows say."""
    for vocabulary in ("theme", "platform"):
        table = f"catalog.show_{vocabulary}"
        await connection.execute(
            f"DELETE FROM {table} WHERE show_id = ANY($1::int[])",  # noqa: S608 - one of two
            show_ids,
        )
        await connection.execute(
            f"""
            INSERT INTO {table} (show_id, position, {vocabulary}_slug)
            SELECT show.id, label.position, label.slug
            FROM catalog.show,
                unnest(show.{vocabulary}_slugs) WITH ORDINALITY AS label (slug, position)
            WHERE show.id = ANY($1::int[])
            """,  # noqa: S608 - one of two
            show_ids,
        )
