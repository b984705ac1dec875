"""Research summaries: texts tidied, dates and lists read from free text."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from typing import Final

from tantrum_kit.errors import InvalidInputError

from tantrum_catalog.domain.naming import slug_of
from tantrum_catalog.domain.research import ResearchFacts
from tantrum_catalog.importing import source
from tantrum_catalog.importing.addresses import mended_address
from tantrum_catalog.importing.categories import times_of
from tantrum_catalog.importing.plan import Kind, Value, Wanted, digest_of
from tantrum_catalog.importing.report import Correction, Finding, TableReport
from tantrum_catalog.importing.source import OldRow, Source
from tantrum_catalog.storage.postgres_research import RESEARCH_FACT_COLUMNS, research_values

NO_CATEGORY: Final = "Other"

_ISO_DATE: Final = re.compile(
    r"([0-9]{4})(?:[-/]([0-9]{1,2})(?:[-/]([0-9]{1,2})(?:[T ][0-9].*)?)?)?"
)
_WRITTEN_DATES: Final = (("%B %d, %Y", 10), ("%d %B %Y", 10), ("%B %Y", 7))
"""Each with the length of the ISO date that it has the parts for."""

_YEAR: Final = re.compile(r"\b(?:19|20)[0-9]{2}\b")
_DOI: Final = re.compile(r"https?://(?:dx\.)?doi\.org/(10\.[0-9]{4,9}/\S+)")
_BULLET: Final = re.compile(r"^(?:[-*•‣·]|\d{1,2}[.)])\s+")


def wanted_research(old: Source, report: TableReport) -> list[Wanted]:
    """Return the summaries as rows."""
    wanted = []
    for row in old.table(source.RESEARCH):
        report.rows_in += 1
        label = f"research {row['id']}"
        try:
            facts = _facts_of(row, label, report)
        except InvalidInputError as error:
            report.refused.append(Finding(row=label, reason=error.message))
            continue
        wanted.append(
            Wanted(
                kind=Kind.RESEARCH,
                key=str(row["id"]),
                label=label,
                source_digest=digest_of({c: None if v is None else str(v) for c, v in row.items()}),
                row=_row_of(row, facts),
            )
        )
    return wanted


def publish_date_of(text: str) -> str:
    """
    Return a date as `2011`, `2011-09` or `2011-09-12`; empty for a text without one.

    Reads ISO dates, English ones such as "September 12, 2011", and else the only
    year that the text names.
    """
    text = " ".join(text.split())
    iso = _ISO_DATE.fullmatch(text)
    if iso is not None and _exists(*(int(part or 1) for part in iso.groups())):
        return "-".join(part.zfill(2) for part in iso.groups() if part)
    for written, length in _WRITTEN_DATES:
        try:
            return dt.datetime.strptime(text, written).replace(tzinfo=dt.UTC).isoformat()[:length]
        except ValueError:
            continue
    years = set(_YEAR.findall(text))
    return years.pop() if len(years) == 1 else ""


def _exists(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def findings_of(text: str) -> Sequence[str]:
    """Return the findings in a text: a JSON list, or one on each line with or without bullets."""
    try:
        listed = json.loads(text)
    except ValueError:
        listed = None
    lines = [str(item) for item in listed] if isinstance(listed, list) else text.splitlines()
    tidy = (" ".join(_BULLET.sub("", line.strip()).split()) for line in lines)
    return [line for line in dict.fromkeys(tidy) if line]


def _facts_of(row: OldRow, label: str, report: TableReport) -> ResearchFacts:
    def note(field: str, column: str, new: str, reason: str) -> None:
        old = _text(row, column)
        if old != new:
            report.corrections.append(
                Correction(row=label, field=field, old=old, new=new, reason=reason)
            )

    lines = {field: " ".join(_text(row, column).split()) for field, column in _LINES.items()}
    for field, column in _LINES.items():
        note(field, column, lines[field], "spaces")
    if not lines["category"]:
        lines["category"] = NO_CATEGORY
        note("category", "category", NO_CATEGORY, "it has none")
    publish_date = publish_date_of(_text(row, "published_date"))
    note("publish_date", "published_date", publish_date, "one form of dates")
    for field, or_path in (("original_url", False), ("image_url", True)):
        lines[field] = mended_address(
            lines[field], row=label, field=field, report=report, or_path=or_path
        )
    doi = _DOI.fullmatch(lines["original_url"])
    return ResearchFacts(
        title=lines["title"],
        headline=lines["headline"],
        sub_headline=lines["sub_headline"],
        category=lines["category"],
        source=lines["source"],
        original_url=lines["original_url"],
        image_url=lines["image_url"],
        summary=_text(row, "summary"),
        detail=_text(row, "full_text"),
        key_findings=tuple(findings_of(_text(row, "key_findings"))),
        publish_date=publish_date,
        doi=doi[1] if doi else "",
    )


_LINES: Final = {
    "title": "title",
    "headline": "headline",
    "sub_headline": "sub_headline",
    "category": "category",
    "source": "source",
    "original_url": "original_url",
    "image_url": "image_url",
}
"""Fields of one line, with their old columns."""


def _text(row: OldRow, column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value)


def _row_of(row: OldRow, facts: ResearchFacts) -> dict[str, Value]:
    values = zip(RESEARCH_FACT_COLUMNS, research_values(facts), strict=True)
    columns: dict[str, Value] = {
        column: [*value] if isinstance(value, tuple) else str(value) for column, value in values
    }
    return {
        "id": int(str(row["id"])),
        "slug": slug_of(facts.title, fallback="research"),
        **columns,
        **times_of(row),
    }
