"""Filters and orders from protos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tantrum_kit.errors import InvalidInputError
from tvtantrum.catalog.v1 import filter_pb2 as pb
from tvtantrum.catalog.v1 import show_pb2

from tantrum_catalog.domain.filter import Match, SenseWanted, ShowFilter
from tantrum_catalog.domain.order import Direction, Ordering, ShowOrder
from tantrum_catalog.domain.show import Sense
from tantrum_catalog.transport.codec import optional
from tantrum_catalog.transport.show_codec import level_of

_MATCH: Final[Mapping[int, Match]] = {
    pb.MATCH_UNSPECIFIED: Match.ALL,
    pb.MATCH_ALL: Match.ALL,
    pb.MATCH_ANY: Match.ANY,
}

_ORDER: Final[Mapping[int, ShowOrder]] = {
    pb.SHOW_ORDER_NAME: ShowOrder.NAME,
    pb.SHOW_ORDER_STIMULATION: ShowOrder.STIMULATION,
    pb.SHOW_ORDER_RELEASE_YEAR: ShowOrder.RELEASE_YEAR,
    pb.SHOW_ORDER_INTERACTIVITY: ShowOrder.INTERACTIVITY,
    pb.SHOW_ORDER_POPULARITY: ShowOrder.POPULARITY,
}

_DIRECTION: Final[Mapping[int, Direction]] = {
    pb.SORT_DIRECTION_UNSPECIFIED: Direction.NATURAL,
    pb.SORT_DIRECTION_ASCENDING: Direction.ASCENDING,
    pb.SORT_DIRECTION_DESCENDING: Direction.DESCENDING,
}

_SENSE: Final[Mapping[int, Sense]] = {
    show_pb2.SENSE_DIALOGUE: Sense.DIALOGUE,
    show_pb2.SENSE_SCENE_FREQUENCY: Sense.SCENE_FREQUENCY,
    show_pb2.SENSE_SOUND_EFFECTS: Sense.SOUND_EFFECTS,
    show_pb2.SENSE_SOUND_EFFECT_TIME: Sense.SOUND_EFFECT_TIME,
    show_pb2.SENSE_MUSIC_TEMPO: Sense.MUSIC_TEMPO,
    show_pb2.SENSE_MUSIC: Sense.MUSIC,
    show_pb2.SENSE_INTERACTIVITY: Sense.INTERACTIVITY,
}


def filter_of(message: pb.ShowFilter) -> ShowFilter:
    """Return which shows are wanted. Raises `InvalidInputError`."""
    return ShowFilter(
        text=message.text,
        min_age=optional(message, "min_age"),
        max_age=optional(message, "max_age"),
        min_stimulation=optional(message, "min_stimulation"),
        max_stimulation=optional(message, "max_stimulation"),
        # A theme that is named twice is wanted no more than one named once.
        themes=tuple(dict.fromkeys(message.themes)),
        theme_match=match_of(message.theme_match, field="filter.theme_match"),
        platforms=tuple(dict.fromkeys(message.platforms)),
        senses=tuple(
            _sense_wanted_of(condition, path=f"filter.senses[{index}]")
            for index, condition in enumerate(message.senses)
        ),
        animation_styles=tuple(dict.fromkeys(message.animation_styles)),
        creators=tuple(dict.fromkeys(message.creators)),
        min_release_year=optional(message, "min_release_year"),
        max_release_year=optional(message, "max_release_year"),
        min_episode_minutes=optional(message, "min_episode_minutes"),
        max_episode_minutes=optional(message, "max_episode_minutes"),
        ongoing=optional(message, "ongoing"),
        youtube=optional(message, "youtube"),
        featured=optional(message, "featured"),
    )


def ordering_of(order_by: int, direction: int, *, default: ShowOrder = ShowOrder.NAME) -> Ordering:
    """Return what to order by. Raises `InvalidInputError`."""
    order = _ORDER.get(order_by) if order_by else default
    if order is None:
        raise InvalidInputError.of("order_by", f"there is no order {order_by}")
    if direction not in _DIRECTION:
        raise InvalidInputError.of("direction", f"there is no direction {direction}")
    return Ordering(order=order, direction=_DIRECTION[direction])


def match_of(value: int, *, field: str) -> Match:
    """Return how values combine. Raises `InvalidInputError`."""
    if value not in _MATCH:
        raise InvalidInputError.of(field, f"there is no match {value}")
    return _MATCH[value]


def match_to_proto(match: Match) -> pb.Match.ValueType:
    """Return how values combine."""
    return pb.MATCH_ALL if match is Match.ALL else pb.MATCH_ANY


def _sense_wanted_of(condition: pb.SenseCondition, *, path: str) -> SenseWanted:
    if condition.sense not in _SENSE:
        raise InvalidInputError.of(f"{path}.sense", "is required")
    levels = [level_of(value, field=f"{path}.levels") for value in condition.levels]
    return SenseWanted(
        sense=_SENSE[condition.sense],
        levels=frozenset(level for level in levels if level is not None),
        unknown=None in levels,
    )
