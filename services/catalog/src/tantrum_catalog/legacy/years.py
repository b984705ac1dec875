"""
The years of a show: when it began, when it ended, whether it goes on.

The old application looked years and seasons up by name, and so gave some shows
those of another version. Where the owner wrote years beside a name, they tell
which version was meant and go before what was looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from tantrum_catalog.legacy.names import Years
from tantrum_catalog.legacy.row import LegacyShow

EARLIEST_YEAR = 1900
LATEST_YEAR = 2100
MOST_SEASONS = 100
"""More than any show has; a larger number counts episodes."""

_SAME_VERSION_YEARS = 2
"""Two sources of one version disagree on its first year by at most this."""


class Note(Protocol):
    """Hears of a correction: a field, its old and its new value, and the reason."""

    def __call__(
        self, field: str, old: str | int | None, new: str | int | None, reason: str
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """When a show ran. None is unknown; *end_year* is never before *release_year*."""

    release_year: int | None
    end_year: int | None
    ongoing: bool
    seasons: int | None


def mend_run(row: LegacyShow, stated: Years | None, note: Note) -> Run:
    """The run of *row*, whose owner *stated* years or none; *note* hears of each mend."""
    run = Run(
        release_year=_possible_year("release_year", row.release_year, note),
        end_year=_possible_year("end_year", row.end_year, note),
        ongoing=row.is_ongoing is not False,
        seasons=_possible_seasons(row.seasons, note),
    )
    if stated is not None:
        run = _as_stated(run, stated, note)
    if run.release_year and run.end_year and run.end_year < run.release_year:
        note("end_year", run.end_year, None, "it lies before the release year")
        run = replace(run, end_year=None)
    if run.ongoing and run.end_year is not None:
        given = "an end year is given" if run.end_year == row.end_year else "its name ends it"
        note("ongoing", "true", "false", given)
        run = replace(run, ongoing=False)
    return run


def without_franchise(run: Run, next_release_year: int, note: Note) -> Run:
    """
    The run of an original whose reboot of the same name began in *next_release_year*.

    An end after that, and the seasons that go with it, count the reboot in.
    """
    if run.end_year is None or run.end_year <= next_release_year:
        return run
    reason = f"it counts in the show of the same name that began in {next_release_year}"
    note("end_year", run.end_year, None, reason)
    if run.seasons is not None:
        note("seasons", run.seasons, None, reason)
    return replace(run, end_year=None, seasons=None)


def _as_stated(run: Run, stated: Years, note: Note) -> Run:
    if stated.present and run.release_year is not None:
        # "2021-present" was true of every version when it was written.
        return run
    other_version = (
        run.release_year is not None and abs(run.release_year - stated.start) > _SAME_VERSION_YEARS
    )
    reason = "the years beside its name tell which version it is"
    if run.release_year != stated.start:
        note("release_year", run.release_year, stated.start, reason)
    end_year = stated.end if stated.end or other_version else run.end_year
    if end_year != run.end_year:
        note("end_year", run.end_year, end_year, reason)
    seasons = None if other_version else run.seasons
    if seasons != run.seasons:
        note("seasons", run.seasons, None, "they are another version's")
    return replace(run, release_year=stated.start, end_year=end_year, seasons=seasons)


def _possible_year(field: str, year: int | None, note: Note) -> int | None:
    if year is None or EARLIEST_YEAR <= year <= LATEST_YEAR:
        return year
    note(field, year, None, "no year of television")
    return None


def _possible_seasons(seasons: int | None, note: Note) -> int | None:
    if seasons is None or 1 <= seasons <= MOST_SEASONS:
        return seasons
    note("seasons", seasons, None, f"not 1 to {MOST_SEASONS}: it counts something else")
    return None
