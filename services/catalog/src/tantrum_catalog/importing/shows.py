"""Shows: normalised, checked by the domain's rules, and as rows of the new table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.show import ShowFacts
from tantrum_catalog.importing import source
from tantrum_catalog.importing.plan import Kind, Row, Value, Wanted, digest_of
from tantrum_catalog.importing.report import Correction, Finding, TableReport
from tantrum_catalog.importing.source import OldRow, Source
from tantrum_catalog.legacy.catalogue import normalise_shows
from tantrum_catalog.legacy.row import LegacyShow, MalformedRowError
from tantrum_catalog.legacy.show import NormalShow
from tantrum_catalog.storage.postgres_rows import FACT_COLUMNS, fact_values

_CHANNEL_COLUMNS = ("channel_id", "subscriber_count", "video_count", "published_at")


def wanted_shows(
    old: Source,
    report: TableReport,
    *,
    image_by_id: Mapping[int, str],
    labels: Collection[str],
) -> list[Wanted]:
    """
    Return the shows as rows, with slugs that are unique among themselves.

    A show has the image in *image_by_id*, or none of the import's business. Of
    themes and platforms those count that are in *labels*, as slugs.
    """
    rows_by_id = _rows_with_channels(old, report)
    parsed = list(_parsed(rows_by_id, report))
    report.rows_in = len(rows_by_id)
    normal = normalise_shows(parsed)
    for refusal in normal.refusals:
        report.refused.append(
            Finding(row=_label(refusal.show_id, refusal.show), reason=refusal.reason)
        )
    report.corrections += [
        Correction(
            row=_label(one.show_id, one.show),
            field=one.field,
            old=one.old,
            new=one.new,
            reason=one.reason,
        )
        for one in normal.corrections
    ]
    wanted = []
    for show in _one_featured(normal.shows, report):
        row = _row_of(show, labels, report)
        if row is None:
            continue
        if show.id in image_by_id:
            row["image_id"] = image_by_id[show.id]
        wanted.append(
            Wanted(
                kind=Kind.SHOW,
                key=str(show.id),
                label=_label(show.id, show.name),
                source_digest=digest_of(_plain(rows_by_id[show.id])),
                row=row,
            )
        )
    return wanted


def _rows_with_channels(old: Source, report: TableReport) -> dict[int, OldRow]:
    """The old shows by id, with what only their row of the channels' table knows."""
    channel_by_show = {row.get("tv_show_id"): row for row in old.table(source.CHANNELS)}
    rows_by_id: dict[int, OldRow] = {}
    for row in old.table(source.SHOWS):
        channel = channel_by_show.pop(row["id"], {})
        missing = {
            column: channel.get(column)
            for column in _CHANNEL_COLUMNS
            if row.get(column) is None and channel.get(column) is not None
        }
        for column, value in missing.items():
            report.corrections.append(
                Correction(
                    row=_label(row["id"], row.get("name")),
                    field=f"legacy.{column}",
                    old="",
                    new=str(value),
                    reason=f"{source.CHANNELS} knows it",
                )
            )
        rows_by_id[int(str(row["id"]))] = {**row, **missing}
    return rows_by_id


def _parsed(rows_by_id: Mapping[int, OldRow], report: TableReport) -> Iterable[LegacyShow]:
    for show_id, row in rows_by_id.items():
        try:
            yield LegacyShow.from_mapping(row)
        except MalformedRowError as error:
            label = _label(show_id, row.get("name"))
            report.refused.append(Finding(row=label, reason=str(error)))


def _one_featured(shows: Iterable[NormalShow], report: TableReport) -> Iterable[NormalShow]:
    featured: NormalShow | None = None
    for show in shows:
        if not show.featured or featured is None:
            featured = show if show.featured else featured
            yield show
            continue
        report.corrections.append(
            Correction(
                row=_label(show.id, show.name),
                field="featured",
                old="true",
                new="false",
                reason=f"{featured.name!r} is the featured show, of which there is one",
            )
        )
        yield replace(show, featured=False)


def _row_of(
    show: NormalShow, labels: Collection[str], report: TableReport
) -> dict[str, Value] | None:
    """The columns of *show*; None for one that the domain refuses, which is noted."""
    for field, entries in (("themes", show.themes), ("platforms", show.platforms)):
        report.corrections += [
            Correction(
                row=_label(show.id, show.name),
                field=field,
                old=entry.name,
                new="",
                reason="it was refused or deleted",
            )
            for entry in entries
            if entry.slug not in labels
        ]
    try:
        facts = _facts_of(show, labels)
    except InvalidInputError as error:
        label = _label(show.id, show.name)
        report.refused.append(Finding(row=label, reason=error.message.replace("show.", "")))
        return None
    legacy: dict[str, Value] = dict(show.legacy)
    if show.image_url:
        legacy["image_url"] = show.image_url
    values = dict(zip(FACT_COLUMNS, map(_listed, fact_values(facts)), strict=True))
    return {
        "id": show.id,
        "slug": show.slug,
        **values,
        "featured": show.featured,
        "legacy": legacy,
    }


def _facts_of(show: NormalShow, labels: Collection[str]) -> ShowFacts:
    return ShowFacts(
        name=show.name,
        aliases=show.aliases,
        description=show.description,
        min_age=show.min_age,
        max_age=show.max_age,
        stimulation=show.stimulation,
        senses=show.senses,
        animation_style=show.animation_style or "",
        themes=tuple(theme.slug for theme in show.themes if theme.slug in labels),
        platforms=tuple(platform.slug for platform in show.platforms if platform.slug in labels),
        episode_minutes=show.episode_minutes,
        creator=show.creator or "",
        release_year=show.release_year,
        end_year=show.end_year,
        ongoing=show.ongoing,
        seasons=show.seasons,
        youtube=show.youtube,
    )


def _listed(value: object) -> Value:
    if isinstance(value, tuple):
        return [*value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | bool):
        return value
    raise TypeError(f"a show has no {type(value).__name__}")


def _plain(row: OldRow) -> Row:
    return {
        column: value if isinstance(value, bool | int) else str(value)
        for column, value in row.items()
    }


def _label(show_id: object, name: object) -> str:
    return f"show {show_id} {str(name or '').strip()}".rstrip()
