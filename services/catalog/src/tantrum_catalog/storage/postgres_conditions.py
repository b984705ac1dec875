"""
Conditions as SQL. What they mean is `tantrum_catalog.domain.condition.holds`.

Values are bound, never written into the text. A comparison with NULL selects
nothing; since there is no negation, that is what an unknown value has to do.
"""

from __future__ import annotations

import re
from typing import Final, assert_never

from tantrum_catalog.domain.condition import (
    AgesEqual,
    AgesOverlap,
    AllOf,
    AnyOf,
    Between,
    Condition,
    Flag,
    HasAll,
    HasAny,
    LabelField,
    SenseIn,
    TextContains,
)
from tantrum_catalog.domain.naming import lowered

_LABEL_COLUMNS: Final = {
    LabelField.THEMES: "s.theme_slugs",
    LabelField.PLATFORMS: "s.platform_slugs",
}

# A shorter text has no trigram, and LIKE may lead the planner to walk the whole index for it.
_TRIGRAM_LENGTH: Final = 3

_ESCAPED: Final = re.compile(r"[\\%_]")
_WITH_BACKSLASH: Final = r"\\\g<0>"


class Arguments:
    """The values that a statement's placeholders stand for."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def add(self, value: object, cast: str) -> str:
        """Return the placeholder of *value*, as SQL of the type *cast*."""
        self.values.append(value)
        return f"${len(self.values)}::{cast}"


def condition_sql(  # noqa: C901, PLR0911 - one line a case
    condition: Condition, arguments: Arguments
) -> str:
    """Return what selects the same rows of `catalog.show AS s`; adds to *arguments*."""
    match condition:
        case AllOf(conditions):
            return _joined(" AND ", conditions, arguments) or "TRUE"
        case AnyOf(conditions):
            return _joined(" OR ", conditions, arguments) or "FALSE"
        case TextContains():
            return _text_sql(condition, arguments)
        case AgesOverlap():
            return _ages_sql(condition, arguments)
        case AgesEqual(min_age=low, max_age=high):
            upper = "IS NULL" if high is None else f"= {arguments.add(high, 'int')}"
            return f"(s.min_age = {arguments.add(low, 'int')} AND s.max_age {upper})"
        case Between():
            return _between_sql(condition, arguments)
        case HasAll(field=field, slugs=slugs):
            return f"{_LABEL_COLUMNS[field]} @> {arguments.add(slugs, 'text[]')}"
        case HasAny(field=field, slugs=slugs):
            return f"{_LABEL_COLUMNS[field]} && {arguments.add(slugs, 'text[]')}"
        case SenseIn():
            return _sense_sql(condition, arguments)
        case Flag(field=field, value=value):
            return f"s.{field.value}" if value else f"NOT s.{field.value}"
        case _:
            assert_never(condition)


def _joined(word: str, conditions: tuple[Condition, ...], arguments: Arguments) -> str:
    parts = [condition_sql(condition, arguments) for condition in conditions]
    return f"({word.join(parts)})" if parts else ""


def _text_sql(condition: TextContains, arguments: Arguments) -> str:
    if not condition.fields:
        return "FALSE"
    literal = lowered(condition.text)
    columns = [f"s.lower_{field.value}" for field in condition.fields]
    if len(literal) < _TRIGRAM_LENGTH:
        place = arguments.add(literal, "text")
        parts = [f"strpos({column}, {place}) > 0" for column in columns]
    else:
        pattern = arguments.add(f"%{_ESCAPED.sub(_WITH_BACKSLASH, literal)}%", "text")
        parts = [f"{column} LIKE {pattern}" for column in columns]
    return f"({' OR '.join(parts)})"


def _ages_sql(condition: AgesOverlap, arguments: Arguments) -> str:
    parts = []
    if condition.max_age is not None:
        parts.append(f"s.min_age <= {arguments.add(condition.max_age, 'int')}")
    if condition.min_age is not None:
        low = arguments.add(condition.min_age, "int")
        parts.append(f"(s.max_age >= {low} OR s.max_age IS NULL)")
    return f"({' AND '.join(parts)})" if parts else "TRUE"


def _between_sql(condition: Between, arguments: Arguments) -> str:
    column = f"s.{condition.field.value}"
    parts = []
    if condition.minimum is not None:
        parts.append(f"{column} >= {arguments.add(condition.minimum, 'int')}")
    if condition.maximum is not None:
        parts.append(f"{column} <= {arguments.add(condition.maximum, 'int')}")
    return f"({' AND '.join(parts)})" if parts else f"{column} IS NOT NULL"


def _sense_sql(condition: SenseIn, arguments: Arguments) -> str:
    column = f"s.{condition.sense.value}"
    levels = arguments.add(sorted(int(level) for level in condition.levels), "int[]")
    known = f"{column} = ANY({levels})"
    return f"({known} OR {column} IS NULL)" if condition.unknown else known
