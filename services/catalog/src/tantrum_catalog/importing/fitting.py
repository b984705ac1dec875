"""Makes wanted rows fit among the rows that are here: free slugs, and one featured show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tantrum_catalog.domain.naming import Slug, slug_numbered
from tantrum_catalog.importing.plan import Imported, Present, Wanted
from tantrum_catalog.importing.report import Correction, TableReport


def fitted(wanted: Iterable[Wanted], present_by_key: Mapping[str, Present]) -> list[Wanted]:
    """
    Return the rows, in their order, with the slugs that they have here or else free ones.

    A slug is for ever, so a row that is here keeps its own.
    """
    used = {str(present.row["slug"]) for present in present_by_key.values()}
    result = []
    for one in wanted:
        present = present_by_key.get(one.key)
        if present is not None:
            slug = str(present.row["slug"])
        else:
            slug = _free(Slug(str(one.row["slug"])), used)
            used.add(slug)
        result.append(replace(one, row={**one.row, "slug": slug}))
    return result


def featured_to_keep(
    wanted: Iterable[Wanted],
    present_by_key: Mapping[str, Present],
    imported_by_key: Mapping[str, Imported],
) -> str | None:
    """
    Return the key of the show that is featured here and has to stay so; None if none has to.

    One may be replaced if the source still has it, and nobody wrote it since it
    was imported.
    """
    keys = {one.key for one in wanted}
    for key, present in present_by_key.items():
        imported = imported_by_key.get(key)
        replaceable = key in keys and imported is not None and imported.stamp == present.stamp
        if present.row["featured"] and not replaceable:
            return key
    return None


def without_second_feature(
    wanted: Iterable[Wanted], featured_here: str | None, report: TableReport
) -> list[Wanted]:
    """
    Return the rows with the featured one last, since there must never be two.

    Where the show with the key *featured_here* stays featured, no other one is.
    """
    fitting, featured = [], []
    for one in wanted:
        if not one.row["featured"]:
            fitting.append(one)
        elif featured_here in {None, one.key}:
            featured.append(one)
        else:
            fitting.append(replace(one, row={**one.row, "featured": False}))
            report.corrections.append(
                Correction(
                    row=one.label,
                    field="featured",
                    old="true",
                    new="false",
                    reason=f"show {featured_here} is the featured one here",
                )
            )
    return [*fitting, *featured]


def _free(slug: Slug, used: Collection[str]) -> str:
    number = 1
    while slug_numbered(slug, number) in used:
        number += 1
    return slug_numbered(slug, number)
