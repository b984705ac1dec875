"""
Conditions on shows: the small closed algebra that filters and category rules
compile into, and that every store evaluates.

`holds` is the meaning; a store that evaluates conditions another way (as SQL)
has to agree with it on every show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from tantrum_catalog.domain.naming import Slug, lowered
from tantrum_catalog.domain.show import Level, Sense, Show


class TextField(StrEnum):
    """A text of a show."""

    NAME = "name"
    DESCRIPTION = "description"
    CREATOR = "creator"
    ANIMATION_STYLE = "animation_style"


class NumberField(StrEnum):
    """A whole number of a show that may be unknown."""

    STIMULATION = "stimulation"
    RELEASE_YEAR = "release_year"
    EPISODE_MINUTES = "episode_minutes"


class LabelField(StrEnum):
    """The labels of a show from one vocabulary."""

    THEMES = "themes"
    PLATFORMS = "platforms"


class FlagField(StrEnum):
    """A fact about a show that holds or not."""

    ONGOING = "ongoing"
    YOUTUBE = "youtube"
    FEATURED = "featured"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one holds; so none at all hold too."""

    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one holds; so none at all do not."""

    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContains:
    """
    At least one of *fields* has *text* in it, when `lowered` is applied to both.

    Plainly: `%`, `_` and backslashes stand for themselves. An empty text is in
    every text.
    """

    fields: tuple[TextField, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgesOverlap:
    """The show's ages and the closed range have a year in common; None is an open end."""

    min_age: int | None
    max_age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgesEqual:
    """The show's ages are exactly these; *max_age* None means without an upper end."""

    min_age: int
    max_age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """
    The number is known and in the closed range; None is an open end.

    The ends may be any 32-bit integers, wherever a show's own number can lie.
    """

    field: NumberField
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HasAll:
    """The show has every one of *slugs*; so no slugs hold for every show."""

    field: LabelField
    slugs: tuple[Slug, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HasAny:
    """The show has at least one of *slugs*; so no slugs hold for no show."""

    field: LabelField
    slugs: tuple[Slug, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseIn:
    """The level is one of *levels*, or unknown if *unknown* is wanted too."""

    sense: Sense
    levels: frozenset[Level]
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The fact is *value*."""

    field: FlagField
    value: bool


Condition: TypeAlias = (
    AllOf
    | AnyOf
    | TextContains
    | AgesOverlap
    | AgesEqual
    | Between
    | HasAll
    | HasAny
    | SenseIn
    | Flag
)

EVERY_SHOW: Final = AllOf()


def all_of(conditions: Iterable[Condition]) -> Condition:
    """Return the one condition that all of *conditions* come to."""
    several = tuple(conditions)
    return several[0] if len(several) == 1 else AllOf(several)


def any_of(conditions: Iterable[Condition]) -> Condition:
    """Return the one condition that any of *conditions* comes to."""
    several = tuple(conditions)
    return several[0] if len(several) == 1 else AnyOf(several)


def holds(condition: Condition, show: Show) -> bool:  # noqa: C901, PLR0911 - one line a case
    """Say whether *show* meets *condition*."""
    match condition:
        case AllOf(conditions):
            return all(holds(part, show) for part in conditions)
        case AnyOf(conditions):
            return any(holds(part, show) for part in conditions)
        case TextContains():
            wanted = lowered(condition.text)
            return any(wanted in lowered(_text(show, field)) for field in condition.fields)
        case AgesOverlap(min_age=low, max_age=high):
            oldest = show.facts.max_age
            return (high is None or show.facts.min_age <= high) and (
                low is None or oldest is None or oldest >= low
            )
        case AgesEqual(min_age=low, max_age=high):
            return show.facts.min_age == low and show.facts.max_age == high
        case Between(field=field, minimum=minimum, maximum=maximum):
            number = _number(show, field)
            return number is not None and (
                (minimum is None or number >= minimum) and (maximum is None or number <= maximum)
            )
        case HasAll(field=field, slugs=slugs):
            return set(slugs) <= set(_slugs(show, field))
        case HasAny(field=field, slugs=slugs):
            return not set(slugs).isdisjoint(_slugs(show, field))
        case SenseIn(sense=sense, levels=levels, unknown=unknown):
            level = show.facts.senses.level(sense)
            return unknown if level is None else level in levels
        case Flag(field=field, value=value):
            return _flag(show, field) == value
        case _:
            assert_never(condition)


def _text(show: Show, field: TextField) -> str:
    text: str = getattr(show.facts, field.value)
    return text


def _number(show: Show, field: NumberField) -> int | None:
    number: int | None = getattr(show.facts, field.value)
    return number


def _slugs(show: Show, field: LabelField) -> tuple[Slug, ...]:
    return show.facts.themes if field is LabelField.THEMES else show.facts.platforms


def _flag(show: Show, field: FlagField) -> bool:
    match field:
        case FlagField.ONGOING:
            return show.facts.ongoing
        case FlagField.YOUTUBE:
            return show.facts.youtube
        case FlagField.FEATURED:
            return show.featured
        case _:
            assert_never(field)
