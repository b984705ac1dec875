"""Reads the old application's tables, all of one moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from tantrum_kit.postgres import Server

OldRow = Mapping[str, object]

SHOWS: Final = "catalog_tv_shows"
CATEGORIES: Final = "homepage_categories"
RESEARCH: Final = "catalog_research_summaries"
THEMES: Final = "catalog_themes"
PLATFORMS: Final = "catalog_platforms"
CHANNELS: Final = "catalog_youtube_channels"
USERS: Final = "users"

IGNORED: Final = {
    "catalog_tv_show_themes": "the shows' own arrays are the truth",
    "catalog_tv_show_platforms": "the shows' own arrays are the truth",
    "session": "editors sign in again",
}
"""Tables that are counted and not read, with the reason."""


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    SHOWS: _named(
        """
        id name description age_range episode_length creator release_year end_year is_ongoing
        seasons stimulation_score interactivity_level dialogue_intensity sound_effects_level
        music_tempo total_music_level total_sound_effect_time_level scene_frequency
        creativity_rating available_on themes animation_style image_url is_featured
        subscriber_count video_count channel_id published_at is_youtube_channel has_omdb_data
        has_youtube_data
        """
    ),
    CATEGORIES: _named(
        "id name description display_order is_active filter_config created_at updated_at"
    ),
    RESEARCH: _named(
        """
        id title summary full_text category image_url source original_url published_date headline
        sub_headline key_findings created_at updated_at
        """
    ),
    THEMES: _named("id name"),
    PLATFORMS: _named("id name url icon_url"),
    CHANNELS: _named("id tv_show_id channel_id subscriber_count video_count published_at"),
    USERS: _named("id email password first_name username is_admin created_at"),
}
"""The columns that are read, by table."""

_READ_SECONDS: Final = 300.0


class SourceError(Exception):
    """The old database cannot be read; the text says why, without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The old tables. One that is missing has no rows, and a notice."""

    address: str
    rows: Mapping[str, Sequence[OldRow]]
    """By table, each by ascending id."""
    notices: Sequence[str] = field(default_factory=tuple)

    def table(self, name: str) -> Sequence[OldRow]:
        return self.rows.get(name, ())


async def read(server: Server, *, progress: Callable[[str], None]) -> Source:
    """
    Read all old tables in one read-only transaction.

    Raises:
        SourceError: no connection, no table of shows, or a read that failed.
    """
    try:
        connection = await asyncpg.connect(
            **server.connect_arguments(), command_timeout=_READ_SECONDS
        )
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await _read_tables(connection, server.address, progress)
        finally:
            await connection.close(timeout=server.connect_seconds)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise SourceError(f"cannot read the old database at {server.address}: {reason}") from error


async def _read_tables(connection: Any, address: str, progress: Callable[[str], None]) -> Source:
    if not await _exists(connection, SHOWS):
        raise SourceError(f"the database at {address} has no table {SHOWS}")
    rows: dict[str, Sequence[OldRow]] = {}
    notices: list[str] = []
    for table, known in COLUMNS.items():
        if not await _exists(connection, table):
            notices.append(f"the source has no table {table}")
            continue
        columns = await _columns(connection, table)
        notices += _column_notices(table, known, columns)
        rows[table] = await _read(connection, table, sorted(known & columns))
        progress(f"read {len(rows[table])} rows of {table}")
    for table, reason in IGNORED.items():
        if await _exists(connection, table):
            # The names are constants of this module.
            count = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            notices.append(f"{count} rows of {table} are not imported: {reason}")
    return Source(address=address, rows=rows, notices=notices)


async def _exists(connection: Any, table: str) -> bool:
    return bool(await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table))


async def _columns(connection: Any, table: str) -> set[str]:
    records = await connection.fetch(
        """
        SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
        """,
        table,
    )
    return {record["attname"] for record in records}


def _column_notices(table: str, known: frozenset[str], present: set[str]) -> list[str]:
    return [
        *(f"{table} has no column {column}" for column in sorted(known - present)),
        *(
            f"{table}.{column} is not known and is not imported"
            for column in sorted(present - known)
        ),
    ]


async def _read(connection: Any, table: str, columns: Sequence[str]) -> list[OldRow]:
    # Both are constants of this module.
    records = await connection.fetch(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id")  # noqa: S608
    return [{column: _plain(record[column]) for column in columns} for record in records]


def _plain(value: object) -> object:
    """Times without a zone are UTC, as the old application wrote them."""
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    return value
