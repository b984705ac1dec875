"""Reading categories, with the shows that their rules select."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from tantrum_kit.postgres import Connection, Record

from tantrum_catalog.domain.category import (
    Category,
    CategoryCursor,
    CategoryFacts,
    CategoryId,
    CategoryKey,
    HomeRow,
)
from tantrum_catalog.domain.category_rules import CategoryRules
from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.condition import Condition
from tantrum_catalog.domain.errors import CategoryNotFoundError
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.order import Ordering, ShowOrder
from tantrum_catalog.domain.ports import Page
from tantrum_catalog.domain.show import ShowId
from tantrum_catalog.storage.postgres_conditions import Arguments, condition_sql
from tantrum_catalog.storage.postgres_counts import Counts
from tantrum_catalog.storage.postgres_orders import order_sql
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_rows import HEAD
from tantrum_catalog.storage.postgres_shows import (
    count_sql,
    read_shows,
    revision_of,
    snapshot,
)

_COLUMNS: Final = """
c.id, c.slug, c.name, c.description, c.display_order, c.active, c.rules, c.revision,
c.create_time, c.update_time
"""

_CATEGORY_WHERE: Final = f"""
SELECT head.revision AS head_revision, {_COLUMNS}
FROM {HEAD} LEFT JOIN catalog.category AS c ON %s
"""  # noqa: S608 - from constants

_ORDER: Final = "ORDER BY c.display_order, c.sort_name, c.id"

_BY_ID: Final = _CATEGORY_WHERE % "c.id = $1::int"
_BY_SLUG: Final = _CATEGORY_WHERE % "c.slug = $1::text"
_ACTIVE: Final = _CATEGORY_WHERE % "c.active" + _ORDER
_ALL: Final = _CATEGORY_WHERE % "true" + _ORDER

_PAGE: Final = f"""
WITH page AS MATERIALIZED (
    SELECT c.* FROM catalog.category AS c
    WHERE (c.active OR $1::boolean)
        AND ($2::int IS NULL OR (c.display_order, c.sort_name, c.id) > ($2::int, $3::text, $4::int))
    {_ORDER}
    LIMIT $5::int
)
SELECT
    head.revision AS head_revision,
    (SELECT count(*) FROM catalog.category WHERE active OR $1::boolean) AS total,
    {_COLUMNS}
FROM {HEAD} LEFT JOIN page AS c ON true
{_ORDER}
"""  # noqa: S608 - from constants

_POPULAR_FIRST: Final = order_sql(Ordering(order=ShowOrder.POPULARITY))

_AT_ONCE: Final = 50
"""Conditions a statement, to keep what PostgreSQL has to plan in bounds."""


class PostgresCategoryReader(PostgresPart):
    """The part of `CatalogReader` that is about categories."""

    async def category(self, key: CategoryKey, *, min_revision: Revision) -> At[Category]:
        async def query(connection: Connection) -> At[Category | None]:
            async with snapshot(connection):
                return await read_category(connection, key, self._counts)

        found = await self._databases.read(query, min_revision=min_revision)
        if found.value is None:
            raise CategoryNotFoundError(key)
        return At(value=found.value, revision=found.revision)

    async def page_of_categories(
        self,
        *,
        include_inactive: bool,
        after: CategoryCursor | None,
        limit: int,
        min_revision: Revision,
    ) -> At[Page[Category]]:
        async def query(connection: Connection) -> At[Page[Category]]:
            place = after or (None, None, None)
            async with snapshot(connection):
                records = await connection.fetch(_PAGE, include_inactive, *place, limit + 1)
                categories = await _categories_of(connection, records[:limit], self._counts)
            has_more = len(records) > limit and records[0]["id"] is not None
            page = Page(items=categories, has_more=has_more, total=records[0]["total"])
            return At(value=page, revision=revision_of(records))

        return await self._databases.read(query, min_revision=min_revision)

    async def home(
        self, *, shows_per_category: int, min_revision: Revision
    ) -> At[tuple[HomeRow, ...]]:
        async def query(connection: Connection) -> At[tuple[HomeRow, ...]]:
            async with snapshot(connection):
                records = await connection.fetch(_ACTIVE)
                categories = await _categories_of(connection, records, self._counts)
                conditions = [category.facts.rules.condition() for category in categories]
                first = await _first_ids(connection, conditions, shows_per_category)
                every_id = {show_id for ids in first for show_id in ids}
                shows = (await read_shows(connection, every_id)).value
            rows = tuple(
                HomeRow(category=category, shows=tuple(shows[show_id] for show_id in ids))
                for category, ids in zip(categories, first, strict=True)
            )
            return At(value=rows, revision=revision_of(records))

        return await self._databases.read(query, min_revision=min_revision)


async def read_category(
    connection: Connection, key: CategoryKey, counts: Counts
) -> At[Category | None]:
    """Read one category, with its count; *connection* is in a transaction."""
    records = await connection.fetch(_BY_ID if isinstance(key, int) else _BY_SLUG, key)
    categories = await _categories_of(connection, records, counts)
    return At(value=next(iter(categories), None), revision=revision_of(records))


async def read_all_categories(connection: Connection, counts: Counts) -> tuple[Category, ...]:
    """Read every category in order; *connection* is in a transaction."""
    return await _categories_of(connection, await connection.fetch(_ALL), counts)


async def _categories_of(
    connection: Connection, records: Sequence[Record], counts: Counts
) -> tuple[Category, ...]:
    """Return the categories of records, with the shows counted in the same snapshot."""
    found = [record for record in records if record["id"] is not None]
    rules = [CategoryRules.from_json(json.loads(record["rules"])) for record in found]
    if not found:
        return ()
    revision = revision_of(list(records))
    conditions = [rule.condition() for rule in rules]
    count_by_condition = await _counted(connection, conditions, revision, counts)
    return tuple(
        _category_of(record, rule, count_by_condition[condition])
        for record, rule, condition in zip(found, rules, conditions, strict=True)
    )


async def _counted(
    connection: Connection, conditions: Iterable[Condition], revision: Revision, counts: Counts
) -> dict[Condition, int]:
    known = {condition: counts.get(condition, revision) for condition in conditions}
    missing = [condition for condition, count in known.items() if count is None]
    found = {condition: count for condition, count in known.items() if count is not None}
    for part in _parts(missing):
        arguments = Arguments()
        columns = [f"({count_sql(condition_sql(one, arguments))})" for one in part]
        row = await connection.fetchrow(f"SELECT {', '.join(columns)}", *arguments.values)
        for condition, count in zip(part, row, strict=True):
            counts.put(condition, revision, count)
            found[condition] = count
    return found


async def _first_ids(
    connection: Connection, conditions: Sequence[Condition], limit: int
) -> list[list[ShowId]]:
    """Return the ids of the first shows by popularity, for each of *conditions*."""
    found: list[list[ShowId]] = []
    for part in _parts(conditions):
        arguments = Arguments()
        limit_sql = arguments.add(limit, "int")
        columns = [
            f"ARRAY(SELECT s.id FROM catalog.show AS s WHERE {condition_sql(one, arguments)}"  # noqa: S608 - placeholders
            f" ORDER BY {_POPULAR_FIRST} LIMIT {limit_sql})"
            for one in part
        ]
        row = await connection.fetchrow(f"SELECT {', '.join(columns)}", *arguments.values)
        found += row
    return found


def _parts(conditions: Sequence[Condition]) -> Iterable[Sequence[Condition]]:
    for start in range(0, len(conditions), _AT_ONCE):
        yield conditions[start : start + _AT_ONCE]


def _category_of(record: Record, rules: CategoryRules, show_count: int) -> Category:
    return Category(
        id=CategoryId(record["id"]),
        slug=Slug(record["slug"]),
        facts=CategoryFacts(
            name=record["name"],
            description=record["description"],
            active=record["active"],
            rules=rules,
        ),
        display_order=record["display_order"],
        show_count=show_count,
        revision=Revision(record["revision"]),
        create_time=record["create_time"],
        update_time=record["update_time"],
    )
