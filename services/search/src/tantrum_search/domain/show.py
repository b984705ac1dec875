"""A show as the catalogue tells it: what filters look at, and what is searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

ShowId = NewType("ShowId", int)
Slug = NewType("Slug", str)

ThemeAliases = Mapping[Slug, Sequence[str]]
"""Other spellings of themes; a theme without any may be left out."""


class Sense(IntEnum):
    """The seven senses, numbered as the contract numbers them."""

    DIALOGUE = 1
    SCENE_FREQUENCY = 2
    SOUND_EFFECTS = 3
    SOUND_EFFECT_TIME = 4
    MUSIC_TEMPO = 5
    MUSIC = 6
    INTERACTIVITY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """An entry of a vocabulary that a show carries."""

    slug: Slug
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A theme, with the other spellings that people look for."""

    slug: Slug
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What search knows of a show. Unknown numbers are None, unknown texts empty."""

    id: ShowId
    slug: Slug
    name: str
    aliases: tuple[str, ...] = ()
    description: str
    creator: str = ""
    themes: tuple[Label, ...] = ()
    platforms: tuple[Slug, ...] = ()
    min_age: int
    max_age: int | None = None
    """None when the show has no upper end."""
    stimulation: int
    levels: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0)
    """Level of each sense in the order of `Sense`, 1 to 5; 0 when unknown."""
    animation_style: str = ""
    episode_minutes: int | None = None
    release_year: int | None = None
    ongoing: bool = False
    youtube: bool = False
    featured: bool = False
    payload: bytes = b""
    """The show as the contract has it, to be handed back with a hit as it is."""

    def level(self, sense: Sense) -> int:
        """Return 1 (low) to 5 (high), or 0 when it is unknown."""
        return self.levels[sense - 1]
