"""What the filters of the old API select, and the orders and ranks of its lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from tantrum_gateway.old_api.parameters import Ends
from tantrum_gateway.old_api.shapes import Row
from tantrum_gateway.old_api.snapshots import Entry
from tantrum_gateway.queries import Arguments

Test = Callable[[Entry], bool]

_LAST: Final = float("inf")

# Each sorts entries that are sorted by name, and leaves those that are equal as they are.
_KEY_BY_SORT: Final[dict[str, Callable[[Entry], float]]] = {
    "name": lambda entry: 0,
    "stimulation-score": lambda entry: entry.row.stimulation_score,
    "popular": lambda entry: not entry.row.is_featured,
    "release-year": lambda entry: -entry.row.release_year if entry.row.release_year else _LAST,
    "interactivity": lambda entry: entry.interactivity or _LAST,
}


def selected(entries: Iterable[Entry], arguments: Arguments, themes: set[str]) -> list[Entry]:
    """Return the entries that all filters of *arguments* and *themes* select, in its order."""
    tests = list(_tests(arguments, themes))
    found = [entry for entry in entries if all(test(entry) for test in tests)]
    return ordered(found, arguments.get("sortBy", "name"))


def ordered(entries: Iterable[Entry], sort: str) -> list[Entry]:
    """Return *entries*, which are in the order of names, in that of *sort*."""
    return sorted(entries, key=_KEY_BY_SORT[sort])


def found(entries: Iterable[Entry], query: str) -> list[Entry]:
    """Return the entries that have *query*, those first that have it in their names."""
    text = query.lower()
    ranked = [(entry, _search_rank(entry.row, text)) for entry in entries]
    hits = [(entry, rank) for entry, rank in ranked if rank is not None]
    return [entry for entry, _ in sorted(hits, key=lambda hit: hit[1])]


def similar(entries: Sequence[Entry], row: Row) -> list[Entry]:
    """Return the other entries that share ages, score or themes with *row*, in this order."""
    ranked = [(entry, _likeness(entry.row, row)) for entry in entries if entry.row.id != row.id]
    alike = [(entry, likeness) for entry, likeness in ranked if likeness]
    return [entry for entry, _ in sorted(alike, key=lambda one: -one[1])]


def _tests(arguments: Arguments, themes: set[str]) -> Iterator[Test]:
    if text := arguments.get("search", "").lower():
        yield lambda entry: _search_rank(entry.row, text) is not None
    if ages := arguments.get("ageGroup"):
        yield lambda entry: entry.row.age_range == ages
    if wanted := arguments.get("ageRange") or (
        arguments.get("ageRangeMin"),
        arguments.get("ageRangeMax"),
    ):
        yield _overlap(wanted)
    if scores := arguments.get("stimulationScoreRange"):
        yield _between(scores)
    if (score := arguments.get("tantrumFactor")) is not None:
        yield lambda entry: entry.row.stimulation_score == score
    if themes and arguments.get("themeMatchMode"):
        yield lambda entry: not themes.isdisjoint(entry.row.themes)
    elif themes:
        yield lambda entry: themes.issubset(entry.row.themes)
    if level := arguments.get("interactionLevel") or arguments.get("interactivityLevel"):
        yield lambda entry: entry.row.interactivity_level == level
    if dialogue := arguments.get("dialogueIntensity"):
        yield lambda entry: entry.row.dialogue_intensity == dialogue


def _overlap(wanted: Ends) -> Test:
    low, high = wanted

    def test(entry: Entry) -> bool:
        return (high is None or entry.min_age <= high) and (
            low is None or entry.max_age is None or entry.max_age >= low
        )

    return test


def _between(wanted: Ends) -> Test:
    low, high = wanted

    def test(entry: Entry) -> bool:
        score = entry.row.stimulation_score
        return (low is None or score >= low) and (high is None or score <= high)

    return test


def _search_rank(row: Row, text: str) -> int | None:
    """Return 0 for the best place to have *text* in, None where no place has it."""
    name = row.name.lower()
    if text in name:
        return 0 if name == text else 1 if name.startswith(text) else 2
    if text in row.description.lower():
        return 3
    return 4 if text in (row.creator or "").lower() else None


def _likeness(one: Row, other: Row) -> int:
    """Return 3 for the same ages, 2 for the same score, 1 for a theme in common, else 0."""
    if one.age_range == other.age_range:
        return 3
    if one.stimulation_score == other.stimulation_score:
        return 2
    return int(not set(one.themes).isdisjoint(other.themes))
