"""
Orders of shows as SQL, and where a page starts in them.

A number that descends is negated, and an unknown one is the largest of all, so that all
keys ascend: then one comparison of rows is the start of a page, and an index in the same
words (`show_by_…` in the migrations) goes straight there. A text cannot be negated. An order
that has one descending is walked backwards, all of it but the id.
"""

from __future__ import annotations

from typing import Final

from tantrum_catalog.domain.order import Ordering, ShowCursor, SortColumn, SortValue
from tantrum_catalog.storage.postgres_conditions import Arguments

UNKNOWN: Final = 32767

_ASCENDING: Final = {
    SortColumn.SORT_NAME: "s.sort_name",
    SortColumn.STIMULATION: "s.stimulation",
    SortColumn.RELEASE_YEAR: f"coalesce(s.release_year, {UNKNOWN})",
    SortColumn.INTERACTIVITY: f"coalesce(s.interactivity, {UNKNOWN})",
    SortColumn.FEATURED: "s.featured",
}
_NEGATED: Final = {
    SortColumn.STIMULATION: "(-s.stimulation)",
    SortColumn.RELEASE_YEAR: f"coalesce(-s.release_year, {UNKNOWN})",
    SortColumn.INTERACTIVITY: f"coalesce(-s.interactivity, {UNKNOWN})",
    SortColumn.FEATURED: "(NOT s.featured)",
}
_TYPES: Final = {SortColumn.SORT_NAME: "text", SortColumn.FEATURED: "boolean"}


def order_sql(ordering: Ordering) -> str:
    """Return what goes after ORDER BY, over `catalog.show AS s`."""
    way = " DESC" if _backwards(ordering) else ""
    return ", ".join([*(f"{key}{way}" for key, _, _ in _keys(ordering)), "s.id"])


def after_sql(ordering: Ordering, cursor: ShowCursor, arguments: Arguments) -> str:
    """Return the condition that a show comes after the place *cursor*."""
    keys = _keys(ordering)
    *values, show_id = cursor
    placeholders = [
        arguments.add(_key_of(value, column, negated=negated), _TYPES.get(column, "int"))
        for value, (_, column, negated) in zip(values, keys, strict=True)
    ]
    columns, place = ", ".join(key for key, _, _ in keys), ", ".join(placeholders)
    after_id = arguments.add(show_id, "int")
    # An index starts from the first half of each. They are not put with `>` and `<`: of
    # those the planner expects no row where nearly all shows share the first column.
    if _backwards(ordering):
        same = f"({columns}) = ({place}) AND s.id <= {after_id}"
        return f"(({columns}) <= ({place}) AND NOT ({same}))"
    place_row, show_row = f"({place}, {after_id})", f"({columns}, s.id)"
    return f"({show_row} >= {place_row} AND {show_row} <> {place_row})"


def _backwards(ordering: Ordering) -> bool:
    return (SortColumn.SORT_NAME, True) in ordering.columns


def _keys(ordering: Ordering) -> list[tuple[str, SortColumn, bool]]:
    """Return each key's SQL, its column, and whether it is negated."""
    backwards = _backwards(ordering)
    keys = []
    for column, descending in ordering.columns:
        negated = descending is not backwards
        keys.append(((_NEGATED if negated else _ASCENDING)[column], column, negated))
    return keys


def _key_of(value: SortValue, column: SortColumn, *, negated: bool) -> SortValue:
    """Return what `_keys` gives for a show that has *value*."""
    if column is SortColumn.FEATURED:
        return bool(value) is not negated
    if isinstance(value, str):
        return value
    if value is None:
        return UNKNOWN
    return -value if negated else value
