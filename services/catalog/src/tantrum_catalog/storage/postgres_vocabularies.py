"""Reading themes and platforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from tantrum_kit.postgres import Connection, Record

from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.ports import LabelCursor, Page
from tantrum_catalog.domain.vocabulary import Platform, Theme, Vocabulary
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_rows import HEAD
from tantrum_catalog.storage.postgres_shows import revision_of

T = TypeVar("T")


def _page_sql(vocabulary: str, columns: str) -> str:
    return f"""
    WITH page AS MATERIALIZED (
        SELECT entry.*, (
            SELECT count(*) FROM catalog.show_{vocabulary} AS label
            WHERE label.{vocabulary}_slug = entry.slug
        ) AS show_count
        FROM catalog.{vocabulary} AS entry
        WHERE $1::text IS NULL OR (entry.sort_name, entry.slug) > ($1::text, $2::text)
        ORDER BY entry.sort_name, entry.slug
        LIMIT $3::int
    )
    SELECT
        head.revision AS head_revision,
        (SELECT count(*) FROM catalog.{vocabulary}) AS total,
        page.slug, page.name, page.show_count, page.revision, {columns}
    FROM {HEAD} LEFT JOIN page ON true
    ORDER BY page.sort_name, page.slug
    """  # noqa: S608 - from constants


_THEMES: Final = _page_sql("theme", "page.aliases")
_PLATFORMS: Final = _page_sql("platform", "page.url, page.icon_url")

_EVERYTHING: Final = f"""
SELECT head.revision AS head_revision, entry.*
FROM {HEAD} LEFT JOIN (
    SELECT 'theme' AS kind, slug, name, aliases FROM catalog.theme
    UNION ALL
    SELECT 'platform', slug, name, '{{}}' FROM catalog.platform
) AS entry ON true
ORDER BY entry.slug
"""  # noqa: S608 - from a constant


class PostgresVocabularyReader(PostgresPart):
    """The part of `CatalogReader` that is about themes and platforms."""

    async def vocabulary(self, *, min_revision: Revision) -> At[Vocabulary]:
        async def query(connection: Connection) -> At[Vocabulary]:
            records = await connection.fetch(_EVERYTHING)
            themes = [
                Theme(slug=record["slug"], name=record["name"], aliases=tuple(record["aliases"]))
                for record in records
                if record["kind"] == "theme"
            ]
            platforms = [
                Platform(slug=record["slug"], name=record["name"])
                for record in records
                if record["kind"] == "platform"
            ]
            return At(value=Vocabulary.of(themes, platforms), revision=revision_of(records))

        return await self._databases.read(query, min_revision=min_revision)

    async def page_of_themes(
        self, *, after: LabelCursor | None, limit: int, min_revision: Revision
    ) -> At[Page[Theme]]:
        return await self._page_of_labels(_THEMES, theme_of, after, limit, min_revision)

    async def page_of_platforms(
        self, *, after: LabelCursor | None, limit: int, min_revision: Revision
    ) -> At[Page[Platform]]:
        return await self._page_of_labels(_PLATFORMS, platform_of, after, limit, min_revision)

    async def _page_of_labels(
        self,
        sql: str,
        entry_of: Callable[[Record], T],
        after: LabelCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[T]]:
        async def query(connection: Connection) -> At[Page[T]]:
            # One more than asked for says whether there is a next page.
            records = await connection.fetch(sql, *(after or (None, None)), limit + 1)
            entries = [entry_of(record) for record in records if record["slug"] is not None]
            page = Page(
                items=tuple(entries[:limit]),
                has_more=len(entries) > limit,
                total=records[0]["total"],
            )
            return At(value=page, revision=revision_of(records))

        return await self._databases.read(query, min_revision=min_revision)


def theme_of(record: Record) -> Theme:
    """Return the theme of a row with its `show_count`."""
    return Theme(
        slug=Slug(record["slug"]),
        name=record["name"],
        aliases=tuple(record["aliases"]),
        show_count=record["show_count"],
        revision=Revision(record["revision"]),
    )


def platform_of(record: Record) -> Platform:
    """Return the platform of a row with its `show_count`."""
    return Platform(
        slug=Slug(record["slug"]),
        name=record["name"],
        url=record["url"],
        icon_url=record["icon_url"],
        show_count=record["show_count"],
        revision=Revision(record["revision"]),
    )
