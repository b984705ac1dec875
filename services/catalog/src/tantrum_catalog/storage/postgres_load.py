"""Fills an empty catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from tantrum_catalog.domain.catalogue import Catalogue, NewShow
from tantrum_catalog.domain.change import ResourceKind, Revision
from tantrum_catalog.domain.errors import CatalogueNotEmptyError, UnknownLabelsError
from tantrum_catalog.domain.naming import sort_name_of
from tantrum_catalog.domain.vocabulary import Platform, Theme
from tantrum_catalog.storage.postgres_category_writing import category_values
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_research import RESEARCH_FACT_COLUMNS, research_values
from tantrum_catalog.storage.postgres_revisions import Write
from tantrum_catalog.storage.postgres_rows import FACT_COLUMNS, fact_values
from tantrum_catalog.storage.postgres_show_writing import write_labels

_NOT_EMPTY: Final = """
SELECT EXISTS (SELECT FROM catalog.show) OR EXISTS (SELECT FROM catalog.theme)
    OR EXISTS (SELECT FROM catalog.platform) OR EXISTS (SELECT FROM catalog.category)
    OR EXISTS (SELECT FROM catalog.research)
"""

# Ids that were given are not ones that the sequence knows of.
_MOVE_SEQUENCE: Final = """
SELECT setval('catalog.show_id_seq', greatest(max(show.id), max(sequence.last_value)))
FROM catalog.show CROSS JOIN catalog.show_id_seq AS sequence
HAVING count(*) > 0
"""

_CATEGORY_IDS: Final = "SELECT id, slug FROM catalog.category ORDER BY id"
_RESEARCH_IDS: Final = "SELECT id, slug FROM catalog.research ORDER BY id"

_SHOW_COLUMNS: Final = (
    *("id", "slug", "featured", "legacy", "revision", "update_time"),
    *FACT_COLUMNS,
)
_THEME_COLUMNS: Final = ("slug", "name", "sort_name", "aliases", "revision")
_PLATFORM_COLUMNS: Final = ("slug", "name", "sort_name", "url", "icon_url", "revision")
_CATEGORY_COLUMNS: Final = (
    *("slug", "display_order", "revision", "create_time", "update_time"),
    *("name", "sort_name", "description", "active", "rules"),
)
_RESEARCH_COLUMNS: Final = (
    *("slug", "revision", "create_time", "update_time"),
    *RESEARCH_FACT_COLUMNS,
)


class PostgresLoader(PostgresPart):
    """The part of `CatalogWriter` that fills an empty catalogue."""

    async def load(self, catalogue: Catalogue) -> Revision:
        async with self._writes.begun() as write:
            if await write.connection.fetchval(_NOT_EMPTY):
                raise CatalogueNotEmptyError
            await _load_vocabularies(write, catalogue.themes, catalogue.platforms)
            _require_labels(catalogue)
            await _load_shows(write, catalogue.shows)
            await _load_categories(write, catalogue)
            await _load_research(write, catalogue)
            if catalogue.counts():
                write.log_load(catalogue.counts())
            return write.revision_after


async def _load_vocabularies(
    write: Write, themes: Sequence[Theme], platforms: Sequence[Platform]
) -> None:
    theme_rows = [
        (one.slug, one.name, sort_name_of(one.name), one.aliases, write.revision) for one in themes
    ]
    await _copy(write, "theme", _THEME_COLUMNS, theme_rows)
    platform_rows = [
        (one.slug, one.name, sort_name_of(one.name), one.url, one.icon_url, write.revision)
        for one in platforms
    ]
    await _copy(write, "platform", _PLATFORM_COLUMNS, platform_rows)
    for theme in themes:
        write.put(ResourceKind.THEME, 0, theme.slug)
    for platform in platforms:
        write.put(ResourceKind.PLATFORM, 0, platform.slug)


def _require_labels(catalogue: Catalogue) -> None:
    """Raises `UnknownLabelsError`."""
    themes = {theme.slug for theme in catalogue.themes}
    platforms = {platform.slug for platform in catalogue.platforms}
    for show in catalogue.shows:
        if not themes.issuperset(show.facts.themes):
            raise UnknownLabelsError("show.themes", show.facts.themes, themes)
        if not platforms.issuperset(show.facts.platforms):
            raise UnknownLabelsError("show.platforms", show.facts.platforms, platforms)


async def _load_shows(write: Write, shows: Sequence[NewShow]) -> None:
    rows = [
        (
            *(show.id, show.slug, show.featured, json.dumps(show.legacy)),
            *(write.revision, write.time),
            *fact_values(show.facts),
        )
        for show in shows
    ]
    await _copy(write, "show", _SHOW_COLUMNS, rows)
    await write_labels(write.connection, [show.id for show in shows])
    await write.connection.execute(_MOVE_SEQUENCE)
    for show in shows:
        write.put(ResourceKind.SHOW, show.id, show.slug)


async def _load_categories(write: Write, catalogue: Catalogue) -> None:
    rows = [
        (
            *(category.slug, category.display_order),
            *(write.revision, write.time, write.time),
            *category_values(category.facts),
        )
        for category in catalogue.categories
    ]
    await _copy(write, "category", _CATEGORY_COLUMNS, rows)
    for row in await write.connection.fetch(_CATEGORY_IDS):
        write.put(ResourceKind.CATEGORY, row["id"], row["slug"])


async def _load_research(write: Write, catalogue: Catalogue) -> None:
    rows = [
        (one.slug, write.revision, write.time, write.time, *research_values(one.facts))
        for one in catalogue.research
    ]
    await _copy(write, "research", _RESEARCH_COLUMNS, rows)
    for row in await write.connection.fetch(_RESEARCH_IDS):
        write.put(ResourceKind.RESEARCH, row["id"], row["slug"])


async def _copy(
    write: Write, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    await write.connection.copy_records_to_table(
        table, schema_name="catalog", columns=list(columns), records=rows
    )
