"""
Which changes of shows touch a list that does not have them on its page (yet).

A show that a list's filter selects neither before nor after a change cannot touch it; one
that enters or leaves does; one that stays does when it moves. Conditions on texts are the
catalogue's to judge (case, accents): where one might hold, it is taken to hold.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, cast

import msgspec
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, show_pb2

from tantrum_gateway.dependencies import Facts, ShowChange

_SENSES: Final = tuple(field.name for field in show_pb2.Senses.DESCRIPTOR.fields)
_SENSE_BY_NUMBER: Final = {field.number: field.name for field in show_pb2.Senses.DESCRIPTOR.fields}
_NUMBERS: Final = ("stimulation", "min_age")
_NUMBERS_OR_UNKNOWN: Final = ("max_age", "episode_minutes", "release_year")
_TEXTS: Final = ("name", "description", "creator", "animation_style")
_TRUTHS: Final = ("ongoing", "youtube", "featured")

LIKENESS: Final = frozenset({"themes", "stimulation", "min_age", "max_age", *_SENSES})
"""Fields that similar shows are found by."""
RULED: Final = frozenset(
    {*_NUMBERS, *_NUMBERS_OR_UNKNOWN, *_TEXTS, *_TRUTHS, *_SENSES, "themes", "platforms"}
)
"""Fields that rules of categories can look at."""
POPULARITY: Final = frozenset({"featured", "name"})

_ORDER_FIELDS: Final[dict[int, frozenset[str]]] = {
    filter_pb2.SHOW_ORDER_UNSPECIFIED: frozenset({"name"}),
    filter_pb2.SHOW_ORDER_NAME: frozenset({"name"}),
    filter_pb2.SHOW_ORDER_STIMULATION: frozenset({"stimulation"}),
    filter_pb2.SHOW_ORDER_RELEASE_YEAR: frozenset({"release_year"}),
    filter_pb2.SHOW_ORDER_INTERACTIVITY: frozenset({"interactivity"}),
    filter_pb2.SHOW_ORDER_POPULARITY: POPULARITY,
}
_RULE_FIELDS: Final = {
    "text": frozenset({"name", "description", "creator"}),
    "ages": frozenset({"min_age", "max_age"}),
}


def facts_of(show: show_pb2.Show) -> Facts:
    """Return what lists look at, of *show*."""
    return {
        **{name: getattr(show, name) for name in (*_NUMBERS, *_TEXTS, *_TRUTHS)},
        **{
            name: getattr(show, name) if show.HasField(name) else None
            for name in _NUMBERS_OR_UNKNOWN
        },
        **{name: getattr(show.senses, name) for name in _SENSES},
        "slug": show.slug,
        "aliases": tuple(show.aliases),
        "themes": tuple(label.slug for label in show.themes),
        "platforms": tuple(label.slug for label in show.platforms),
    }


def themes_of(show: Facts | None) -> frozenset[str]:
    """Return the slugs of a show's themes; none of no show."""
    return frozenset(cast("tuple[str, ...]", show["themes"])) if show else frozenset()


class FieldsSelector(msgspec.Struct, frozen=True, array_like=True, tag="fields"):
    """Touched by a change of any of these fields of any show, and by shows that come and go."""

    fields: frozenset[str]

    def touched_by(self, change: ShowChange) -> bool:
        came_or_went = change.before is None or change.after is None
        return came_or_went or not self.fields.isdisjoint(change.fields)


class FilterSelector(msgspec.Struct, frozen=True, array_like=True, tag="filter"):
    """A list's: the `ShowFilter` as bytes, and the `ShowOrder`."""

    filter: bytes
    order: int

    def touched_by(self, change: ShowChange) -> bool:
        conditions, texts = conditions_of(self.filter)
        before = selected(conditions, change.before)
        after = selected(conditions, change.after)
        if not before or not after:
            return before or after
        moving = _ORDER_FIELDS.get(self.order)
        return moving is None or not change.fields.isdisjoint(moving | texts)


def of_rules(categories: Iterable[category_pb2.Category]) -> frozenset[str]:
    """Return the fields that the rules of *categories* look at."""
    fields: frozenset[str] = frozenset()
    for category in categories:
        for rule in category.rules.rules:
            of_rule = _RULE_FIELDS.get(rule.field, frozenset({rule.field}))
            # A field that is newer than this gateway may look at anything.
            fields |= of_rule if RULED.issuperset(of_rule) else RULED
    return fields


Condition = Callable[[Facts], bool]


def selected(conditions: Collection[Condition], show: Facts | None) -> bool:
    """Say whether there is a *show* and all *conditions* hold for it."""
    return show is not None and all(holds(show) for holds in conditions)


@functools.lru_cache(maxsize=4_096)
def conditions_of(raw: bytes) -> tuple[tuple[Condition, ...], frozenset[str]]:
    """Return the conditions that can be judged here, and the fields of those that cannot."""
    wanted = filter_pb2.ShowFilter.FromString(raw)
    given = {field.name: value for field, value in wanted.ListFields()}
    conditions = [_CONDITIONS[name](value) for name, value in given.items() if name in _CONDITIONS]
    conditions += [
        _one_of(_SENSE_BY_NUMBER[one.sense], one.levels)
        for one in wanted.senses
        if one.sense in _SENSE_BY_NUMBER
    ]
    if wanted.themes and wanted.theme_match == filter_pb2.MATCH_ANY:
        conditions.append(_any_of("themes", wanted.themes))
    elif wanted.themes:
        conditions.append(_all_of("themes", wanted.themes))
    texts = [fields for name, fields in _TEXT_FIELDS.items() if name in given]
    return tuple(conditions), frozenset().union(*texts)


def _at_least(field: str, low: int, *, unknown: bool = False) -> Condition:
    return lambda show: unknown if (value := show[field]) is None else value >= low  # type: ignore[operator]  # a number


def _at_most(field: str, high: int) -> Condition:
    return lambda show: (value := show[field]) is not None and value <= high  # type: ignore[operator]  # a number


def _one_of(field: str, values: Iterable[object]) -> Condition:
    wanted = frozenset(values)
    return lambda show: show[field] in wanted


def _all_of(field: str, slugs: Iterable[str]) -> Condition:
    wanted = frozenset(slugs)
    return lambda show: wanted.issubset(cast("tuple[str, ...]", show[field]))


def _any_of(field: str, slugs: Iterable[str]) -> Condition:
    wanted = frozenset(slugs)
    return lambda show: not wanted.isdisjoint(cast("tuple[str, ...]", show[field]))


_CONDITIONS: Final[dict[str, Callable[[Any], Condition]]] = {
    # Without an upper end, no age is too high.
    "min_age": lambda low: _at_least("max_age", low, unknown=True),
    "max_age": functools.partial(_at_most, "min_age"),
    "min_stimulation": functools.partial(_at_least, "stimulation"),
    "max_stimulation": functools.partial(_at_most, "stimulation"),
    "min_release_year": functools.partial(_at_least, "release_year"),
    "max_release_year": functools.partial(_at_most, "release_year"),
    "min_episode_minutes": functools.partial(_at_least, "episode_minutes"),
    "max_episode_minutes": functools.partial(_at_most, "episode_minutes"),
    "platforms": functools.partial(_any_of, "platforms"),
    "ongoing": lambda truth: _one_of("ongoing", (truth,)),
    "youtube": lambda truth: _one_of("youtube", (truth,)),
    "featured": lambda truth: _one_of("featured", (truth,)),
}
"""By field of `ShowFilter`. What is not here is taken to hold."""

_TEXT_FIELDS: Final = {
    "text": _RULE_FIELDS["text"],
    "animation_styles": frozenset({"animation_style"}),
    "creators": frozenset({"creator"}),
}
