"""What people and programs read of an import."""

from __future__ import annotations

import json

import pytest
from tantrum_catalog.importing.report import Correction, Finding, Report


@pytest.fixture
def report():
    report = Report(source="db:5432/old", dry_run=False, revision=7, notices=["a notice"])
    shows = report.table("shows")
    shows.rows_in, shows.inserted, shows.updated, shows.ignored = 8, 1, 2, 1
    shows.kept.append(Finding(row="show 1", reason="it was edited here"))
    shows.refused.append(Finding(row="show 2", reason="it has no name"))
    shows.merged.append(Finding(row="show 3", reason="is another"))
    shows.gone.append(Finding(row="show 4", reason="gone there"))
    shows.unchanged = 1
    shows.corrections += [
        Correction(row=f"show {n}", field="name", old="a ", new="a", reason="spaces")
        for n in range(5, 8)
    ]
    return report


def test_every_row_is_accounted_for(report):
    shows = report.table("shows")

    assert (shows.written, shows.rows_out) == (3, 5)
    assert shows.balanced
    shows.unchanged = 0
    assert not shows.balanced


def test_people_read_totals_first_and_then_each_finding(report):
    text = report.to_markdown()

    assert "Written as catalogue revision 7." in text
    assert "| shows | 8 | 1 | 2 | 1 | 1 | 1 | 1 | 1 | 5 |" in text
    for line in (
        "* a notice",
        "* show 1: it was edited here",
        "* show 2: it has no name",
        "* show 3: is another",
        "* show 4: gone there",
        "* 3 x name: spaces",
        "* show 7: name 'a ' → 'a' (spaces)",
    ):
        assert line in text.splitlines()


def test_a_short_report_says_how_much_more_there_is(report):
    lines = report.to_markdown(listed_max=1).splitlines()

    assert "* … and 2 more; `--report` writes all" in lines
    assert "* show 7: name 'a ' → 'a' (spaces)" not in lines


def test_nothing_written_is_said_so(report):
    report.revision = None

    assert "Nothing in the catalogue changed." in report.to_markdown()


def test_programs_read_all_of_it(report):
    document = json.loads(report.to_json())

    assert (document["source"], document["revision"]) == ("db:5432/old", 7)
    assert document["dry_run"] is False
    [table] = document["tables"]
    assert (table["rows_in"], table["rows_out"], table["written"]) == (8, 5, 3)
    assert len(table["corrections"]) == 3
