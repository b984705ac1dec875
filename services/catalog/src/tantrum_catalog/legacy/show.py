"""What normalising an old row yields: a show, corrections, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from tantrum_catalog.legacy.levels import Level

LegacyValue = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An entry of a controlled vocabulary. The *slug* is its identity."""

    slug: str
    name: str


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

    def known(self) -> dict[str, Level]:
        """The known levels by field name, in the order that pages show them."""
        levels = {
            "dialogue": self.dialogue,
            "scene_frequency": self.scene_frequency,
            "sound_effects": self.sound_effects,
            "sound_effect_time": self.sound_effect_time,
            "music_tempo": self.music_tempo,
            "music": self.music,
            "interactivity": self.interactivity,
        }
        return {field: level for field, level in levels.items() if level is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalShow:
    """A show as the new catalogue keeps it. None is unknown, but see `max_age`."""

    id: int
    slug: str
    """ASCII, unique among the shows that were normalised together."""
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
    themes: tuple[Term, ...] = ()
    platforms: tuple[Term, ...] = ()
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
