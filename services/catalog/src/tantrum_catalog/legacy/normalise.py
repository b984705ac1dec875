"""
One row of the old database as a show of the new catalogue.

What only the other rows tell (which slug is free, which of two shows of one name
is the original) is mended in `catalogue`, which callers use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

from tantrum_catalog.domain.naming import Slug, slug_of
from tantrum_catalog.domain.show import Label, Level, Senses
from tantrum_catalog.legacy.ages import parse_ages, plain_spelling
from tantrum_catalog.legacy.describe import describe
from tantrum_catalog.legacy.fillers import is_filler
from tantrum_catalog.legacy.levels import old_spelling, parse_level
from tantrum_catalog.legacy.names import MendedName, mend_name
from tantrum_catalog.legacy.row import LegacyShow
from tantrum_catalog.legacy.show import (
    Correction,
    LegacyValue,
    NormalShow,
    Refusal,
)
from tantrum_catalog.legacy.styles import style_reason, tidy_style
from tantrum_catalog.legacy.vocabulary import NOT_THEMES, parse_platform, parse_theme
from tantrum_catalog.legacy.years import mend_run

STIMULATION_SCORES = range(1, 6)
EPISODE_MINUTES = range(1, 121)
"""What an old length may be; above it are slips such as 759 for 7:59."""
SHEET_MINUTES = range(5, 121)
"""What a length in the spreadsheet may be to go before the old one."""

_SLUG_BASE_LENGTH = 108
_NO_CREATORS = frozenset({"", "n/a", "na", "none", "null", "unknown", "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalised:
    """One row, the show made of it, and how the two differ."""

    row: LegacyShow
    name: MendedName
    show: NormalShow
    corrections: tuple[Correction, ...]
    described: bool
    """Whether its description is generated, and has to follow its facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Collects the corrections of one show; implements `years.Note`."""

    show_id: int
    show: str
    corrections: list[Correction] = dataclass_field(default_factory=list)

    def __call__(
        self, field: str, old: str | int | None, new: str | int | None, reason: str
    ) -> None:
        self.corrections.append(
            Correction(
                show_id=self.show_id,
                show=self.show,
                field=field,
                old="" if old is None else str(old),
                new="" if new is None else str(new),
                reason=reason,
            )
        )


def normalise_show(row: LegacyShow) -> Normalised | Refusal:
    """Mend one row by itself. Its slug may be another show's too."""
    name = mend_name(row.id, row.name, row.sheet_name)
    ages = parse_ages(row.age_range)
    stimulation = row.stimulation_score
    if not name.title:
        return Refusal(show_id=row.id, show="", reason="it has no name")
    if ages is None:
        reason = f"its ages cannot be read: {row.age_range!r}"
        return Refusal(show_id=row.id, show=name.title, reason=reason)
    if stimulation is None or stimulation not in STIMULATION_SCORES:
        reason = f"its stimulation is not 1 to 5: {stimulation!r}"
        return Refusal(show_id=row.id, show=name.title, reason=reason)
    note = Notes(show_id=row.id, show=name.title)
    if name.title != row.name:
        note("name", row.name, name.title, name_reason(row, name.title))
    if plain_spelling(ages) != row.age_range:
        note("ages", row.age_range, plain_spelling(ages), "one plain range")
    run = mend_run(row, name.years, note)
    show = NormalShow(
        id=row.id,
        slug=slug_base(row.id, name.title),
        name=name.title,
        aliases=name.aliases,
        description=" ".join((row.description or "").split()),
        min_age=ages.min_age,
        max_age=ages.max_age,
        stimulation=stimulation,
        senses=_senses(row, note),
        animation_style=_animation_style(row, note),
        themes=_themes(row, note),
        platforms=_platforms(row, note),
        episode_minutes=_episode_minutes(row, note),
        creator=_creator(row, note),
        release_year=run.release_year,
        end_year=run.end_year,
        ongoing=run.ongoing,
        seasons=run.seasons,
        youtube=row.is_youtube_channel is True,
        featured=row.is_featured is True,
        image_url=row.image_url,
        legacy=_legacy(row),
    )
    described = is_filler(show.description)
    if described:
        if row.description is not None:
            note("description", row.description, "(generated)", "it says nothing")
        show = replace(show, description=describe(show))
    return Normalised(
        row=row, name=name, show=show, corrections=tuple(note.corrections), described=described
    )


def slug_base(show_id: int, title: str) -> Slug:
    """The slug that *title* makes, with room left for what tells it from others."""
    slug = slug_of(title, fallback=f"show-{show_id}")
    return Slug(slug[:_SLUG_BASE_LENGTH].rstrip("-"))


def name_reason(row: LegacyShow, new: str) -> str:
    """Why the name of *row* becomes *new*."""
    if new == " ".join(row.name.split()):
        return "spaces"
    if "\u2019" in row.name:
        return "straight apostrophes, and capitals"
    if row.name.strip().startswith(f"{new} ") or row.name.strip().startswith(f"{new}("):
        return "years and notes go to their own fields"
    if new.casefold() == row.name.strip().casefold():
        return "capitals"
    return "spelling"


def _senses(row: LegacyShow, note: Notes) -> Senses:
    def level(sense: str, old: str | None) -> Level | None:
        if old is None:
            return None
        level = parse_level(old)
        if level is None:
            note(f"senses.{sense}", old, None, "no level of the scale")
        elif old != old_spelling(level):
            note(f"senses.{sense}", old, level.token, "one scale of levels")
        return level

    return Senses(
        dialogue=level("dialogue", row.dialogue_intensity),
        scene_frequency=level("scene_frequency", row.scene_frequency),
        sound_effects=level("sound_effects", row.sound_effects_level),
        sound_effect_time=level("sound_effect_time", row.total_sound_effect_time_level),
        music_tempo=level("music_tempo", row.music_tempo),
        music=level("music", row.total_music_level),
        interactivity=level("interactivity", row.interactivity_level),
    )


def _themes(row: LegacyShow, note: Notes) -> tuple[Label, ...]:
    themes: dict[str, Label] = {}
    for old in row.themes:
        theme = parse_theme(old)
        if theme is None:
            note("themes", old, None, NOT_THEMES.get(old.strip(), "it is no word"))
        elif theme.slug in themes:
            note("themes", old, None, f"a second {theme.name!r}")
        else:
            themes[theme.slug] = theme
            if theme.name != old:
                note("themes", old, theme.name, "one spelling of each theme")
    return tuple(themes.values())


def _platforms(row: LegacyShow, note: Notes) -> tuple[Label, ...]:
    platforms: dict[str, Label] = {}
    for old in row.available_on:
        platform = parse_platform(old)
        if platform is None or platform.slug in platforms:
            note("platforms", old, None, "it is blank or doubled")
            continue
        platforms[platform.slug] = platform
        if platform.name != old:
            note("platforms", old, platform.name, "one spelling of each platform")
    return tuple(platforms.values())


def _episode_minutes(row: LegacyShow, note: Notes) -> int | None:
    old, sheet = row.episode_length, row.sheet_minutes
    if sheet is not None and sheet in SHEET_MINUTES:
        if sheet != old:
            note("episode_minutes", old, sheet, "the owner's spreadsheet knows it better")
        return sheet
    if old is None or old in EPISODE_MINUTES:
        return old
    reason = f"no episode lasts so long (1 to {EPISODE_MINUTES[-1]} minutes)"
    note("episode_minutes", old, None, reason)
    return None


def _creator(row: LegacyShow, note: Notes) -> str | None:
    if row.creator is None:
        return None
    creator = " ".join(row.creator.split())
    if creator.casefold() in _NO_CREATORS:
        note("creator", row.creator, None, "it names nobody")
        return None
    if creator != row.creator:
        note("creator", row.creator, creator, "spaces")
    return creator


def _animation_style(row: LegacyShow, note: Notes) -> str | None:
    if row.animation_style is None:
        return None
    style = tidy_style(row.animation_style)
    if style != row.animation_style:
        note("animation_style", row.animation_style, style, style_reason(row.animation_style))
    return style or None


def _legacy(row: LegacyShow) -> dict[str, LegacyValue]:
    values: dict[str, LegacyValue | None] = {
        "age_range": row.age_range,
        "channel_id": row.channel_id,
        "subscriber_count": row.subscriber_count,
        "video_count": row.video_count,
        "published_at": row.published_at,
        "episode_length": row.episode_length,
        "creativity_rating": row.creativity_rating,
        "has_omdb_data": row.has_omdb_data,
        "has_youtube_data": row.has_youtube_data,
    }
    return {column: value for column, value in values.items() if value is not None}
