"""One row of the old `catalog_tv_shows`, read from a mapping and not yet believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class MalformedRowError(ValueError):
    """A column holds a value of a type that the old schema does not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyShow:
    """
    The 31 old columns, plus what only the owner's spreadsheet knows.

    None is SQL's NULL or a column that the source does not have. The two
    `sheet` fields are always None in a row of the old database.
    """

    id: int
    name: str
    description: str | None = None
    age_range: str
    episode_length: int | None
    creator: str | None = None
    release_year: int | None = None
    end_year: int | None = None
    is_ongoing: bool | None = None
    seasons: int | None = None
    stimulation_score: int | None
    interactivity_level: str | None = None
    dialogue_intensity: str | None = None
    sound_effects_level: str | None = None
    music_tempo: str | None = None
    total_music_level: str | None = None
    total_sound_effect_time_level: str | None = None
    scene_frequency: str | None = None
    creativity_rating: int | None = None
    available_on: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    animation_style: str | None = None
    image_url: str | None = None
    is_featured: bool | None = None
    subscriber_count: str | None = None
    video_count: str | None = None
    channel_id: str | None = None
    published_at: str | None = None
    is_youtube_channel: bool | None = None
    has_omdb_data: bool | None = None
    has_youtube_data: bool | None = None
    sheet_name: str | None = None
    sheet_minutes: int | None = None
    """Minutes of an episode according to the spreadsheet."""

    @classmethod
    def from_mapping(cls, row: Mapping[str, object]) -> LegacyShow:
        """
        Read a database row or an object of `legacy-shows.json`.

        Columns that are missing count as NULL, columns that are not known are
        ignored. Raises `MalformedRowError` for a missing id or a wrong type.
        """
        show_id = _integer(row, "id")
        if show_id is None:
            raise MalformedRowError("a row has no id")
        return cls(
            id=show_id,
            name=_text(row, "name") or "",
            description=_text(row, "description"),
            age_range=_text(row, "age_range") or "",
            episode_length=_integer(row, "episode_length"),
            creator=_text(row, "creator"),
            release_year=_integer(row, "release_year"),
            end_year=_integer(row, "end_year"),
            is_ongoing=_boolean(row, "is_ongoing"),
            seasons=_integer(row, "seasons"),
            stimulation_score=_integer(row, "stimulation_score"),
            interactivity_level=_text(row, "interactivity_level"),
            dialogue_intensity=_text(row, "dialogue_intensity"),
            sound_effects_level=_text(row, "sound_effects_level"),
            music_tempo=_text(row, "music_tempo"),
            total_music_level=_text(row, "total_music_level"),
            total_sound_effect_time_level=_text(row, "total_sound_effect_time_level"),
            scene_frequency=_text(row, "scene_frequency"),
            creativity_rating=_integer(row, "creativity_rating"),
            available_on=_texts(row, "available_on"),
            themes=_texts(row, "themes"),
            animation_style=_text(row, "animation_style"),
            image_url=_text(row, "image_url"),
            is_featured=_boolean(row, "is_featured"),
            subscriber_count=_text(row, "subscriber_count"),
            video_count=_text(row, "video_count"),
            channel_id=_text(row, "channel_id"),
            published_at=_text(row, "published_at"),
            is_youtube_channel=_boolean(row, "is_youtube_channel"),
            has_omdb_data=_boolean(row, "has_omdb_data"),
            has_youtube_data=_boolean(row, "has_youtube_data"),
            sheet_name=_text(row, "sheet_name"),
            sheet_minutes=_integer(row, "episode_length_sheet_minutes"),
        )


def _wrong(row: Mapping[str, object], column: str, wanted: str) -> MalformedRowError:
    return MalformedRowError(f"show {row.get('id')!r}: {column} is {row[column]!r}, not {wanted}")


def _text(row: Mapping[str, object], column: str) -> str | None:
    value = row.get(column)
    if value is None or isinstance(value, str):
        return value
    raise _wrong(row, column, "a text")


def _integer(row: Mapping[str, object], column: str) -> int | None:
    value = row.get(column)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _wrong(row, column, "a whole number")


def _boolean(row: Mapping[str, object], column: str) -> bool | None:
    value = row.get(column)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong(row, column, "true or false")


def _texts(row: Mapping[str, object], column: str) -> tuple[str, ...]:
    value = row.get(column)
    if value is None:
        return ()
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise _wrong(row, column, "a list of texts")
