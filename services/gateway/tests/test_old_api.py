"""The old application's API: its routes, shapes, filters and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from tantrum_kit.errors import DeadlineError, UnavailableError

from .conftest import Site, asks_only, sited
from .fakes import FakeCatalog, make_show, shipped

Row = dict[str, Any]

TEXT, TEXT_OR_NULL, WHOLE, WHOLE_OR_NULL = (str,), (str, type(None)), (int,), (int, type(None))
COLUMNS = {
    "id": WHOLE,
    "name": TEXT,
    "description": TEXT,
    "age_range": TEXT,
    "episode_length": WHOLE,
    "creator": TEXT_OR_NULL,
    "release_year": WHOLE_OR_NULL,
    "end_year": WHOLE_OR_NULL,
    "is_ongoing": (bool,),
    "seasons": WHOLE_OR_NULL,
    "stimulation_score": WHOLE,
    "interactivity_level": TEXT_OR_NULL,
    "dialogue_intensity": TEXT_OR_NULL,
    "sound_effects_level": TEXT_OR_NULL,
    "music_tempo": TEXT_OR_NULL,
    "total_music_level": TEXT_OR_NULL,
    "total_sound_effect_time_level": TEXT_OR_NULL,
    "scene_frequency": TEXT_OR_NULL,
    "creativity_rating": WHOLE_OR_NULL,
    "available_on": (list,),
    "themes": (list,),
    "animation_style": TEXT_OR_NULL,
    "image_url": TEXT,
    "is_featured": (bool,),
    "subscriber_count": TEXT_OR_NULL,
    "video_count": TEXT_OR_NULL,
    "channel_id": TEXT_OR_NULL,
    "published_at": TEXT_OR_NULL,
    "is_youtube_channel": (bool,),
    "has_omdb_data": (bool,),
    "has_youtube_data": (bool,),
}
"""The old table's columns, in their order, with the types that JSON has for them."""

LEVELS = ("Low", "Low-Moderate", "Moderate", "Moderate-High", "High")
AGES = {one["id"]: (one["min_age"], one.get("max_age", 99)) for one in shipped()["show"]}


def query(**parameters: Any) -> str:
    texts = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in parameters.items()
    }
    return f"/api/tv-shows?{urlencode(texts, doseq=True)}"


def ids(rows: list[Row]) -> list[int]:
    return [row["id"] for row in rows]


@asks_only
async def test_every_row_has_the_old_columns_in_their_order_and_types(shared_site: Site):
    rows = await shared_site.json("/api/tv-shows")

    assert len(rows) == 302
    for row in rows:
        assert list(row) == list(COLUMNS)
        for column, types in COLUMNS.items():
            assert type(row[column]) in types, (row["id"], column)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/themes", "id name"),
        ("/api/platforms", "id name url iconUrl"),
        (
            "/api/research",
            """id title summary fullText category imageUrl source originalStudyUrl publishedDate
            headline subHeadline keyFindings createdAt updatedAt""",
        ),
        (
            "/api/homepage-categories",
            "id name description displayOrder isActive filterConfig createdAt updatedAt",
        ),
        (
            "/api/homepage-categories/1/shows",
            "id name imageUrl ageRange stimulationScore isFeatured",
        ),
    ],
)
@asks_only
async def test_other_lists_have_the_old_names(shared_site: Site, path: str, names: str):
    items = await shared_site.json(path)

    assert items
    assert {tuple(item) for item in items} == {tuple(names.split())}


def creative(row: Row) -> bool:
    return "Creativity & Imagination" in row["themes"]


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({}, lambda row: True),
        ({"search": "BLUE"}, lambda row: has(row, "blue")),
        ({"search": " blue "}, lambda row: has(row, "blue")),
        ({"search": "%"}, lambda row: has(row, "%")),
        ({"search": "_"}, lambda row: has(row, "_")),
        ({"search": "x" * 1_000}, lambda row: False),
        ({"ageGroup": "3-6"}, lambda row: row["age_range"] == "3-6"),
        ({"ageGroup": "0-13+"}, lambda row: row["age_range"] == "0-13+"),
        ({"ageRange": {"min": 2, "max": 3}}, lambda row: overlaps(row, 2, 3)),
        ({"ageRange": {"min": 13, "max": 13}}, lambda row: overlaps(row, 13, 13)),
        ({"ageRange": {"min": 40, "max": 50}}, lambda row: overlaps(row, 40, 50)),
        ({"ageRange": {"max": 2}}, lambda row: overlaps(row, 0, 2)),
        ({"ageRange": {"min": "2", "max": "3"}}, lambda row: overlaps(row, 2, 3)),
        ({"ageRange": "null"}, lambda row: True),
        ({"ageRangeMin": 2, "ageRangeMax": 3}, lambda row: overlaps(row, 2, 3)),
        (
            {"stimulationScoreRange": {"min": 2, "max": 3}},
            lambda row: 2 <= row["stimulation_score"] <= 3,
        ),
        *(
            ({"tantrumFactor": word}, lambda row, score=score: row["stimulation_score"] == score)
            for score, word in enumerate(
                ("low", "low-medium", "medium", "medium-high", "high"), start=1
            )
        ),
        ({"themes": "Music,Dance"}, lambda row: {"Music", "Dance"} <= set(row["themes"])),
        ({"themes": ["Music", "Dance"]}, lambda row: {"Music", "Dance"} <= set(row["themes"])),
        (
            {"themes": "Music,Dance", "themeMatchMode": "AND"},
            lambda row: {"Music", "Dance"} <= set(row["themes"]),
        ),
        (
            {"themes": "Music,Dance", "themeMatchMode": "OR"},
            lambda row: bool({"Music", "Dance"} & set(row["themes"])),
        ),
        ({"themes": "Creativity & Imagination"}, creative),
        ({"themes": "music"}, lambda row: False),
        ({"interactionLevel": "High"}, lambda row: row["interactivity_level"] == "High"),
        ({"interactivityLevel": "Low"}, lambda row: row["interactivity_level"] == "Low"),
        (
            {"interactionLevel": "Moderate-Low"},
            lambda row: row["interactivity_level"] == "Low-Moderate",
        ),
        ({"interactionLevel": "Any"}, lambda row: True),
        ({"interactionLevel": "Loud"}, lambda row: False),
        ({"dialogueIntensity": "Moderate"}, lambda row: row["dialogue_intensity"] == "Moderate"),
        ({"dialogueIntensity": "Any"}, lambda row: True),
        (
            {"search": "the", "tantrumFactor": "low", "ageRange": {"min": 0, "max": 4}},
            lambda row: has(row, "the") and row["stimulation_score"] == 1 and overlaps(row, 0, 4),
        ),
    ],
)
@asks_only
async def test_filters_select_what_they_say(
    shared_site: Site, parameters: Row, wanted: Callable[[Row], bool]
):
    rows = await shared_site.json("/api/tv-shows")
    selected = await shared_site.json(query(**parameters))

    assert ids(selected) == [row["id"] for row in rows if wanted(row)]


def has(row: Row, text: str) -> bool:
    texts = (row["name"], row["description"], row["creator"] or "")
    return any(text in one.lower() for one in texts)


def overlaps(row: Row, low: int, high: int) -> bool:
    youngest, oldest = AGES[row["id"]]
    return youngest <= high and oldest >= low


@asks_only
async def test_the_scores_count_as_they_always_did(shared_site: Site):
    counts = [
        len(await shared_site.json(query(stimulationScoreRange={"min": score, "max": score})))
        for score in range(1, 6)
    ]

    assert counts == [24, 65, 94, 60, 59]


@asks_only
async def test_a_theme_is_found_by_the_name_that_it_had(shared_site: Site):
    now = await shared_site.json(query(themes="Environmental Awareness"))
    earlier = await shared_site.json(query(themes="Enviromental Awareness"))

    assert now
    assert earlier == now


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        (None, lambda row: 0),
        ("name", lambda row: 0),
        ("no such order", lambda row: 0),
        ("stimulation-score", lambda row: row["stimulation_score"]),
        ("popular", lambda row: not row["is_featured"]),
        ("release-year", lambda row: -(row["release_year"] or 0)),
        (
            "interactivity",
            lambda row: LEVELS.index(row["interactivity_level"]) if known(row) else len(LEVELS),
        ),
    ],
)
@asks_only
async def test_orders_break_ties_by_name(
    shared_site: Site, sort: str | None, key: Callable[[Row], int]
):
    by_name = await shared_site.json("/api/tv-shows")
    rows = await shared_site.json(query(**({"sortBy": sort} if sort else {})))

    assert ids(rows) == ids(sorted(by_name, key=key))
    assert [row["name"].casefold() for row in by_name] == sorted(
        row["name"].casefold() for row in by_name
    )


def known(row: Row) -> bool:
    return row["interactivity_level"] is not None


@asks_only
async def test_limit_and_offset_cut_a_list_and_without_them_it_is_whole(shared_site: Site):
    rows = await shared_site.json("/api/tv-shows")

    assert await shared_site.json("/api/tv-shows?limit=3&offset=299") == rows[299:]
    assert await shared_site.json("/api/tv-shows?limit=2&offset=150") == rows[150:152]
    assert await shared_site.json("/api/tv-shows?offset=300") == rows[300:]
    assert await shared_site.json("/api/tv-shows?limit=0") == []


@asks_only
async def test_what_an_old_client_sends_besides_is_passed_over(shared_site: Site):
    rows = await shared_site.json("/api/tv-shows?limit=2")

    assert (
        await shared_site.json("/api/tv-shows?limit=2&_=1&search=&themes=&ageRange=&sortBy=")
        == rows
    )
    assert await shared_site.json("/api/tv-shows?limit=2&limit=7") == rows
    assert await shared_site.json("/api/themes?anything=at+all")


@pytest.mark.parametrize(
    "path",
    [
        query(ageRange="{min:2}"),
        query(ageRange="[2,3]"),
        query(ageRange='{"min":"x"}'),
        query(ageRange="[" * 2_000),
        query(stimulationScoreRange="1-2"),
        query(stimulationScoreRange='{"min":1e999}'),
        query(tantrumFactor="enormous"),
        query(themeMatchMode="XOR"),
        query(ageRangeMin="x"),
        query(themes=["Music"] * 51),
        query(limit="x"),
        query(limit=-1),
        query(offset=-1),
        "/api/tv-shows?search=%zz",
        "/api/tv-shows/bluey",
        "/api/tv-shows/similar/x",
        "/api/research/x",
        "/api/homepage-categories/x/shows",
    ],
)
async def test_what_cannot_be_understood_is_a_400_with_a_message(site: Site, path: str):
    message = assert_message(await site.get(path), 400)

    assert re.match(r"\w+: must ", message) or "must be followed by" in message
    assert not site.catalog.calls


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/tv-shows/9999", "Show not found"),
        ("/api/tv-shows/99999999999", "Show not found"),
        ("/api/tv-shows/similar/9999", "Show not found"),
        ("/api/research/9999", "Research summary not found"),
        ("/images/tv-shows/show-9999-Nothing.jpg", "Show not found"),
        ("/images/tv-shows/show-31-Bluey.gif", "Image not found"),
        ("/api/nothing", "nothing is at this address"),
        ("/api/admin/tv-shows", "nothing is at this address"),
    ],
)
async def test_what_does_not_exist_is_a_404_with_a_message(site: Site, path: str, message: str):
    first = await site.get(path)
    again = await site.get(path)

    assert assert_message(first, 404) == assert_message(again, 404) == message


@asks_only
async def test_an_unknown_category_has_no_shows(shared_site: Site):
    assert await shared_site.json("/api/homepage-categories/9999/shows") == []


@asks_only
async def test_another_method_is_refused_with_a_message(shared_site: Site):
    response = await shared_site.http.post("/api/tv-shows")

    assert_message(response, 405)
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("error", "code"),
    [(UnavailableError("x"), 503), (DeadlineError("x"), 503), (RuntimeError("secret"), 500)],
)
async def test_failures_here_have_a_message_without_details(
    site: Site, error: Exception, code: int
):
    site.catalog.error = error

    for path in ("/api/tv-shows", "/api/tv-shows/31", "/api/themes"):
        with (
            structlog.testing.capture_logs()
        ):  # to draw a traceback takes longer than a request may
            response = await site.get(path)
        assert "secret" not in assert_message(response, code)
        assert response.headers.get("retry-after") == ("1" if code == 503 else None)


@asks_only
async def test_the_new_api_still_tells_of_problems(shared_site: Site):
    response = await shared_site.get("/v1/shows/nothing")

    assert response.headers["content-type"].startswith("application/problem+json")


def assert_message(response: Any, code: int) -> str:
    assert response.status_code == code
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert list(response.json()) == ["message"]
    message: str = response.json()["message"]
    assert message
    return message


@asks_only
async def test_the_featured_show_is_the_one_that_is_and_leads_the_popular_ones(shared_site: Site):
    featured = await shared_site.json("/api/shows/featured")
    popular = await shared_site.json("/api/shows/popular")

    assert featured["is_featured"]
    assert popular[0] == featured
    assert len(popular) == 12
    assert await shared_site.json("/api/shows/popular?limit=3") == popular[:3]


async def test_without_a_featured_show_there_is_none():
    async with sited(catalog=FakeCatalog([make_show()])) as site:
        response = await site.get("/api/shows/featured")

    assert (response.status_code, response.content) == (200, b"null")


async def test_search_ranks_where_it_finds_then_by_name():
    places = {
        "Moon": {},
        "A Moon": {},
        "Moonlight": {},
        "Honeymoon": {},
        "Zebra": {"description": "To the moon."},
        "Apple": {"creator": "Keith Moon"},
        "Bread": {"description": "moon", "creator": "moon"},
        "Nothing": {},
    }
    shows = [
        make_show(id=number, slug=f"show-{number}", name=name, **fields)
        for number, (name, fields) in enumerate(places.items(), start=1)
    ]
    async with sited(catalog=FakeCatalog(sorted(shows, key=lambda show: show.name))) as site:
        found = await site.json("/api/search?q=MOON")
        cut = await site.json("/api/search?q=moon&limit=2")
        nothing = await site.json("/api/search?q=")

    assert [row["name"] for row in found] == [
        *("Moon", "Moonlight", "A Moon", "Honeymoon", "Bread", "Zebra", "Apple")
    ]
    assert cut == found[:2]
    assert nothing == []


@asks_only
async def test_search_gives_twenty_rows_by_default(shared_site: Site):
    found = await shared_site.json("/api/search?q=the")

    assert len(found) == 20
    assert list(found[0]) == list(COLUMNS)


async def test_similar_shows_have_the_same_ages_then_score_then_a_theme():
    like = {"min_age": 3, "max_age": 6, "stimulation": 2}
    other = {"min_age": 7, "max_age": 9, "stimulation": 4, "themes": []}
    shows = [
        make_show(id=1, slug="one", name="One", **like),
        make_show(id=2, slug="theme", name="Theme", **other | {"themes": make_show().themes}),
        make_show(id=3, slug="score", name="Score", **other | {"stimulation": 2}),
        make_show(id=4, slug="ages", name="Ages", **other | {"min_age": 3, "max_age": 6}),
        make_show(id=5, slug="again", name="Again", **like),
        make_show(id=6, slug="nothing", name="Nothing", **other),
    ]
    async with sited(catalog=FakeCatalog(sorted(shows, key=lambda show: show.name))) as site:
        similar = await site.json("/api/tv-shows/similar/1")
        cut = await site.json("/api/tv-shows/similar/1?limit=1")

    assert [row["name"] for row in similar] == ["Again", "Ages", "Score", "Theme"]
    assert cut == similar[:1]


@asks_only
async def test_six_shows_are_similar_by_default(shared_site: Site):
    assert len(await shared_site.json("/api/tv-shows/similar/31")) == 6


async def test_active_categories_alone_are_listed(site: Site):
    first, second, *_ = site.catalog.categories
    first.active = False

    listed = await site.json("/api/homepage-categories")

    assert ids(listed)[0] == second.id
    assert first.id not in ids(listed)
    assert await site.json(f"/api/homepage-categories/{first.id}/shows") == []


@asks_only
async def test_themes_keep_their_numbers_for_as_long_as_they_exist(shared_site: Site):
    themes = await shared_site.json("/api/themes")

    assert len(set(ids(themes))) == len(themes) == len(shipped()["theme"])
    assert {"id": 257515351, "name": "Adventure"} in themes
