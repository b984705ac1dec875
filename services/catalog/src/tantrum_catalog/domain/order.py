"""What lists of shows are ordered by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from tantrum_catalog.domain.naming import sort_name_of
from tantrum_catalog.domain.show import Show


class ShowOrder(StrEnum):
    """What to order by."""

    NAME = "name"
    STIMULATION = "stimulation"
    RELEASE_YEAR = "release_year"
    INTERACTIVITY = "interactivity"
    POPULARITY = "popularity"
    """The featured show, then by name."""


class Direction(StrEnum):
    """Which way. Newest and most popular first are natural, else the smallest."""

    NATURAL = "natural"
    ASCENDING = "ascending"
    DESCENDING = "descending"


class SortColumn(StrEnum):
    """A value of a show that orders compare."""

    SORT_NAME = "sort_name"
    STIMULATION = "stimulation"
    RELEASE_YEAR = "release_year"
    INTERACTIVITY = "interactivity"
    FEATURED = "featured"


SortValue: TypeAlias = str | int | None

ShowCursor: TypeAlias = tuple[SortValue, ...]
"""A show's place in an ordering: its value in each column, then its id."""

SortKey: TypeAlias = tuple[object, ...]

_NATURALLY_DESCENDING: Final = {ShowOrder.RELEASE_YEAR, ShowOrder.POPULARITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """A total order of shows: by `columns`, then always by ascending id."""

    order: ShowOrder = ShowOrder.NAME
    direction: Direction = Direction.NATURAL

    @property
    def columns(self) -> tuple[tuple[SortColumn, bool], ...]:
        """
        Each column with whether it descends. None comes last in both directions.

        Popularity in ascending direction is its exact reverse, ids apart.
        """
        descending = self.direction is Direction.DESCENDING or (
            self.direction is Direction.NATURAL and self.order in _NATURALLY_DESCENDING
        )
        if self.order is ShowOrder.POPULARITY:
            return (SortColumn.FEATURED, descending), (SortColumn.SORT_NAME, not descending)
        if self.order is ShowOrder.NAME:
            return ((SortColumn.SORT_NAME, descending),)
        return ((SortColumn(self.order.value), descending),)

    def cursor_of(self, show: Show) -> ShowCursor:
        """Return where *show* is; a featured one counts 1, another 0."""
        return (*(_sort_value(show, column) for column, _ in self.columns), int(show.id))

    def sort_key(self, cursor: ShowCursor) -> SortKey:
        """Return a key that Python compares as this order does."""
        *values, show_id = cursor
        keys = [
            _key(value, descending=descending)
            for value, (_, descending) in zip(values, self.columns, strict=True)
        ]
        return (*keys, show_id)


def _sort_value(show: Show, column: SortColumn) -> SortValue:
    match column:
        case SortColumn.SORT_NAME:
            return sort_name_of(show.facts.name)
        case SortColumn.STIMULATION:
            return show.facts.stimulation
        case SortColumn.RELEASE_YEAR:
            return show.facts.release_year
        case SortColumn.INTERACTIVITY:
            level = show.facts.senses.interactivity
            return None if level is None else int(level)
        case SortColumn.FEATURED:
            return int(show.featured)
        case _:
            assert_never(column)


def _key(value: SortValue, *, descending: bool) -> tuple[object, ...]:
    if value is None:
        return (1,)
    if not descending:
        return (0, value)
    if isinstance(value, int):
        return (0, -value)
    # Ends with more than any character, so that a text comes after its extensions.
    return (0, (*(-ord(character) for character in value), 1))
