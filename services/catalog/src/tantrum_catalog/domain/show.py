"""A show: what editors write about it, and what the catalogue adds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NewType, TypeAlias

from tantrum_catalog.domain.change import Revision
from tantrum_catalog.domain.checks import Checks
from tantrum_catalog.domain.naming import Slug

ShowId = NewType("ShowId", int)
"""Stable number of a show, 1 or more, kept from the old application."""

ShowKey: TypeAlias = ShowId | Slug
"""Either name of a show. (At run time an `int` or a `str`.)"""

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"

AGE_MAX: Final = 18
STIMULATION_MIN: Final = 1
STIMULATION_MAX: Final = 5


class Level(IntEnum):
    """One step of the scale that all senses share."""

    LOW = 1
    LOW_MODERATE = 2
    MODERATE = 3
    MODERATE_HIGH = 4
    HIGH = 5

    @property
    def token(self) -> str:
        """The level in text, such as `low-moderate`."""
        return self.name.lower().replace("_", "-")


class Sense(StrEnum):
    """Names one of the seven senses, by its field in `Senses`."""

    DIALOGUE = "dialogue"
    SCENE_FREQUENCY = "scene_frequency"
    SOUND_EFFECTS = "sound_effects"
    SOUND_EFFECT_TIME = "sound_effect_time"
    MUSIC_TEMPO = "music_tempo"
    MUSIC = "music"
    INTERACTIVITY = "interactivity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """The seven sensory levels; None is unknown."""

    dialogue: Level | None = None
    scene_frequency: Level | None = None
    sound_effects: Level | None = None
    sound_effect_time: Level | None = None
    music_tempo: Level | None = None
    music: Level | None = None
    interactivity: Level | None = None

    def level(self, sense: Sense) -> Level | None:
        """Return the level of one sense."""
        level: Level | None = getattr(self, sense.value)
        return level


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFacts:
    """
    What editors write about a show. Texts are trimmed.

    Making one raises `InvalidInputError` with every rule that is broken, by proto
    paths such as `show.min_age`.
    """

    name: str
    aliases: tuple[str, ...] = ()
    description: str
    min_age: int
    max_age: int | None = None
    """None when there is no upper end."""
    stimulation: int
    senses: Senses = Senses()
    animation_style: str = ""
    themes: tuple[Slug, ...] = ()
    """In the editors' order, without repetition."""
    platforms: tuple[Slug, ...] = ()
    """As `themes`."""
    episode_minutes: int | None = None
    creator: str = ""
    release_year: int | None = None
    end_year: int | None = None
    ongoing: bool = False
    seasons: int | None = None
    youtube: bool = False

    def __post_init__(self) -> None:
        for name in ("name", "description", "animation_style", "creator"):
            object.__setattr__(self, name, getattr(self, name).strip())
        object.__setattr__(self, "aliases", tuple(alias.strip() for alias in self.aliases))
        checks = Checks("show")
        self._check_texts(checks)
        self._check_numbers(checks)
        checks.finish()

    def _check_texts(self, checks: Checks) -> None:
        checks.line("name", self.name, at_least=1, at_most=200)
        checks.lines("aliases", self.aliases, count=20, at_most=200)
        checks.text("description", self.description, at_least=1, at_most=5_000)
        checks.line("animation_style", self.animation_style, at_most=200)
        checks.line("creator", self.creator, at_most=200)
        checks.slugs("themes", self.themes, count=50)
        checks.slugs("platforms", self.platforms, count=50)

    def _check_numbers(self, checks: Checks) -> None:
        checks.number("min_age", self.min_age, at_least=0, at_most=AGE_MAX)
        checks.number("max_age", self.max_age, at_least=0, at_most=AGE_MAX)
        checks.ordered("max_age", self.min_age, self.max_age, low_field="min_age")
        checks.number(
            "stimulation", self.stimulation, at_least=STIMULATION_MIN, at_most=STIMULATION_MAX
        )
        checks.number("episode_minutes", self.episode_minutes, at_least=1, at_most=600)
        checks.number("release_year", self.release_year, at_least=1900, at_most=2100)
        checks.number("end_year", self.end_year, at_least=1900, at_most=2100)
        checks.ordered("end_year", self.release_year, self.end_year, low_field="release_year")
        checks.require(
            not (self.ongoing and self.end_year is not None),
            "ongoing",
            "must not be true when there is an end_year",
        )
        checks.number("seasons", self.seasons, at_least=1, at_most=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """An entry of a controlled vocabulary, as a show has it."""

    slug: Slug
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a picture is; its bytes are kept apart, see `StoredImage`."""

    id: str
    """Made from the content: another picture has another id."""
    media_type: str
    width: int
    """In pixels, 1 or more, as `height`."""
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """A picture with its bytes, at most 3 MiB."""

    image: Image
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A show as it is stored."""

    id: ShowId
    slug: Slug
    facts: ShowFacts
    themes: tuple[Label, ...]
    """The labels of `facts.themes`, in the same order."""
    platforms: tuple[Label, ...]
    """The labels of `facts.platforms`, in the same order."""
    featured: bool = False
    image: Image | None = None
    legacy: Mapping[str, Json] = field(default_factory=dict)
    """What only the old application's API needs, under the old column names."""
    revision: Revision
    """Catalogue revision of the last write of this show."""
    update_time: dt.datetime
