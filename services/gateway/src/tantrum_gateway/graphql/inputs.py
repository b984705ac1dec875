"""What fields take: which one, which ones, and in what order."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import strawberry
from strawberry.utils.str_converters import to_camel_case
from tantrum_kit.errors import InvalidInputError
from tvtantrum.catalog.v1 import filter_pb2

from tantrum_gateway import filters, queries
from tantrum_gateway.graphql import nodes
from tantrum_gateway.parameters import Query, Slug

_MAX_NUMBER: Final = 2**31 - 1


@strawberry.enum(description="A level, or none known.")
class LevelFilter(enum.Enum):
    LOW = "low"
    LOW_MODERATE = "low-moderate"
    MODERATE = "moderate"
    MODERATE_HIGH = "moderate-high"
    HIGH = "high"
    UNKNOWN = filters.UNKNOWN


@strawberry.enum(description="How several values combine.")
class Match(enum.Enum):
    ALL = "all"
    ANY = "any"


@strawberry.enum(description="What shows can be ordered by. What is unknown comes last.")
class ShowOrderField(enum.Enum):
    NAME = filter_pb2.SHOW_ORDER_NAME
    STIMULATION = filter_pb2.SHOW_ORDER_STIMULATION
    RELEASE_YEAR = filter_pb2.SHOW_ORDER_RELEASE_YEAR
    INTERACTIVITY = filter_pb2.SHOW_ORDER_INTERACTIVITY
    POPULARITY = filter_pb2.SHOW_ORDER_POPULARITY


@strawberry.enum(description="Which way to order.")
class OrderDirection(enum.Enum):
    ASC = filter_pb2.SORT_DIRECTION_ASCENDING
    DESC = filter_pb2.SORT_DIRECTION_DESCENDING


@strawberry.input(description="What to order shows by.")
class ShowOrder:
    field: ShowOrderField
    direction: OrderDirection | None = strawberry.field(
        default=None,
        description="Release years descend without it, all else ascends.",
    )


@strawberry.input(one_of=True, description="Names one thing.")
class Key:
    id: strawberry.ID | None = strawberry.UNSET
    slug: str | None = strawberry.UNSET
    database_id: int | None = strawberry.field(
        default=strawberry.UNSET, description="The number that REST calls `id`."
    )

    def fields(self, type_name: str) -> dict[str, Any] | None:
        """Return what a proto request names it by; None if nothing can have this key."""
        if self.slug:
            try:
                return {"slug": Slug().read(self.slug)}
            except ValueError:
                return None
        number = self.database_id
        if self.id:
            named = nodes.named_by(self.id)
            number = named[1] if named and named[0] == type_name else None
        return {"id": number} if number and 1 <= number <= _MAX_NUMBER else None


def _condition(doc: str) -> Any:
    return strawberry.field(default=None, description=doc)


@strawberry.input(description="Selects the shows that fulfil all conditions given.")
class ShowFilter:
    min_age: int | None = _condition("Lower end of the ages wanted; ages may overlap them.")
    max_age: int | None = _condition("Upper end of the ages wanted; ages may overlap them.")
    min_stimulation: int | None = _condition("1 to 5.")
    max_stimulation: int | None = _condition("1 to 5.")
    theme: list[str] | None = _condition("Slugs of themes.")
    theme_match: Match | None = _condition("Whether all themes are wanted (without it), or any.")
    platform: list[str] | None = _condition("Slugs of platforms; any of them.")
    dialogue: list[LevelFilter] | None = _condition("Any of these levels.")
    scene_frequency: list[LevelFilter] | None = _condition("Any of these levels.")
    sound_effects: list[LevelFilter] | None = _condition("Any of these levels.")
    sound_effect_time: list[LevelFilter] | None = _condition("Any of these levels.")
    music_tempo: list[LevelFilter] | None = _condition("Any of these levels.")
    music: list[LevelFilter] | None = _condition("Any of these levels.")
    interactivity: list[LevelFilter] | None = _condition("Any of these levels.")
    animation_style: list[str] | None = _condition("Substrings of the style; any of them.")
    creator: list[str] | None = _condition("Substrings of the creator; any of them.")
    min_year: int | None = _condition("Earliest year of the first episode.")
    max_year: int | None = _condition("Latest year of the first episode.")
    min_minutes: int | None = _condition("Shortest episode in minutes.")
    max_minutes: int | None = _condition("Longest episode in minutes.")
    ongoing: bool | None = _condition("Whether new episodes are still made.")
    youtube: bool | None = _condition("Whether it is a YouTube channel.")
    featured: bool | None = _condition("Whether it is the featured show.")


def conditions(wanted: ShowFilter | None, *, text: str = "") -> filter_pb2.ShowFilter:
    """
    Return the proto filter, checked as REST's query string is, by the same parameters.

    Raises:
        InvalidInputError: some condition is none.
    """
    pairs = [*_pairs(wanted), *([("q", text)] if text else [])]
    arguments = queries.read(urlencode(pairs).encode(), (filters.TEXT, *filters.CONDITIONS))
    selected = filters.conditions(arguments)
    selected.text = arguments.get("q", "")
    return selected


def typed(query: str) -> str:
    """Return what somebody typed, checked as REST's `q` is. Raises `InvalidInputError`."""
    try:
        return Query().read(query)
    except ValueError as error:
        raise InvalidInputError.of("query", str(error)) from error


def _pairs(wanted: ShowFilter | None) -> Iterator[tuple[str, str]]:
    if wanted is None:
        return
    for field in dataclasses.fields(wanted):
        value = getattr(wanted, field.name)
        values = value if isinstance(value, list) else [] if value is None else [value]
        for one in values:
            yield to_camel_case(field.name), _written(one)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value if isinstance(value, enum.Enum) else value)
