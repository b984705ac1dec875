"""What normalising an old row yields: a show, corrections, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.show import Label, Senses

LegacyValue = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalShow:
    """A show as the new catalogue keeps it. None is unknown, but see `max_age`."""

    id: int
    slug: Slug
    """Unique among the shows that were normalised together."""
    name: str
    aliases: tuple[str, ...] = ()
    description: str
    min_age: int
    max_age: int | None
    """Inclusive; None is open-ended."""
    stimulation: int
    """1 (calm) to 5 (intense)."""
    senses: Senses
    animation_style: str | None = None
    themes: tuple[Label, ...] = ()
    platforms: tuple[Label, ...] = ()
    episode_minutes: int | None = None
    creator: str | None = None
    release_year: int | None = None
    end_year: int | None = None
    ongoing: bool
    seasons: int | None = None
    youtube: bool
    featured: bool
    image_url: str | None = None
    legacy: dict[str, LegacyValue]
    """What only the old API needs, as it was; unknown values are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One value that differs from the old one. Empty text stands for no value."""

    show_id: int
    show: str
    field: str
    old: str
    new: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that cannot become a show, and why."""

    show_id: int
    show: str
    reason: str
