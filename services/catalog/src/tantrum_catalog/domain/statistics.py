"""Numbers of what there is, for the editors' overview."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tantrum_catalog.domain.change import NO_REVISION, Revision
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.show import Sense, ShowId
from tantrum_catalog.domain.vocabulary import Platform, Theme

OPTIONAL_FACTS: Final = (
    *(f"senses.{sense}" for sense in Sense),
    *("animation_style", "themes", "platforms", "episode_minutes", "creator"),
    *("release_year", "seasons", "image"),
)
"""What a show may lack, by path in the proto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedShow:
    """Names the featured show."""

    id: ShowId
    slug: Slug
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """How the database is; nothing where there is none."""

    server_version: str = ""
    size_bytes: int = 0
    connection_count: int = 0
    """Everybody's."""
    max_connection_count: int = 0
    replica_configured: bool = False
    replica_revision: Revision = NO_REVISION
    """0 when there is none or it does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What there is, counted in one state of the catalogue."""

    show_count: int
    show_count_by_stimulation: Mapping[int, int]
    """All scores, those of no show too."""
    themes: tuple[Theme, ...]
    """By name, as `platforms`."""
    platforms: tuple[Platform, ...]
    missing: Mapping[str, int]
    """Number of shows without each of `OPTIONAL_FACTS`."""
    category_count: int
    active_category_count: int
    research_count: int
    image_count: int
    editor_count: int
    active_editor_count: int
    featured_show: FeaturedShow | None
    revision: Revision
    last_write_time: dt.datetime | None
    """Of that revision; None when it is not known any more."""
    database: DatabaseState


class StatisticsReader(Protocol):
    async def statistics(self) -> Statistics:
        """Count everything. May raise `UnavailableError`."""
