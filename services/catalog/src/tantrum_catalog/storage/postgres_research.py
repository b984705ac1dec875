"""Reading research summaries."""

from __future__ import annotations

from typing import Any, Final

from tantrum_kit.postgres import Connection, Record

from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.errors import ResearchNotFoundError
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import Page
from tantrum_catalog.domain.research import (
    Research,
    ResearchCursor,
    ResearchFacts,
    ResearchId,
    ResearchKey,
)
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_rows import HEAD
from tantrum_catalog.storage.postgres_shows import revision_of

RESEARCH_FACT_COLUMNS: Final = (
    "title",
    "headline",
    "sub_headline",
    "summary",
    "key_findings",
    "detail",
    "category",
    "authors",
    "source",
    "publish_date",
    "doi",
    "original_url",
    "image_url",
)
"""What has the same name in `ResearchFacts`."""

_LISTS: Final = ("key_findings", "authors")

_COLUMNS: Final = ", ".join(
    f"r.{column}"
    for column in ("id", "slug", "revision", "create_time", "update_time", *RESEARCH_FACT_COLUMNS)
)

_RESEARCH_WHERE: Final = f"""
SELECT head.revision AS head_revision, {_COLUMNS}
FROM {HEAD} LEFT JOIN catalog.research AS r ON %s
"""  # noqa: S608 - from constants

_BY_ID: Final = _RESEARCH_WHERE % "r.id = $1::int"
_BY_SLUG: Final = _RESEARCH_WHERE % "r.slug = $1::text"

_PAGE: Final = f"""
WITH page AS MATERIALIZED (
    SELECT r.* FROM catalog.research AS r
    WHERE ($1::text = '' OR r.category = $1::text) AND (
        $2::text IS NULL
        OR r.publish_date < $2::text
        OR r.publish_date = $2::text AND r.id > $3::int
    )
    ORDER BY r.publish_date DESC, r.id
    LIMIT $4::int
)
SELECT
    head.revision AS head_revision,
    (
        SELECT count(*) FROM catalog.research AS r
        WHERE $1::text = '' OR r.category = $1::text
    ) AS total,
    {_COLUMNS}
FROM {HEAD} LEFT JOIN page AS r ON true
ORDER BY r.publish_date DESC, r.id
"""  # noqa: S608 - from constants


class PostgresResearchReader(PostgresPart):
    """The part of `CatalogReader` that is about research."""

    async def research(self, key: ResearchKey, *, min_revision: Revision) -> At[Research]:
        async def query(connection: Connection) -> At[Research | None]:
            return await read_research(connection, key)

        found = await self._databases.read(query, min_revision=min_revision)
        if found.value is None:
            raise ResearchNotFoundError(key)
        return At(value=found.value, revision=found.revision)

    async def page_of_research(
        self,
        *,
        category: str,
        after: ResearchCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Research]]:
        async def query(connection: Connection) -> At[Page[Research]]:
            # One more than asked for says whether there is a next page.
            records = await connection.fetch(_PAGE, category, *(after or (None, None)), limit + 1)
            found = [_research_of(record) for record in records if record["id"] is not None]
            page = Page(
                items=tuple(found[:limit]),
                has_more=len(found) > limit,
                total=records[0]["total"],
            )
            return At(value=page, revision=revision_of(records))

        return await self._databases.read(query, min_revision=min_revision)


async def read_research(connection: Connection, key: ResearchKey) -> At[Research | None]:
    records = await connection.fetch(_BY_ID if isinstance(key, int) else _BY_SLUG, key)
    found = None if records[0]["id"] is None else _research_of(records[0])
    return At(value=found, revision=revision_of(records))


def research_values(facts: ResearchFacts) -> list[object]:
    """Return the values of `RESEARCH_FACT_COLUMNS`."""
    return [getattr(facts, column) for column in RESEARCH_FACT_COLUMNS]


def _research_of(record: Record) -> Research:
    facts: dict[str, Any] = {
        column: tuple(record[column]) if column in _LISTS else record[column]
        for column in RESEARCH_FACT_COLUMNS
    }
    return Research(
        id=ResearchId(record["id"]),
        slug=Slug(record["slug"]),
        facts=ResearchFacts(**facts),
        revision=Revision(record["revision"]),
        create_time=record["create_time"],
        update_time=record["update_time"],
    )
