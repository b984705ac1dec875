"""From protobuf to what the old API answers with."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from tvtantrum.catalog.v1 import category_pb2, research_pb2, show_pb2

from tantrum_gateway.codec import LEVELS
from tantrum_gateway.old_api import rules
from tantrum_gateway.old_api.shapes import Category, CategoryShow, Platform, Research, Row, Theme

_NUMBER: Final = re.compile(r"[0-9]+")
_NO_WORD: Final = re.compile(r"[^a-zA-Z0-9]")
_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_OLDEST_AGE: Final = 18
"""An upper end above it is none."""

_SANE_MINUTES: Final = range(1, 121)
"""What the old column may be believed; it holds slips such as 759 for 7:59 too."""

_CHANNEL_COLUMNS: Final = ("subscriber_count", "video_count", "channel_id", "published_at")


def row(show: show_pb2.Show) -> Row:
    """Return the show as the old table had it; what only that knew comes from `legacy`."""
    senses = show.senses
    channel = {column: _text(show.legacy, column) for column in _CHANNEL_COLUMNS}
    return Row(
        id=show.id,
        name=show.name,
        description=show.description,
        age_range=age_range(show),
        episode_length=_episode_length(show),
        creator=show.creator or None,
        release_year=show.release_year if show.HasField("release_year") else None,
        end_year=show.end_year if show.HasField("end_year") else None,
        is_ongoing=show.ongoing,
        seasons=show.seasons if show.HasField("seasons") else None,
        stimulation_score=show.stimulation,
        interactivity_level=level(senses.interactivity),
        dialogue_intensity=level(senses.dialogue),
        sound_effects_level=level(senses.sound_effects),
        music_tempo=level(senses.music_tempo),
        total_music_level=level(senses.music),
        total_sound_effect_time_level=level(senses.sound_effect_time),
        scene_frequency=level(senses.scene_frequency),
        creativity_rating=_whole(show.legacy, "creativity_rating"),
        available_on=[label.name for label in show.platforms],
        themes=[label.name for label in show.themes],
        animation_style=show.animation_style or None,
        image_url=image_url(show),
        is_featured=show.featured,
        is_youtube_channel=show.youtube,
        has_omdb_data=_truth(show.legacy, "has_omdb_data", default=False),
        has_youtube_data=_truth(show.legacy, "has_youtube_data", default=any(channel.values())),
        **channel,
    )


def category_show(show: show_pb2.Show) -> CategoryShow:
    """Return the show as far as a row of the home page needs it."""
    return CategoryShow(
        id=show.id,
        name=show.name,
        image_url=image_url(show),
        age_range=age_range(show),
        stimulation_score=show.stimulation,
        is_featured=show.featured,
    )


def age_range(show: show_pb2.Show) -> str:
    """Return the old text of the ages, unless an editor has changed them since."""
    max_age = show.max_age if show.HasField("max_age") else None
    text = _text(show.legacy, "age_range")
    if text is not None and _ages(text) == (show.min_age, max_age):
        return text
    return f"{show.min_age}+" if max_age is None else f"{show.min_age}-{max_age}"


def image_url(show: show_pb2.Show) -> str:
    """Return where a picture is: an editor's, else the old one elsewhere, else our own."""
    old = _text(show.legacy, "image_url")
    if old is not None and _ADDRESS.match(old) and not show.HasField("image"):
        return old
    return f"/images/tv-shows/show-{show.id}-{_NO_WORD.sub('_', show.name)}.jpg"


def level(number: int) -> str | None:
    """Return the old word for a level, such as `Low-Moderate`; None for an unknown one."""
    token = LEVELS[number] if number < len(LEVELS) else None
    return token and token.title()


def theme(message: show_pb2.Theme) -> Theme:
    """Return the theme."""
    return Theme(id=_number_of(message.slug), name=message.name)


def platform(message: show_pb2.Platform) -> Platform:
    """Return the platform."""
    return Platform(
        id=_number_of(message.slug),
        name=message.name,
        url=message.url or None,
        icon_url=message.icon_url or None,
    )


def category(message: category_pb2.Category, theme_name_by_slug: Mapping[str, str]) -> Category:
    """Return the category, its rules in the old language."""
    return Category(
        id=message.id,
        name=message.name,
        description=message.description,
        display_order=message.display_order,
        is_active=message.active,
        filter_config=rules.old_config(message.rules, theme_name_by_slug),
        created_at=_time(message.create_time),
        updated_at=_time(message.update_time),
    )


def research(message: research_pb2.Research) -> Research:
    """Return the research summary."""
    return Research(
        id=message.id,
        title=message.title,
        summary=message.summary,
        full_text=message.detail or None,
        category=message.category,
        image_url=message.image_url or None,
        source=message.source or None,
        original_study_url=message.original_url or None,
        published_date=message.publish_date or None,
        headline=message.headline or None,
        sub_headline=message.sub_headline or None,
        key_findings="\n".join(message.key_findings) or None,
        created_at=_time(message.create_time),
        updated_at=_time(message.update_time),
    )


def _ages(text: str) -> tuple[int, int | None] | None:
    """Return what an old text such as `3-6`, `8+` or `7-12, 12+` spans; None is an open end."""
    numbers = [int(number) for number in _NUMBER.findall(text)]
    if not numbers:
        return None
    opened = "+" in text or max(numbers) > _OLDEST_AGE
    return min(numbers), None if opened else max(numbers)


def _episode_length(show: show_pb2.Show) -> int:
    """Return the minutes; 0 stands for unknown, since the old column had no NULL."""
    if show.HasField("episode_minutes"):
        return show.episode_minutes
    old = _whole(show.legacy, "episode_length") or 0
    return old if old in _SANE_MINUTES else 0


def _text(legacy: Struct, column: str) -> str | None:
    value = legacy.fields.get(column)
    return value.string_value if value is not None and value.HasField("string_value") else None


def _whole(legacy: Struct, column: str) -> int | None:
    # A Struct has no whole numbers, only such as happen to be whole.
    value = legacy.fields.get(column)
    return int(value.number_value) if value is not None and value.HasField("number_value") else None


def _truth(legacy: Struct, column: str, *, default: bool) -> bool:
    value = legacy.fields.get(column)
    return value.bool_value if value is not None and value.HasField("bool_value") else default


def _number_of(slug: str) -> int:
    """Return a number for what has none any more: stable, and the same on every gateway."""
    return int.from_bytes(hashlib.blake2b(slug.encode(), digest_size=4).digest()) >> 1


def _time(message: Timestamp) -> str | None:
    """Return a time as JavaScript writes it."""
    if not message.ByteSize():
        return None
    time = message.ToDatetime(dt.UTC).isoformat(timespec="milliseconds")
    return time.replace("+00:00", "Z")
