"""Free text of the old research summaries, and old rules in odd writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain.research import ResearchFacts
from tantrum_catalog.domain.vocabulary import Theme, Vocabulary
from tantrum_catalog.importing import source
from tantrum_catalog.importing.categories import wanted_categories
from tantrum_catalog.importing.report import TableReport
from tantrum_catalog.importing.research import findings_of, publish_date_of
from tantrum_catalog.importing.source import Source


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("", ""),
        ("2011", "2011"),
        ("2011-9", "2011-09"),
        ("2011/09/12", "2011-09-12"),
        ("2011-09-12T10:00:00Z", "2011-09-12"),
        (" September 12,  2011 ", "2011-09-12"),
        ("12 September 2011", "2011-09-12"),
        ("September 2011", "2011-09"),
        ("Spring 2011", "2011"),
        ("Pediatrics 2011;128(4)", "2011"),
        ("2011 to 2013", ""),
        ("in print", ""),
        ("2011-13-45", "2011"),
    ],
)
def test_dates_are_read_as_far_as_they_go(text, date):
    assert publish_date_of(text) == date


@given(st.text() | st.from_regex(r"\d{4}[-/]\d{1,2}([-/]\d{1,2})?", fullmatch=True))
def test_a_date_that_is_read_is_one_that_the_domain_takes(text):
    ResearchFacts(title="t", summary="s", category="c", publish_date=publish_date_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "- One.\n* Two.\n\n",
        "1. One.\n2) Two.",
        "One.\r\nTwo.",
        '["One.", "Two."]',
        "• One.\n• Two.\nOne.",
    ],
)
def test_findings_are_read_from_every_kind_of_list(text):
    assert findings_of(text) == ["One.", "Two."]


def test_numbers_that_belong_to_a_finding_stay():
    assert findings_of("60 children took part.\n3.5 hours a day.") == [
        "60 children took part.",
        "3.5 hours a day.",
    ]


def rules_of(config):
    old = Source(
        address="",
        rows={source.CATEGORIES: [{"id": 1, "name": "One", "filter_config": config}]},
    )
    report = TableReport(table=source.CATEGORIES)
    vocabulary = Vocabulary.of([Theme(slug="music", name="Music")], [])
    wanted = wanted_categories(old, report, vocabulary)
    return wanted[0].row["rules"] if wanted else None, report


@pytest.mark.parametrize(
    "config",
    [None, "", "null", "{}", '{"logic": "AND"}', '""', '"{}"', "\"{'rules': []}\""],
)
def test_no_rules_in_any_writing_select_every_show(config):
    rules, _ = rules_of(config)

    assert rules == {"logic": "AND", "rules": []}


@pytest.mark.parametrize(
    "config",
    [
        '"not rules"',
        "[1]",
        '{"rules": {}}',
        "\"__import__('os').getcwd()\"",
        '{"rules": [{"field": "themes", "operator": "contains", "value": "Nonsense"}]}',
    ],
)
def test_what_are_no_rules_is_refused_with_a_reason(config):
    rules, report = rules_of(config)

    assert rules is None
    assert len(report.refused) == 1
    assert report.refused[0].reason
