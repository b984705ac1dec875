"""An old front end at this gateway: what its pages ask, on the catalogue that is shipped."""

from __future__ import annotations

import http.client
import json
import tomllib
import urllib.error
from urllib.parse import quote, urlencode

import pytest
from tantrum_catalog.domain.naming import sort_name_of

from .conftest import CHECKOUT

pytestmark = pytest.mark.e2e

LEVEL_COLUMNS = {
    "interactivity": "interactivity_level",
    "dialogue": "dialogue_intensity",
    "sound_effects": "sound_effects_level",
    "music_tempo": "music_tempo",
    "music": "total_music_level",
    "sound_effect_time": "total_sound_effect_time_level",
    "scene_frequency": "scene_frequency",
}
CHANNEL_COLUMNS = ("subscriber_count", "video_count", "channel_id", "published_at")
SANE_MINUTES = range(1, 121)


def shipped(file, key):
    folder = CHECKOUT / "data" / "catalogue"
    return tomllib.loads((folder / file).read_text(encoding="utf-8"))[key]


def names(kind):
    return {one["slug"]: one["name"] for one in shipped(f"{kind}s.toml", kind)}


def picture_path(show_id, name):
    letters = "".join(one if one.isascii() and one.isalnum() else "_" for one in name)
    return f"/images/tv-shows/show-{show_id}-{letters}.jpg"


def old_row(show, themes, platforms):
    """The row of the old table that a show of the shipped catalogue is."""
    legacy, senses = show["legacy"], show["senses"]
    old_minutes = legacy["episode_length"]
    return {
        "id": show["id"],
        "name": show["name"],
        "description": show["description"],
        "age_range": legacy["age_range"],
        "episode_length": show.get(
            "episode_minutes", old_minutes if old_minutes in SANE_MINUTES else 0
        ),
        "creator": show.get("creator"),
        "release_year": show.get("release_year"),
        "end_year": show.get("end_year"),
        "is_ongoing": show["ongoing"],
        "seasons": show.get("seasons"),
        "stimulation_score": show["stimulation"],
        **{
            column: senses[sense].title() if sense in senses else None
            for sense, column in LEVEL_COLUMNS.items()
        },
        "creativity_rating": None,
        "available_on": [platforms[slug] for slug in show.get("platforms", [])],
        "themes": [themes[slug] for slug in show.get("themes", [])],
        "animation_style": show.get("animation_style"),
        "image_url": picture_path(show["id"], show["name"]),
        "is_featured": show.get("featured", False),
        **{column: legacy.get(column) for column in CHANNEL_COLUMNS},
        "is_youtube_channel": show.get("youtube", False),
        "has_omdb_data": False,
        "has_youtube_data": any(column in legacy for column in CHANNEL_COLUMNS),
    }


def test_every_shipped_show_is_a_row_of_the_old_table(running_product):
    rows = running_product.get_json("/api/tv-shows")

    themes, platforms = names("theme"), names("platform")
    expected = {
        show["id"]: old_row(show, themes, platforms) for show in shipped("shows.toml", "show")
    }
    assert len(rows) == 302
    for row in rows:
        assert row == expected[row["id"]]
        assert list(row) == list(expected[row["id"]])


def test_the_home_page_finds_its_categories_with_their_shows_and_pictures(running_product):
    categories = running_product.get_json("/api/homepage-categories")
    shows = {
        one["name"]: running_product.get_json(f"/api/homepage-categories/{one['id']}/shows")
        for one in categories
    }

    assert [one["name"] for one in categories] == [
        one["name"] for one in shipped("categories.toml", "category")
    ]
    assert categories[0]["filterConfig"] == {
        "logic": "AND",
        "rules": [
            {"field": "stimulationScore", "operator": "range", "value": {"min": 1, "max": 2}}
        ],
    }
    assert len(shows["Calm"]) == 24 + 65
    assert {one["stimulationScore"] for one in shows["High Energy"]} == {4, 5}
    for category in shows.values():
        assert category
        assert running_product.get(category[0]["imageUrl"]).startswith(b"\xff\xd8\xff")


def test_view_all_shows_the_same_shows_as_the_category(running_product):
    """It opens the list with the rules of the category as filters."""
    for category in running_product.get_json("/api/homepage-categories"):
        config = category["filterConfig"]
        filters = {"themeMatchMode": config["logic"]}
        for rule in config["rules"]:
            match rule["field"]:
                case "stimulationScore":
                    filters["stimulationScoreRange"] = json.dumps(rule["value"])
                case "ageRange":
                    filters["ageRange"] = json.dumps(rule["value"])
                case "themes":
                    filters["themes"] = ",".join(rule["value"])

        found = running_product.get_json(f"/api/tv-shows?{urlencode(filters)}")

        members = running_product.get_json(f"/api/homepage-categories/{category['id']}/shows")
        assert {one["id"] for one in found} == {one["id"] for one in members}


def test_typing_in_the_search_box_narrows_the_list(running_product):
    counts = [
        len(running_product.get_json(f"/api/search?q={quote(text)}&limit=300"))
        for text in ("b", "bl", "blue", "bluey")
    ]

    assert counts == sorted(counts, reverse=True)
    assert running_product.get_json("/api/search?q=bluey")[0]["name"] == "Bluey"


def test_the_browse_page_filters_by_what_it_offers(running_product):
    themes = [one["name"] for one in running_product.get_json("/api/themes")]
    everything = running_product.get_json("/api/tv-shows")
    filters = {
        "ageRange": '{"min":3,"max":5}',
        "themes": themes[0],
        "themeMatchMode": "AND",
        "interactionLevel": "Any",
        "stimulationScoreRange": '{"min":1,"max":5}',
        "sortBy": "stimulation-score",
    }

    found = running_product.get_json(f"/api/tv-shows?{urlencode(filters)}")

    assert themes == sorted(names("theme").values(), key=sort_name_of)
    expected = {one["id"] for one in everything if themes[0] in one["themes"]}
    suits = {
        show["id"]
        for show in shipped("shows.toml", "show")
        if show["min_age"] <= 5 and show.get("max_age", 99) >= 3
    }
    assert {one["id"] for one in found} == expected & suits
    scores = [one["stimulation_score"] for one in found]
    assert scores == sorted(scores)


def test_the_page_of_a_show_finds_it_its_like_and_its_picture(running_product):
    show = running_product.get_json("/api/tv-shows/31")
    similar = running_product.get_json("/api/tv-shows/similar/31?limit=4")

    assert show["name"] == "Bluey"
    assert len(similar) == 4
    assert {one["age_range"] for one in similar} == {show["age_range"]}
    assert running_product.get("/images/tv-shows/show-31-Bluey.jpg").startswith(b"\xff\xd8\xff")


def test_the_research_pages_find_their_summaries(running_product):
    listed = running_product.get_json("/api/research")

    assert len(listed) == len(shipped("research.toml", "research"))
    dates = [one["publishedDate"] for one in listed]
    assert dates == sorted(dates, reverse=True)
    assert running_product.get_json(f"/api/research/{listed[0]['id']}") == listed[0]
    assert listed[0]["createdAt"].endswith("Z")


def test_what_is_not_there_is_said_in_the_old_words(running_product):
    for path, code, message in (
        ("/api/tv-shows/9999", 404, "Show not found"),
        ("/api/tv-shows/0", 404, "Show not found"),
        ("/api/research/0", 404, "Research summary not found"),
        ("/api/tv-shows?ageRange=x", 400, None),
    ):
        with pytest.raises(urllib.error.HTTPError) as raised:
            running_product.get(path)
        with raised.value as error:
            said = json.loads(error.read())
            assert error.code == code
        assert list(said) == ["message"]
        assert message in (None, said["message"])
    assert running_product.get_json("/api/homepage-categories/0/shows") == []


def test_crawlers_find_the_site_at_its_address(running_product):
    sitemap = running_product.get("/sitemap.xml").decode()

    assert f"<loc>{running_product.address}/shows/bluey</loc><lastmod>20" in sitemap
    assert (
        f"Sitemap: {running_product.address}/sitemap.xml"
        in running_product.get("/robots.txt").decode()
    )
    assert running_product.get_json("/api/health")["status"] == "healthy"
    assert running_product.get("/ads.txt")
    assert running_product.get("/llms.txt")


def test_a_list_is_asked_for_again_only_if_it_changed(running_product):
    connection = http.client.HTTPConnection("127.0.0.1", running_product.port, timeout=10)
    try:
        connection.request("GET", "/api/tv-shows")
        first = connection.getresponse()
        first.read()
        connection.request("GET", "/api/tv-shows", headers={"If-None-Match": first.headers["etag"]})
        again = connection.getresponse()
        assert (again.status, again.read()) == (304, b"")
    finally:
        connection.close()
