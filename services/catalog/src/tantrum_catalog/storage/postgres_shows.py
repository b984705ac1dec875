"""Reading shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from tantrum_kit.postgres import Connection, Record

from tantrum_catalog.domain.change import At, Revision
from tantrum_catalog.domain.errors import ImageNotFoundError, ShowNotFoundError
from tantrum_catalog.domain.ports import Neighbours, Page, ShowQuery
from tantrum_catalog.domain.show import Image, Show, ShowId, ShowKey, StoredImage
from tantrum_catalog.storage.postgres_conditions import Arguments, condition_sql
from tantrum_catalog.storage.postgres_orders import after_sql, order_sql
from tantrum_catalog.storage.postgres_part import PostgresPart
from tantrum_catalog.storage.postgres_rows import show_of, shows_sql

_SHOW_BY_ID: Final = shows_sql("SELECT * FROM catalog.show WHERE id = $1::int")
_SHOW_BY_SLUG: Final = shows_sql("SELECT * FROM catalog.show WHERE slug = $1::text")
_SHOWS_BY_ID: Final = shows_sql("SELECT * FROM catalog.show WHERE id = ANY($1::int[])")

# The themes in common are counted along an index. Shows with none in common come after all
# others, and are only looked at when there are too few of those.
_NEIGHBOURS: Final = shows_sql(
    """
    WITH origin AS MATERIALIZED (
        SELECT id, theme_slugs, stimulation FROM catalog.show WHERE id = $1::int
    ),
    alike AS MATERIALIZED (
        SELECT s.id, count(*) AS shared, min(abs(s.stimulation - origin.stimulation)) AS distance
        FROM origin
        JOIN catalog.show_theme AS label ON label.theme_slug = ANY(origin.theme_slugs)
        JOIN catalog.show AS s ON s.id = label.show_id
        WHERE s.id <> origin.id AND (NOT $2::boolean OR s.stimulation < origin.stimulation)
        GROUP BY s.id
        ORDER BY shared DESC, distance, s.id
        LIMIT $3::int
    ),
    others AS (
        SELECT s.id, 0 AS shared, abs(s.stimulation - origin.stimulation) AS distance
        FROM catalog.show AS s CROSS JOIN origin
        WHERE (SELECT count(*) FROM alike) < $3::int
            AND NOT s.theme_slugs && origin.theme_slugs
            AND s.id <> origin.id AND (NOT $2::boolean OR s.stimulation < origin.stimulation)
        ORDER BY distance, s.id
        LIMIT $3::int
    )
    SELECT s.*, found.shared, found.distance
    FROM (SELECT * FROM alike UNION ALL SELECT * FROM others) AS found
    JOIN catalog.show AS s ON s.id = found.id
    ORDER BY found.shared DESC, found.distance, s.id
    LIMIT $3::int
    """,
    order="s.shared DESC, s.distance, s.id",
)

_IMAGE: Final = "SELECT id, media_type, width, height, content FROM catalog.image WHERE id = $1"


class PostgresShowReader(PostgresPart):
    """The part of `CatalogReader` that is about shows."""

    async def show(self, key: ShowKey, *, min_revision: Revision) -> At[Show]:
        async def query(connection: Connection) -> At[Show | None]:
            return await read_show(connection, key)

        found = await self._databases.read(query, min_revision=min_revision)
        if found.value is None:
            raise ShowNotFoundError(key)
        return At(value=found.value, revision=found.revision)

    async def shows_by_id(
        self, ids: Collection[ShowId], *, min_revision: Revision
    ) -> At[dict[ShowId, Show]]:
        async def query(connection: Connection) -> At[dict[ShowId, Show]]:
            return await read_shows(connection, ids)

        return await self._databases.read(query, min_revision=min_revision)

    async def page_of_shows(self, query: ShowQuery, *, min_revision: Revision) -> At[Page[Show]]:
        async def page(connection: Connection) -> At[Page[Show]]:
            return await self._page_of_query(connection, query)

        return await self._databases.read(page, min_revision=min_revision)

    async def neighbours(
        self, key: ShowKey, *, calmer: bool, limit: int, min_revision: Revision
    ) -> At[Neighbours]:
        async def query(connection: Connection) -> At[Neighbours | None]:
            async with snapshot(connection):
                origin = await read_show(connection, key)
                if origin.value is None:
                    return At(value=None, revision=origin.revision)
                records = await connection.fetch(_NEIGHBOURS, origin.value.id, calmer, limit)
            neighbours = Neighbours(show=origin.value, others=tuple(shows_of(records)))
            return At(value=neighbours, revision=origin.revision)

        found = await self._databases.read(query, min_revision=min_revision)
        if found.value is None:
            raise ShowNotFoundError(key)
        return At(value=found.value, revision=found.revision)

    async def image(self, image_id: str) -> StoredImage:
        records = await self._databases.primary.fetch(_IMAGE, image_id)
        if not records:
            raise ImageNotFoundError(image_id)
        return _stored_image_of(records[0])

    async def _page_of_query(self, connection: Connection, query: ShowQuery) -> At[Page[Show]]:
        if self._counts.knows(query.condition):
            records = await _fetch_page(connection, query, counted=False)
            revision = revision_of(records)
            total = self._counts.get(query.condition, revision)
            if total is not None:
                return _page_of(records, query.limit, total)
        records = await _fetch_page(connection, query, counted=True)
        total = records[0]["total"]
        self._counts.put(query.condition, revision_of(records), total)
        return _page_of(records, query.limit, total)


def snapshot(connection: Connection) -> Connection:
    """Make the statements of the body read one state."""
    return connection.transaction(isolation="repeatable_read", readonly=True)


def revision_of(records: list[Record]) -> Revision:
    """Return the revision that a statement of a left join from the head was made at."""
    return Revision(records[0]["head_revision"])


def shows_of(records: Iterable[Record]) -> list[Show]:
    """Return the shows of records; the one that a left join makes of nothing is none."""
    return [show_of(record) for record in records if record["id"] is not None]


def count_sql(where: str) -> str:
    """Return the statement that counts the shows with the condition *where*."""
    return f"SELECT count(*) FROM catalog.show AS s WHERE {where}"  # noqa: S608 - placeholders


async def read_show(connection: Connection, key: ShowKey) -> At[Show | None]:
    sql = _SHOW_BY_ID if isinstance(key, int) else _SHOW_BY_SLUG
    records = await connection.fetch(sql, key)
    return At(value=next(iter(shows_of(records)), None), revision=revision_of(records))


async def read_shows(connection: Connection, ids: Collection[ShowId]) -> At[dict[ShowId, Show]]:
    records = await connection.fetch(_SHOWS_BY_ID, list(ids))
    return At(value={show.id: show for show in shows_of(records)}, revision=revision_of(records))


async def _fetch_page(connection: Connection, query: ShowQuery, *, counted: bool) -> list[Record]:
    sql, arguments = page_sql(query, counted=counted)
    records: list[Record] = await connection.fetch(sql, *arguments)
    return records


def page_sql(query: ShowQuery, *, counted: bool) -> tuple[str, list[object]]:
    """Return the statement that reads a page, and its arguments; *counted* with the total."""
    arguments = Arguments()
    where = condition_sql(query.condition, arguments)
    total = f"({count_sql(where)})" if counted else "NULL"
    after = ""
    if query.after is not None:
        after = f"AND {after_sql(query.ordering, query.after, arguments)}"
    order = order_sql(query.ordering)
    # One more than asked for says whether there is a next page.
    limit = arguments.add(query.limit + 1, "int")
    chosen = (
        f"SELECT s.* FROM catalog.show AS s WHERE {where} {after}"  # noqa: S608 - placeholders
        f" ORDER BY {order} LIMIT {limit}"
    )
    return shows_sql(chosen, total=total, order=order), arguments.values


def _page_of(records: list[Record], limit: int, total: int) -> At[Page[Show]]:
    shows = shows_of(records)
    page = Page(items=tuple(shows[:limit]), has_more=len(shows) > limit, total=total)
    return At(value=page, revision=revision_of(records))


def _stored_image_of(record: Record) -> StoredImage:
    image = Image(
        id=record["id"],
        media_type=record["media_type"],
        width=record["width"],
        height=record["height"],
    )
    return StoredImage(image=image, content=record["content"])
