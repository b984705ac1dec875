"""
From the catalogue's `ShowFilter` to ours, with every violation told at once.

What the catalogue refuses is refused here, so that a filter means the same to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tantrum_kit.errors import InvalidInputError, Violation
from tvtantrum.catalog.v1 import filter_pb2, show_pb2

from tantrum_search.domain.filters import SenseCondition, ShowFilter, lowered
from tantrum_search.domain.show import Sense, Slug

_MAX_SLUGS: Final = 50
_MAX_SUBSTRINGS: Final = 20
_MAX_LENGTH: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# Bounds of the numbers that have some, by field.
_BOUNDS: Final = {
    "min_age": (0, 18),
    "max_age": (0, 18),
    "min_stimulation": (1, 5),
    "max_stimulation": (1, 5),
}
_RANGES: Final = ("age", "stimulation", "release_year", "episode_minutes")
_SENSES: Final = frozenset(map(int, Sense))
_LISTS: Final = {
    "themes": _MAX_SLUGS,
    "platforms": _MAX_SLUGS,
    "animation_styles": _MAX_SUBSTRINGS,
    "creators": _MAX_SUBSTRINGS,
}


def filter_from_proto(message: filter_pb2.ShowFilter) -> ShowFilter:
    """Return the filter. Raises `InvalidInputError` with all that is wrong with it."""
    violations = [
        Violation(field=f"filter.{field}", description=description)
        for field, description in _wrong(message)
    ]
    if violations:
        raise InvalidInputError.listing(violations)
    return ShowFilter(
        min_age=_number(message, "min_age"),
        max_age=_number(message, "max_age"),
        min_stimulation=_number(message, "min_stimulation"),
        max_stimulation=_number(message, "max_stimulation"),
        themes=tuple(map(Slug, message.themes)),
        any_theme=message.theme_match == filter_pb2.MATCH_ANY,
        platforms=tuple(map(Slug, message.platforms)),
        senses=tuple(
            SenseCondition(sense=Sense(each.sense), levels=tuple(sorted(set(each.levels))))
            for each in message.senses
        ),
        animation_styles=tuple(lowered(part) for part in message.animation_styles),
        creators=tuple(lowered(part) for part in message.creators),
        min_release_year=_number(message, "min_release_year"),
        max_release_year=_number(message, "max_release_year"),
        min_episode_minutes=_number(message, "min_episode_minutes"),
        max_episode_minutes=_number(message, "max_episode_minutes"),
        ongoing=message.ongoing if message.HasField("ongoing") else None,
        youtube=message.youtube if message.HasField("youtube") else None,
        featured=message.featured if message.HasField("featured") else None,
    )


def _number(message: filter_pb2.ShowFilter, field: str) -> int | None:
    return int(getattr(message, field)) if message.HasField(field) else None  # type: ignore[arg-type] # one of the names above


def _wrong(message: filter_pb2.ShowFilter) -> Iterator[tuple[str, str]]:
    if message.text:
        yield "text", "must be empty; the words to look for are `query`"
    for field, (lowest, highest) in _BOUNDS.items():
        value = _number(message, field)
        if value is not None and not lowest <= value <= highest:
            yield field, f"must be between {lowest} and {highest}"
    for name in _RANGES:
        low, high = _number(message, f"min_{name}"), _number(message, f"max_{name}")
        if low is not None and high is not None and low > high:
            yield f"max_{name}", f"must not be below min_{name}"
    yield from _wrong_lists(message)
    if message.theme_match not in filter_pb2.Match.values():
        yield "theme_match", "must be a known way to match"
    yield from _wrong_senses(message.senses)


def _wrong_lists(message: filter_pb2.ShowFilter) -> Iterator[tuple[str, str]]:
    for field, most in _LISTS.items():
        values: Sequence[str] = getattr(message, field)
        if len(values) > most:
            yield field, f"must have at most {most} values"
        if len(set(values)) < len(values):
            yield field, "must not name a value twice"
        for at, value in enumerate(values):
            if not 1 <= len(value) <= _MAX_LENGTH:
                yield f"{field}[{at}]", f"must have 1 to {_MAX_LENGTH} characters"
            if _CONTROL.search(value):
                yield f"{field}[{at}]", "must be one line without controls"


def _wrong_senses(conditions: Sequence[filter_pb2.SenseCondition]) -> Iterator[tuple[str, str]]:
    seen: set[int] = set()
    for at, condition in enumerate(conditions):
        field = f"senses[{at}]"
        if condition.sense not in _SENSES:
            yield f"{field}.sense", "must be a sense"
        elif condition.sense in seen:
            yield f"{field}.sense", "is named twice"
        seen.add(condition.sense)
        if not condition.levels:
            yield f"{field}.levels", "must not be empty"
        if any(level not in show_pb2.Level.values() for level in condition.levels):
            yield f"{field}.levels", "must be known levels"
