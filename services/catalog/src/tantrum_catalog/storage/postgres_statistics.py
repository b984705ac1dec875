"""Counting what there is, in PostgreSQL."""

from __future__ import annotations

from typing import Final

from tantrum_kit import deadline
from tantrum_kit.errors import UnavailableError
from tantrum_kit.postgres import Connection, Database, Record

from tantrum_catalog.domain.change import NO_REVISION, Revision
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.show import (
    STIMULATION_MAX,
    STIMULATION_MIN,
    Sense,
    ShowId,
)
from tantrum_catalog.domain.statistics import (
    OPTIONAL_FACTS,
    DatabaseState,
    FeaturedShow,
    Statistics,
)
from tantrum_catalog.domain.vocabulary import Platform, Theme
from tantrum_catalog.storage.databases import Databases
from tantrum_catalog.storage.postgres_shows import snapshot
from tantrum_catalog.storage.postgres_vocabularies import platform_of, theme_of

_SCORES: Final = range(STIMULATION_MIN, STIMULATION_MAX + 1)

_MISSING: Final = {
    **{f"senses.{sense}": f"{sense.value} IS NULL" for sense in Sense},
    "animation_style": "animation_style = ''",
    "themes": "cardinality(theme_slugs) = 0",
    "platforms": "cardinality(platform_slugs) = 0",
    "episode_minutes": "episode_minutes IS NULL",
    "creator": "creator = ''",
    "release_year": "release_year IS NULL",
    "seasons": "seasons IS NULL",
    "image": "image_id IS NULL",
}
"""What it looks like that a show lacks one of `OPTIONAL_FACTS`."""

_SHOWS: Final = f"""
SELECT count(*) AS show_count,
    {", ".join(f"count(*) FILTER (WHERE stimulation = {n}) AS score_{n}" for n in _SCORES)},
    {", ".join(f'count(*) FILTER (WHERE {_MISSING[fact]}) AS "{fact}"' for fact in OPTIONAL_FACTS)}
FROM catalog.show
"""  # noqa: S608 - from constants

_REST: Final = """
SELECT
    (SELECT count(*) FROM catalog.category) AS category_count,
    (SELECT count(*) FROM catalog.category WHERE active) AS active_category_count,
    (SELECT count(*) FROM catalog.research) AS research_count,
    (SELECT count(*) FROM catalog.image) AS image_count,
    (SELECT count(*) FROM catalog.editor) AS editor_count,
    (SELECT count(*) FROM catalog.editor WHERE active) AS active_editor_count,
    head.revision,
    (SELECT max(commit_time) FROM catalog.change WHERE revision = head.revision)
        AS last_write_time
FROM catalog.head
"""

_FEATURED: Final = "SELECT id, slug, name FROM catalog.show WHERE featured"


def _labels_sql(vocabulary: str) -> str:
    return f"""
    SELECT entry.*, (
        SELECT count(*) FROM catalog.show_{vocabulary} AS label
        WHERE label.{vocabulary}_slug = entry.slug
    ) AS show_count
    FROM catalog.{vocabulary} AS entry ORDER BY entry.sort_name, entry.slug
    """  # noqa: S608 - one of two constants


_DATABASE: Final = """
SELECT
    split_part(current_setting('server_version'), ' ', 1) AS server_version,
    pg_database_size(current_database()) AS size_bytes,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
        AS connection_count,
    current_setting('max_connections')::int AS max_connection_count
"""

_REVISION: Final = "SELECT revision FROM catalog.head"

_REPLICA_SECONDS: Final = 1.0


class PostgresStatistics:
    """A `StatisticsReader`. On the primary, which the state of the database is about."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def statistics(self) -> Statistics:
        async with self._databases.primary.connection() as connection:
            database = await connection.fetchrow(_DATABASE)
            async with snapshot(connection):
                shows = await connection.fetchrow(_SHOWS)
                rest = await connection.fetchrow(_REST)
                featured = await connection.fetchrow(_FEATURED)
                themes, platforms = await _labels(connection)
        return Statistics(
            show_count=shows["show_count"],
            show_count_by_stimulation={score: shows[f"score_{score}"] for score in _SCORES},
            themes=themes,
            platforms=platforms,
            missing={fact: shows[fact] for fact in OPTIONAL_FACTS},
            category_count=rest["category_count"],
            active_category_count=rest["active_category_count"],
            research_count=rest["research_count"],
            image_count=rest["image_count"],
            editor_count=rest["editor_count"],
            active_editor_count=rest["active_editor_count"],
            featured_show=_featured_of(featured),
            revision=Revision(rest["revision"]),
            last_write_time=rest["last_write_time"],
            database=await self._state(database),
        )

    async def _state(self, row: Record) -> DatabaseState:
        replica = self._databases.replica
        return DatabaseState(
            server_version=row["server_version"],
            size_bytes=row["size_bytes"],
            connection_count=row["connection_count"],
            max_connection_count=row["max_connection_count"],
            replica_configured=replica is not None,
            replica_revision=NO_REVISION if replica is None else await _revision_of(replica),
        )


async def _labels(connection: Connection) -> tuple[tuple[Theme, ...], tuple[Platform, ...]]:
    themes = await connection.fetch(_labels_sql("theme"))
    platforms = await connection.fetch(_labels_sql("platform"))
    return tuple(map(theme_of, themes)), tuple(map(platform_of, platforms))


async def _revision_of(replica: Database) -> Revision:
    """Return what a replica has; 0 when it does not answer soon."""
    seconds = min(_REPLICA_SECONDS, deadline.remaining_seconds(_REPLICA_SECONDS * 2) / 2)
    try:
        async with replica.connection(at_most_seconds=seconds) as connection:
            return Revision(await connection.fetchval(_REVISION))
    except UnavailableError:
        return NO_REVISION


def _featured_of(row: Record) -> FeaturedShow | None:
    if row is None:
        return None
    return FeaturedShow(id=ShowId(row["id"]), slug=Slug(row["slug"]), name=row["name"])
