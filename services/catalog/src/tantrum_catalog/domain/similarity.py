"""
How alike two shows are, to a parent who looks for more of the same.

Likeness is in parts per million, of four parts, each from 0 (nothing alike) to 1:

* themes, half of it: those in common over the geometric mean of both counts;
* senses, a fifth: 1 less the mean distance of the levels known of both shows, as
  part of the whole scale; a half where no sense is known of both;
* stimulation, a fifth: 1 less the distance, as part of the whole scale;
* ages, a tenth: years in common over years that either suits, where a show
  without an upper end ends at 18.

It depends on the two shows alone. So it is symmetric, the same on every server,
and unchanged by whatever else is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from tantrum_catalog.domain.show import (
    AGE_MAX,
    STIMULATION_MAX,
    STIMULATION_MIN,
    Level,
    Sense,
    Senses,
    Show,
    ShowFacts,
)

CANDIDATES_MAX: Final = 200
"""How many shows are looked at for one show; those past it are never listed."""

SimilarCursor: TypeAlias = tuple[int, int]
"""A similar show's place: likeness, descending, and id, ascending."""

_THEMES_WEIGHT: Final = 0.5
_SENSES_WEIGHT: Final = 0.2
_STIMULATION_WEIGHT: Final = 0.2
_AGES_WEIGHT: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarShow:
    """A show with its likeness to another."""

    show: Show
    likeness_ppm: int

    @property
    def cursor(self) -> SimilarCursor:
        """Where it is in the list."""
        return self.likeness_ppm, int(self.show.id)


def ranked(show: Show, others: Iterable[Show]) -> list[SimilarShow]:
    """Return *others*, the most like *show* first."""
    similar = [
        SimilarShow(show=other, likeness_ppm=likeness_ppm(show.facts, other.facts))
        for other in others
    ]
    return sorted(similar, key=lambda one: sort_key(one.cursor))


def sort_key(cursor: SimilarCursor) -> tuple[int, int]:
    """Return a key for the order of the list."""
    likeness, show_id = cursor
    return -likeness, show_id


def likeness_ppm(one: ShowFacts, other: ShowFacts) -> int:
    """Return how alike the two are, 0 to 1,000,000."""
    likeness = (
        _THEMES_WEIGHT * _themes(one, other)
        + _SENSES_WEIGHT * _senses(one.senses, other.senses)
        + _STIMULATION_WEIGHT * _stimulation(one, other)
        + _AGES_WEIGHT * _ages(one, other)
    )
    return round(likeness * 1_000_000)


def _themes(one: ShowFacts, other: ShowFacts) -> float:
    shared_count = len(set(one.themes) & set(other.themes))
    if shared_count == 0:
        return 0.0
    return shared_count / math.sqrt(len(one.themes) * len(other.themes))


def _senses(one: Senses, other: Senses) -> float:
    distances = [
        abs(level - other_level)
        for sense in Sense
        if (level := one.level(sense)) is not None
        and (other_level := other.level(sense)) is not None
    ]
    if not distances:
        return 0.5
    return 1 - sum(distances) / len(distances) / (Level.HIGH - Level.LOW)


def _stimulation(one: ShowFacts, other: ShowFacts) -> float:
    return 1 - abs(one.stimulation - other.stimulation) / (STIMULATION_MAX - STIMULATION_MIN)


def _ages(one: ShowFacts, other: ShowFacts) -> float:
    years, other_years = _years(one), _years(other)
    return len(years & other_years) / len(years | other_years)


def _years(facts: ShowFacts) -> set[int]:
    return set(range(facts.min_age, (AGE_MAX if facts.max_age is None else facts.max_age) + 1))
