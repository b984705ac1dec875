"""Writing research summaries."""

from __future__ import annotations

from typing import Final

import asyncpg
from tantrum_kit.postgres import Connection

from tantrum_catalog.domain.audit import AuditAction
from tantrum_catalog.domain.change import At, ResourceKind, Revision
from tantrum_catalog.domain.errors import (
    ResearchChangedError,
    ResearchNotFoundError,
    SlugTakenError,
)
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.domain.research import Research, ResearchFacts, ResearchId
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_research import (
    RESEARCH_FACT_COLUMNS,
    read_research,
    research_values,
)
from tantrum_catalog.storage.postgres_revisions import MadeBeforeError, Write
from tantrum_catalog.storage.postgres_rows import placeholders

_FACTS: Final = ", ".join(RESEARCH_FACT_COLUMNS)
_FACT_PLACES: Final = placeholders(4, len(RESEARCH_FACT_COLUMNS))

_INSERT: Final = f"""
INSERT INTO catalog.research (slug, revision, create_time, update_time, {_FACTS})
VALUES ($1, $2, $3, $3, {_FACT_PLACES})
RETURNING id
"""  # noqa: S608 - from constants

_UPDATE: Final = f"""
UPDATE catalog.research SET (revision, update_time, {_FACTS}) = ROW ($2, $3, {_FACT_PLACES})
WHERE id = $1
"""  # noqa: S608 - from constants

_DELETE: Final = "DELETE FROM catalog.research WHERE id = $1"


class PostgresResearchWriter(PostgresPart):
    """The part of `CatalogWriter` that is about research."""

    async def create_research(
        self, facts: ResearchFacts, *, slug: Slug, request: RequestKey | None
    ) -> At[Research]:
        try:
            async with self._writes.begun() as write:
                await write.require_new(ResourceKind.RESEARCH, request)
                try:
                    number = await write.connection.fetchval(
                        _INSERT, slug, write.revision, write.time, *research_values(facts)
                    )
                except asyncpg.UniqueViolationError as error:
                    raise SlugTakenError(slug) from error
                await write.note(ResourceKind.RESEARCH, request, number)
                write.put(ResourceKind.RESEARCH, number, slug)
                made = await _read_back(write, ResearchId(number))
                write.log(AuditAction.CREATE, after=made.value)
                return made
        except MadeBeforeError as made:
            return await self._research_on_primary(ResearchId(made.resource_id))

    async def put_research(
        self, research_id: ResearchId, facts: ResearchFacts, *, expected_revision: Revision
    ) -> At[Research]:
        async with self._writes.begun() as write:
            before = await _require(write.connection, research_id, expected_revision)
            values = research_values(facts)
            await write.connection.execute(
                _UPDATE, research_id, write.revision, write.time, *values
            )
            write.put(ResourceKind.RESEARCH, research_id, before.slug)
            stored = await _read_back(write, research_id)
            write.log(AuditAction.UPDATE, before=before, after=stored.value)
            return stored

    async def delete_research(
        self, research_id: ResearchId, *, expected_revision: Revision | None
    ) -> Revision:
        async with self._writes.begun() as write:
            before = await _require(write.connection, research_id, expected_revision)
            await write.connection.execute(_DELETE, research_id)
            write.deleted(ResourceKind.RESEARCH, research_id, before.slug)
            write.log(AuditAction.DELETE, before=before)
            return write.revision

    async def _research_on_primary(self, research_id: ResearchId) -> At[Research]:
        async with self._databases.primary.connection() as connection:
            found = await read_research(connection, research_id)
        if found.value is None:
            raise ResearchNotFoundError(research_id)
        return At(value=found.value, revision=found.revision)


async def _require(
    connection: Connection, research_id: ResearchId, expected: Revision | None
) -> Research:
    """Return the summary. Raises `ResearchNotFoundError` or `ResearchChangedError`."""
    stored = (await read_research(connection, research_id)).value
    if stored is None:
        raise ResearchNotFoundError(research_id)
    if expected is not None and expected != stored.revision:
        raise ResearchChangedError(research_id, expected=expected, stored=stored.revision)
    return stored


async def _read_back(write: Write, research_id: ResearchId) -> At[Research]:
    found = await read_research(write.connection, research_id)
    if found.value is None:
        raise ResearchNotFoundError(research_id)
    return At(value=found.value, revision=write.revision)
