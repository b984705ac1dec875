"""Themes and platforms: many old names, one entry each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.naming import Slug, sort_name_of
from tantrum_catalog.domain.show import Label
from tantrum_catalog.domain.vocabulary import Platform, Theme
from tantrum_catalog.importing import source
from tantrum_catalog.importing.addresses import mended_address
from tantrum_catalog.importing.plan import Kind, Row, Wanted, digest_of
from tantrum_catalog.importing.report import Correction, Finding, TableReport
from tantrum_catalog.importing.source import OldRow, Source
from tantrum_catalog.legacy.vocabulary import (
    NOT_THEMES,
    PLATFORM_URLS,
    parse_platform,
    parse_theme,
    theme_aliases,
)

_ALIASES_MAX = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry with the old rows that it is made of; a name that only shows have is a row too."""

    label: Label
    rows: Sequence[OldRow]


def wanted_themes(old: Source, report: TableReport) -> list[Wanted]:
    """Return the themes of the old table and of all shows."""
    wanted = []
    for entry in _entries(old, source.THEMES, "themes", parse_theme, report):
        make = functools.partial(
            Theme, slug=entry.label.slug, name=entry.label.name, aliases=_aliases(entry)
        )
        theme = _checked(make, entry, report)
        if theme is not None:
            row: Row = {
                "slug": theme.slug,
                "name": theme.name,
                "sort_name": sort_name_of(theme.name),
                "aliases": [*theme.aliases],
            }
            wanted.append(_wanted(Kind.THEME, entry, row))
    return wanted


def wanted_platforms(old: Source, report: TableReport) -> list[Wanted]:
    """Return the platforms of the old table and of all shows."""
    wanted = []
    for entry in _entries(old, source.PLATFORMS, "available_on", parse_platform, report):
        url, icon_url = (
            mended_address(
                _first(entry.rows, field),
                row=f"platform {entry.label.slug}",
                field=field,
                report=report,
                or_path=or_path,
            )
            for field, or_path in (("url", False), ("icon_url", True))
        )
        make = functools.partial(
            Platform,
            slug=entry.label.slug,
            name=entry.label.name,
            url=url or PLATFORM_URLS.get(entry.label.slug) or "",
            icon_url=icon_url,
        )
        platform = _checked(make, entry, report)
        if platform is not None:
            row: Row = {
                "slug": platform.slug,
                "name": platform.name,
                "sort_name": sort_name_of(platform.name),
                "url": platform.url,
                "icon_url": platform.icon_url,
            }
            wanted.append(_wanted(Kind.PLATFORM, entry, row))
    return wanted


def slug_by_old_name(old: Source) -> Mapping[str, Slug]:
    """Return the slug of every theme that the source names in any spelling."""
    labels = {name: parse_theme(name) for name in _names(old, source.THEMES, "themes")}
    return {name: label.slug for name, label in labels.items() if label is not None}


def _entries(
    old: Source,
    table: str,
    column: str,
    parse: Callable[[str], Label | None],
    report: TableReport,
) -> list[_Entry]:
    rows_by_slug: dict[str, list[OldRow]] = {}
    label_by_slug: dict[str, Label] = {}
    for name, row in _names(old, table, column).items():
        report.rows_in += 1
        label = parse(name)
        if label is None:
            reason = NOT_THEMES.get(name.strip(), "it is no word")
            report.refused.append(Finding(row=repr(name), reason=reason))
            continue
        if label.slug in label_by_slug:
            report.merged.append(Finding(row=repr(name), reason=f"is {label.name!r}"))
        if label.name != name:
            report.corrections.append(
                Correction(
                    row=f"{report.table} {label.slug}",
                    field="name",
                    old=name,
                    new=label.name,
                    reason="one spelling of each name",
                )
            )
        label_by_slug.setdefault(label.slug, label)
        rows_by_slug.setdefault(label.slug, []).append(row)
    return [
        _Entry(label=label, rows=rows_by_slug[slug])
        for slug, label in sorted(label_by_slug.items())
    ]


def _names(old: Source, table: str, column: str) -> dict[str, OldRow]:
    """The old rows by name, in the table's order, and after them what only shows name."""
    row_by_name: dict[str, OldRow] = {}
    for row in old.table(table):
        row_by_name.setdefault(str(row["name"]), row)
    for show in old.table(source.SHOWS):
        values = show.get(column)
        for name in values if isinstance(values, list) else ():
            if isinstance(name, str):
                row_by_name.setdefault(name, {"name": name})
    return row_by_name


def _aliases(entry: _Entry) -> tuple[str, ...]:
    """Other spellings: those that are known, and those that the source has besides."""
    names = [*theme_aliases(entry.label), *(str(row["name"]).strip() for row in entry.rows)]
    by_key = {sort_name_of(name): name for name in reversed(names)}
    by_key.pop(sort_name_of(entry.label.name), None)
    return tuple(name for name in names if by_key.get(sort_name_of(name)) is name)[:_ALIASES_MAX]


def _checked(make: Callable[[], T], entry: _Entry, report: TableReport) -> T | None:
    """Return what the domain makes of it; None if it refuses, which is noted."""
    try:
        return make()
    except InvalidInputError as error:
        # Rows that were merged into it are counted there already.
        report.refused.append(Finding(row=repr(entry.label.name), reason=error.message))
        return None


def _wanted(kind: Kind, entry: _Entry, row: Row) -> Wanted:
    said = [{column: str(value) for column, value in old.items()} for old in entry.rows]
    return Wanted(
        kind=kind,
        key=entry.label.slug,
        label=f"{kind} {entry.label.slug}",
        source_digest=digest_of({"rows": [*said]}),
        row=row,
    )


def _first(rows: Iterable[OldRow], column: str) -> str:
    texts = (str(row.get(column) or "").strip() for row in rows)
    return next(filter(None, texts), "")
