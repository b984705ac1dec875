"""How shows, categories and research turn into what the old application answered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from tantrum_gateway.old_api import codec
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, research_pb2, show_pb2

from .fakes import make_show

TIME = Timestamp()
TIME.FromDatetime(dt.datetime(2026, 11, 24, 6, 7, 8, 90_000, tzinfo=dt.UTC))


def legacy(**values: Any) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def test_what_only_the_old_table_knew_comes_back_as_it_was():
    imported = legacy(
        age_range="3-6 years",
        channel_id="UC1",
        subscriber_count="7900000",
        video_count="734",
        published_at="2017-10-04T21:19:39Z",
        creativity_rating=4,
        has_omdb_data=True,
        has_youtube_data=False,
    )

    row = codec.row(make_show(legacy=imported))

    assert (row.age_range, row.channel_id, row.subscriber_count, row.video_count) == (
        *("3-6 years", "UC1", "7900000", "734"),
    )
    assert row.published_at == "2017-10-04T21:19:39Z"
    assert (row.creativity_rating, type(row.creativity_rating)) == (4, int)
    assert (row.has_omdb_data, row.has_youtube_data) == (True, False)


def test_a_show_that_was_never_imported_has_all_columns_too():
    row = codec.row(make_show())

    assert (row.age_range, row.episode_length) == ("3-6", 7)
    assert (row.dialogue_intensity, row.total_music_level) == ("Low", "High")
    assert row.interactivity_level is None
    assert (row.channel_id, row.subscriber_count, row.creativity_rating) == (None, None, None)
    assert (row.has_omdb_data, row.has_youtube_data) == (False, False)
    assert (row.themes, row.available_on) == (["Nature"], ["TV"])


@pytest.mark.parametrize(
    ("text", "min_age", "max_age", "shown"),
    [
        ("3-6", 3, 6, "3-6"),
        ("3-6 years", 3, 6, "3-6 years"),
        ("0-13+", 0, None, "0-13+"),
        ("8+", 8, None, "8+"),
        ("7-12, 12+", 7, None, "7-12, 12+"),
        ("6-99", 6, None, "6-99"),
        ("3-6", 4, 6, "4-6"),
        ("3-6", 3, None, "3+"),
        ("8+", 8, 10, "8-10"),
        ("all ages", 3, 6, "3-6"),
        (None, 3, None, "3+"),
    ],
)
def test_the_old_text_of_the_ages_stays_until_an_editor_changes_the_ages(
    text, min_age, max_age, shown
):
    show = make_show(min_age=min_age, max_age=max_age, legacy=text and legacy(age_range=text))

    assert codec.row(show).age_range == codec.category_show(show).age_range == shown


@pytest.mark.parametrize(
    ("minutes", "old", "shown"), [(7, 30, 7), (None, 30, 30), (None, 759, 0), (None, None, 0)]
)
def test_the_length_is_a_number_and_no_slip_of_the_old_table(minutes, old, shown):
    show = make_show(episode_minutes=minutes, legacy=old and legacy(episode_length=old))

    assert codec.row(show).episode_length == shown


@pytest.mark.parametrize(
    ("old", "uploaded", "shown"),
    [
        (None, False, "/images/tv-shows/show-1-Blue_s_Clues___You_.jpg"),
        ("/images/tv-shows/1.jpg", False, "/images/tv-shows/show-1-Blue_s_Clues___You_.jpg"),
        ("https://example.com/a.jpg", False, "https://example.com/a.jpg"),
        ("https://example.com/a.jpg", True, "/images/tv-shows/show-1-Blue_s_Clues___You_.jpg"),
    ],
)
def test_the_picture_is_an_editors_else_the_old_one_elsewhere_else_ours(old, uploaded, shown):
    show = make_show(
        name="Blue's Clues & You!",
        legacy=old and legacy(image_url=old),
        image=show_pb2.Image(id="picture-1") if uploaded else None,
    )

    assert codec.image_url(show) == shown


def test_research_has_a_finding_a_line_and_times_as_javascript_writes_them():
    message = research_pb2.Research(
        id=3,
        title="Title",
        summary="Summary",
        detail="Detail",
        category="Media Effects",
        key_findings=["One.", "Two."],
        original_url="https://example.com/study",
        publish_date="2019-05",
        create_time=TIME,
        update_time=TIME,
    )

    research = codec.research(message)

    assert research.key_findings == "One.\nTwo."
    assert (research.full_text, research.published_date) == ("Detail", "2019-05")
    assert research.original_study_url == "https://example.com/study"
    assert research.created_at == research.updated_at == "2026-11-24T06:07:08.090Z"
    assert (research.headline, research.image_url) == (None, None)


def rule(field: str, operator: str, **value: Any) -> category_pb2.CategoryRule:
    return category_pb2.CategoryRule(field=field, operator=operator, **value)


def span(**ends: int) -> category_pb2.CategoryRuleRange:
    return category_pb2.CategoryRuleRange(**ends)


@pytest.mark.parametrize(
    ("rule", "old"),
    [
        (rule("stimulation", "range", range=span(min=1, max=2)),
         ("stimulationScore", "range", {"min": 1, "max": 2})),
        (rule("stimulation", "range", range=span(min=4)),
         ("stimulationScore", "range", {"min": 4, "max": 5})),
        (rule("ages", "range", range=span(max=5)), ("ageRange", "range", {"min": 0, "max": 5})),
        (rule("ages", "equals", range=span(min=3, max=6)), ("ageGroup", "equals", "3-6")),
        (rule("ages", "equals", range=span(min=8)), ("ageGroup", "equals", "8+")),
        (rule("themes", "contains", text="sing-along"), ("themes", "contains", "Sing Along")),
        (rule("themes", "in",
              texts=category_pb2.CategoryRuleTexts(values=["sing-along", "gone"])),
         ("themes", "in", ["Sing Along", "gone"])),
        (rule("interactivity", "equals", text="low-moderate"),
         ("interactivityLevel", "equals", "Low-Moderate")),
        (rule("release_year", "range", range=span(min=2020)),
         ("releaseYear", "range", {"min": 2020})),
        (rule("ongoing", "equals", flag=False), ("isOngoing", "equals", False)),
    ],
)  # fmt: skip
def test_rules_speak_the_old_language(rule, old):
    message = category_pb2.Category(
        id=1,
        name="Calm",
        display_order=2,
        active=True,
        rules=category_pb2.CategoryRules(logic=filter_pb2.MATCH_ANY, rules=[rule]),
    )

    category = codec.category(message, {"sing-along": "Sing Along"})

    field, operator, value = old
    assert category.filter_config == {
        "logic": "OR",
        "rules": [{"field": field, "operator": operator, "value": value}],
    }
