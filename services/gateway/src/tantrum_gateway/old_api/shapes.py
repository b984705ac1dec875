"""What the old API answers with: the fields, their order and their types are the old ones."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

PLAIN: TypeAlias = "dict[str, PLAIN] | list[PLAIN] | str | int | bool | None"
"""What JSON can hold."""


class Row(msgspec.Struct, frozen=True):
    """A show, as the 31 columns of the old table."""

    id: int
    name: str
    description: str
    age_range: str
    episode_length: int
    creator: str | None
    release_year: int | None
    end_year: int | None
    is_ongoing: bool
    seasons: int | None
    stimulation_score: int
    interactivity_level: str | None
    dialogue_intensity: str | None
    sound_effects_level: str | None
    music_tempo: str | None
    total_music_level: str | None
    total_sound_effect_time_level: str | None
    scene_frequency: str | None
    creativity_rating: int | None
    available_on: list[str]
    themes: list[str]
    animation_style: str | None
    image_url: str
    is_featured: bool
    subscriber_count: str | None
    video_count: str | None
    channel_id: str | None
    published_at: str | None
    is_youtube_channel: bool
    has_omdb_data: bool
    has_youtube_data: bool


class _CamelCase(msgspec.Struct, frozen=True, rename="camel"):
    pass


class CategoryShow(_CamelCase, frozen=True):
    """A show, as far as a row of the home page needs it."""

    id: int
    name: str
    image_url: str
    age_range: str
    stimulation_score: int
    is_featured: bool


class Theme(_CamelCase, frozen=True):
    """A theme. The number is made from its slug."""

    id: int
    name: str


class Platform(_CamelCase, frozen=True):
    """A platform. The number is made from its slug."""

    id: int
    name: str
    url: str | None
    icon_url: str | None


class Category(_CamelCase, frozen=True):
    """A row of the home page."""

    id: int
    name: str
    description: str
    display_order: int
    is_active: bool
    filter_config: dict[str, PLAIN]
    """`logic` and `rules`, in the old language of rules."""
    created_at: str | None
    updated_at: str | None


class Research(_CamelCase, frozen=True):
    """A research summary."""

    id: int
    title: str
    summary: str
    full_text: str | None
    category: str
    image_url: str | None
    source: str | None
    original_study_url: str | None
    published_date: str | None
    headline: str | None
    sub_headline: str | None
    key_findings: str | None
    """A finding on each line."""
    created_at: str | None
    updated_at: str | None
