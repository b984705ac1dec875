"""Conditions on shows beside the words: the catalogue's `ShowFilter`, without its text."""

from __future__ import annotations

from dataclasses import dataclass

from tantrum_search.domain.show import Sense, Show, Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseCondition:
    """Wants *sense* to have any of *levels*, 0 to 5; 0 is an unknown level."""

    sense: Sense
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFilter:
    """
    Selects shows. Everything that is set must hold; None and empty select all.

    A show matches an age range when its own ages overlap it. A bound on something
    that is unknown of a show does not hold.
    """

    min_age: int | None = None
    max_age: int | None = None
    min_stimulation: int | None = None
    max_stimulation: int | None = None
    themes: tuple[Slug, ...] = ()
    any_theme: bool = False
    """Whether one of `themes` is enough; all are needed otherwise."""
    platforms: tuple[Slug, ...] = ()
    """Any of them."""
    senses: tuple[SenseCondition, ...] = ()
    """Each must hold."""
    animation_styles: tuple[str, ...] = ()
    """Substrings, `lowered`; any of them."""
    creators: tuple[str, ...] = ()
    """Substrings, `lowered`; any of them."""
    min_release_year: int | None = None
    max_release_year: int | None = None
    min_episode_minutes: int | None = None
    max_episode_minutes: int | None = None
    ongoing: bool | None = None
    youtube: bool | None = None
    featured: bool | None = None

    def matches(self, show: Show) -> bool:
        """Say whether *show* fulfils every condition."""
        return (
            self._ages_match(show)
            and _lies_within(show.stimulation, self.min_stimulation, self.max_stimulation)
            and self._labels_match(show)
            and all(show.level(each.sense) in each.levels for each in self.senses)
            and _contains_any(show.animation_style, self.animation_styles)
            and _contains_any(show.creator, self.creators)
            and _lies_within(show.release_year, self.min_release_year, self.max_release_year)
            and _lies_within(
                show.episode_minutes, self.min_episode_minutes, self.max_episode_minutes
            )
            and self.ongoing in {None, show.ongoing}
            and self.youtube in {None, show.youtube}
            and self.featured in {None, show.featured}
        )

    def _ages_match(self, show: Show) -> bool:
        return (self.max_age is None or show.min_age <= self.max_age) and (
            self.min_age is None or show.max_age is None or show.max_age >= self.min_age
        )

    def _labels_match(self, show: Show) -> bool:
        if self.themes:
            carried = {theme.slug for theme in show.themes}
            wanted = any if self.any_theme else all
            if not wanted(slug in carried for slug in self.themes):
                return False
        return not self.platforms or any(slug in show.platforms for slug in self.platforms)


NO_FILTER = ShowFilter()
"""Selects every show."""


def lowered(text: str) -> str:
    """
    Return *text* in the lower case that both sides of a comparison are brought to.

    As the catalogue does it: each character by itself, and only where that gives
    one character.
    """
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def _lies_within(value: int | None, lowest: int | None, highest: int | None) -> bool:
    if value is None:
        return lowest is None and highest is None
    return (lowest is None or lowest <= value) and (highest is None or value <= highest)


def _contains_any(text: str, parts: tuple[str, ...]) -> bool:
    return not parts or any(part in lowered(text) for part in parts)
