"""What an import did and found, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

LISTED_MAX: Final = 20
"""Findings of one sort that the short report lists; the full one lists all."""

_COLUMNS: Final = (
    *("rows in", "inserted", "updated", "unchanged"),
    *("kept", "merged", "refused", "ignored", "rows out"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One value that comes in otherwise than it was. Empty text stands for no value."""

    row: str
    field: str
    old: str
    new: str
    reason: str

    def __str__(self) -> str:
        return f"{self.row}: {self.field} {self.old!r} → {self.new!r} ({self.reason})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row and what is to be said about it."""

    row: str
    reason: str

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"


@dataclass(slots=True, kw_only=True)
class TableReport:
    """What became of one old table. Filled while the import works."""

    table: str
    rows_in: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    ignored: int = 0
    """Rows that are none of the import's business; a notice says why."""
    merged: list[Finding] = field(default_factory=list)
    """Rows that are one with another row here."""
    kept: list[Finding] = field(default_factory=list)
    """Rows that were edited or made here, and stay as they are."""
    refused: list[Finding] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    gone: list[Finding] = field(default_factory=list)
    """Rows of an earlier import that the source has no more; they stay."""
    checksum_wanted: str = ""
    """Of the rows written, as they were wanted."""
    checksum_stored: str = ""
    """Of the same rows, as they read back."""

    @property
    def written(self) -> int:
        return self.inserted + self.updated

    @property
    def rows_out(self) -> int:
        return self.written + self.unchanged + len(self.kept)

    @property
    def balanced(self) -> bool:
        """Whether every row that came in is accounted for."""
        return self.rows_in == (self.rows_out + len(self.merged) + len(self.refused) + self.ignored)


@dataclass(slots=True, kw_only=True)
class Report:
    """What an import did and found."""

    source: str
    """`host:port/name`."""
    dry_run: bool
    tables: list[TableReport] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """What is to be known about the source as a whole."""
    revision: int | None = None
    """The catalogue revision that it was written as; None when nothing changed."""

    def table(self, name: str) -> TableReport:
        """Return the report on the old table *name*, a new one at first."""
        for table in self.tables:
            if table.table == name:
                return table
        self.tables.append(TableReport(table=name))
        return self.tables[-1]

    @property
    def refused_count(self) -> int:
        return sum(len(table.refused) for table in self.tables)

    def to_json(self) -> str:
        document = {
            "source": self.source,
            "dry_run": self.dry_run,
            "revision": self.revision,
            "notices": self.notices,
            "tables": [
                {**asdict(table), "written": table.written, "rows_out": table.rows_out}
                for table in self.tables
            ],
        }
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"

    def to_markdown(self, *, listed_max: int | None = None) -> str:
        """Return the report as Markdown, with at most *listed_max* findings of one sort."""
        return "\n".join(_lines(self, listed_max)) + "\n"


def _lines(report: Report, listed_max: int | None) -> Iterator[str]:
    yield f"# Import from {report.source}"
    yield ""
    if report.dry_run:
        yield "A dry run: nothing of this was kept."
    if report.revision is None:
        yield "Nothing in the catalogue changed."
    else:
        verb = "It would be" if report.dry_run else "Written as"
        yield f"{verb} catalogue revision {report.revision}."
    yield ""
    yield from _totals(report.tables)
    for notice in report.notices:
        yield f"* {notice}"
    for table in report.tables:
        yield from _findings(table, listed_max)


def _totals(tables: Sequence[TableReport]) -> Iterator[str]:
    columns = [
        "rows in",
        "inserted",
        "updated",
        "unchanged",
        "kept",
        "merged",
        "refused",
        "rows out",
    ]
    yield f"| table | {' | '.join(columns)} |"
    yield "|---|" + "--:|" * len(columns)
    for table in tables:
        counts = (
            table.rows_in,
            table.inserted,
            table.updated,
            table.unchanged,
            len(table.kept),
            len(table.merged),
            len(table.refused),
            table.ignored,
            table.rows_out,
        )
        yield f"| {table.table} | " + " | ".join(map(str, counts)) + " |"
    yield ""
    for table in tables:
        if table.checksum_wanted:
            yield f"* {table.table}: what was written reads back as {table.checksum_stored[:16]}"


def _findings(table: TableReport, listed_max: int | None) -> Iterator[str]:
    yield from _list(f"{table.table}: refused", table.refused, listed_max)
    yield from _list(f"{table.table}: kept as they are here", table.kept, listed_max)
    yield from _list(f"{table.table}: no longer in the source", table.gone, listed_max)
    yield from _list(f"{table.table}: merged", table.merged, listed_max)
    if table.corrections:
        by_reason = Counter((one.field, one.reason) for one in table.corrections)
        counted = [
            f"{count} x {field}: {reason}" for (field, reason), count in by_reason.most_common()
        ]
        yield from _list(f"{table.table}: corrections by reason", counted, None)
        yield from _list(f"{table.table}: corrections", table.corrections, listed_max)


def _list(title: str, items: Sequence[object], listed_max: int | None) -> Iterator[str]:
    if not items:
        return
    yield ""
    yield f"## {title} ({len(items)})"
    yield ""
    for item in items[:listed_max]:
        yield f"* {item}"
    if listed_max is not None and len(items) > listed_max:
        yield f"* … and {len(items) - listed_max} more; `--report` writes all"
