"""
All rows of the old database as the shows of the new catalogue.

After each row has been mended by itself, this mends what only its neighbours
tell: which of two shows of one name is the original, which slugs are taken,
which descriptions are a filler that many rows share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.legacy.describe import describe
from tantrum_catalog.legacy.fillers import outline, shared_outlines
from tantrum_catalog.legacy.names import with_years
from tantrum_catalog.legacy.normalise import (
    Normalised,
    Notes,
    name_reason,
    normalise_show,
    slug_base,
)
from tantrum_catalog.legacy.row import LegacyShow
from tantrum_catalog.legacy.show import Correction, NormalShow, Refusal
from tantrum_catalog.legacy.years import Run, without_franchise


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedShows:
    """
    What became of all rows: each is in *shows* or in *refusals*.

    All three are by ascending show id; the corrections of one show stay in the
    order in which they were made.
    """

    shows: tuple[NormalShow, ...]
    corrections: tuple[Correction, ...]
    refusals: tuple[Refusal, ...]


def normalise_shows(rows: Iterable[LegacyShow]) -> NormalisedShows:
    """Mend all *rows*, in any order. Their ids have to be unique."""
    results = [normalise_show(row) for row in sorted(rows, key=lambda row: row.id)]
    found = [result for result in results if isinstance(result, Normalised)]
    for tell_apart in (_keep_telling_years, _split_franchises, _make_slugs_unique, _drop_fillers):
        found = tell_apart(found)
    return NormalisedShows(
        shows=tuple(_described(one).show for one in found),
        corrections=tuple(correction for one in found for correction in one.corrections),
        refusals=tuple(result for result in results if isinstance(result, Refusal)),
    )


def _keep_telling_years(found: Sequence[Normalised]) -> list[Normalised]:
    """Leave years in a name that would be another show's name without them."""
    counts = Counter(one.show.name.casefold() for one in found)
    return [
        _renamed(one) if one.name.years_in_name and counts[one.show.name.casefold()] > 1 else one
        for one in found
    ]


def _renamed(one: Normalised) -> Normalised:
    if one.name.years is None:
        return one
    name = with_years(one.show.name, one.name.years)
    note = Notes(show_id=one.show.id, show=name)
    if name != one.row.name:
        note("name", one.row.name, name, name_reason(one.row, name))
    others = [
        replace(correction, show=name)
        for correction in one.corrections
        if correction.field != "name"
    ]
    return replace(one, show=replace(one.show, name=name), corrections=(*note.corrections, *others))


def _split_franchises(found: Sequence[Normalised]) -> list[Normalised]:
    """Take out of an original's years what belongs to its reboot."""
    years_by_title: dict[str, set[int]] = defaultdict(set)
    for one in found:
        if one.show.release_year is not None:
            years_by_title[one.name.title.casefold()].add(one.show.release_year)
    return [_without_reboots(one, years_by_title[one.name.title.casefold()]) for one in found]


def _without_reboots(one: Normalised, years_of_title: Iterable[int]) -> Normalised:
    first_year = one.show.release_year
    later = [year for year in years_of_title if first_year is not None and year > first_year]
    if not later:
        return one
    note = Notes(show_id=one.show.id, show=one.show.name)
    run = Run(
        release_year=one.show.release_year,
        end_year=one.show.end_year,
        ongoing=one.show.ongoing,
        seasons=one.show.seasons,
    )
    run = without_franchise(run, min(later), note)
    return replace(
        one,
        show=replace(one.show, end_year=run.end_year, seasons=run.seasons),
        corrections=(*one.corrections, *note.corrections),
    )


def _make_slugs_unique(found: Sequence[Normalised]) -> list[Normalised]:
    """Give shows of one title their release year, or their id if that is no help."""
    bases = {one.show.id: slug_base(one.show.id, one.name.title) for one in found}
    base_counts = Counter(bases.values())
    dated = {
        one.show.id: Slug(f"{bases[one.show.id]}-{one.show.release_year}")
        for one in found
        if base_counts[bases[one.show.id]] > 1 and one.show.release_year is not None
    }
    taken = Counter(dated.values()) + base_counts

    def slug(show_id: int) -> Slug:
        base = bases[show_id]
        if base_counts[base] == 1:
            return base
        if show_id in dated and taken[dated[show_id]] == 1:
            return dated[show_id]
        return Slug(f"{base}-{show_id}")

    return [replace(one, show=replace(one.show, slug=slug(one.show.id))) for one in found]


def _drop_fillers(found: Sequence[Normalised]) -> list[Normalised]:
    """Generate the descriptions that too many shows share."""
    outlines = {
        one.show.id: outline(one.show.description, one.row.name)
        for one in found
        if not one.described
    }
    shared = shared_outlines(outlines.values())
    return [_without_filler(one) if outlines.get(one.show.id) in shared else one for one in found]


def _without_filler(one: Normalised) -> Normalised:
    note = Notes(show_id=one.show.id, show=one.show.name)
    note("description", one.row.description, "(generated)", "many shows share it")
    return replace(one, described=True, corrections=(*one.corrections, *note.corrections))


def _described(one: Normalised) -> Normalised:
    """Bring a generated description up to the facts."""
    if not one.described:
        return one
    return replace(one, show=replace(one.show, description=describe(one.show)))
