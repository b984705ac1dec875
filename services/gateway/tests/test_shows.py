"""Shows through HTTP, over what the product ships."""

from __future__ import annotations

import json

import pytest

from .conftest import Site, asks_only, sited
from .fakes import FakeCatalog, make_show

FIELDS = [
    "id", "slug", "name", "description", "ages", "stimulation", "senses", "animationStyle",
    "themes", "platforms", "episodeMinutes", "creator", "releaseYear", "endYear", "ongoing",
    "seasons", "youtube", "cover", "featured", "revision", "updateTime",
]  # fmt: skip


@asks_only
async def test_all_shows_come_by_name_in_pages_of_twenty(shared_site: Site):
    page = await shared_site.json("/v1/shows")

    assert page["totalSize"] == 302
    assert len(page["shows"]) == 20
    assert page["nextPageToken"]


@asks_only
async def test_following_the_tokens_gives_every_show_once(shared_site: Site):
    ids, token = [], ""
    while True:
        page = await shared_site.json(f"/v1/shows?pageSize=100&fields=id&pageToken={token}")
        ids += [show["id"] for show in page["shows"]]
        token = page["nextPageToken"]
        if not token:
            break

    assert len(ids) == len(set(ids)) == 302


async def test_a_show_has_every_field_and_nulls_for_what_is_unknown():
    bare = make_show(
        max_age=None, senses=None, animation_style=None, platforms=None, episode_minutes=None,
        creator=None, release_year=None, end_year=None, seasons=None,
    )  # fmt: skip
    async with sited(catalog=FakeCatalog([bare])) as site:
        show = await site.json("/v1/shows/blue-day")

    assert list(show) == FIELDS
    assert show["ages"] == {"min": 3, "max": None}
    assert set(show["senses"].values()) == {None}
    unknown = ("animationStyle", "episodeMinutes", "creator", "releaseYear", "endYear", "seasons")
    assert [show[field] for field in unknown] == [None] * 6
    assert show["cover"] == {"url": "/covers/blue-day.svg", "width": 400, "height": 600}


@asks_only
async def test_a_show_is_found_by_number_and_by_slug(shared_site: Site):
    by_slug = await shared_site.get("/v1/shows/bluey")
    by_id = await shared_site.get(f"/v1/shows/{by_slug.json()['id']}")

    assert by_slug.json()["senses"]["dialogue"] in ("low", "low-moderate", "moderate", "high")
    assert by_id.content == by_slug.content


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("minStimulation=1&maxStimulation=1", 24),
        ("minStimulation=2&maxStimulation=2", 65),
        ("minStimulation=3&maxStimulation=3", 94),
        ("minStimulation=4&maxStimulation=4", 60),
        ("minStimulation=5&maxStimulation=5", 59),
        ("minAge=4&maxAge=4", 244),
        ("minAge=6&maxAge=12", 243),
        ("minAge=0&maxAge=13", 302),
        ("maxStimulation=2&minAge=4&maxAge=4", 86),
        ("interactivity=low-moderate", 45),
    ],
)
@asks_only
async def test_filters_give_the_counts_of_the_real_data(shared_site: Site, query: str, count: int):
    assert (await shared_site.json(f"/v1/shows?{query}&pageSize=1"))["totalSize"] == count


async def test_every_filter_reaches_the_catalogue(site: Site):
    await site.json(
        "/v1/shows?q=a&minAge=1&maxAge=9&minStimulation=1&maxStimulation=4&theme=music&theme=nature"
        "&themeMatch=any&platform=tv&interactivity=low&dialogue=high&dialogue=unknown"
        "&soundEffects=low&soundEffectTime=moderate&music=low-moderate&musicTempo=moderate-high"
        "&sceneFrequency=low&animationStyle=2D&creator=b&creator=c&minYear=1990&maxYear=2020"
        "&minMinutes=5&maxMinutes=30&ongoing=true&youtube=false&featured=false"
        "&orderBy=release_year%20asc&pageSize=7"
    )

    ((_, request),) = site.catalog.calls
    wanted = request.filter
    assert (wanted.text, wanted.min_age, wanted.max_age) == ("a", 1, 9)
    assert (wanted.min_stimulation, wanted.max_stimulation) == (1, 4)
    assert (list(wanted.themes), wanted.theme_match) == (["music", "nature"], 2)
    assert (list(wanted.platforms), list(wanted.animation_styles)) == (["tv"], ["2D"])
    assert list(wanted.creators) == ["b", "c"]
    assert (wanted.min_release_year, wanted.max_release_year) == (1990, 2020)
    assert (wanted.min_episode_minutes, wanted.max_episode_minutes) == (5, 30)
    truths = (wanted.ongoing, wanted.youtube, wanted.featured)
    assert truths == (True, False, False)
    assert wanted.HasField("youtube")
    assert wanted.HasField("featured")
    levels = {condition.sense: sorted(condition.levels) for condition in wanted.senses}
    assert levels == {1: [0, 5], 2: [1], 3: [1], 4: [3], 5: [4], 6: [2], 7: [1]}
    assert (request.order_by, request.direction, request.page_size) == (3, 1, 7)


@pytest.mark.parametrize(
    ("query", "page_size"), [("", 20), ("pageSize=0", 20), ("pageSize=101", 100)]
)
@asks_only
async def test_page_sizes_are_bounded(shared_site: Site, query: str, page_size: int):
    page = await shared_site.json(f"/v1/shows?{query}")

    assert len(page["shows"]) == page_size


@asks_only
async def test_fields_select_what_comes_of_each_show(shared_site: Site):
    page = await shared_site.json("/v1/shows?fields=slug,id&pageSize=2")
    show = await shared_site.json("/v1/shows/bluey?fields=name")
    found = await shared_site.json("/v1/search?q=bluey&fields=id")
    home = await shared_site.json("/v1/home?fields=slug")

    assert [list(one) for one in page["shows"]] == [["id", "slug"]] * 2
    assert show == {"name": "Bluey"}
    assert list(found["hits"][0]["show"]) == ["id"]
    assert {tuple(one) for row in home["categories"] for one in row["shows"]} == {("slug",)}


async def test_orders_are_passed_on_with_their_direction(site: Site):
    falling = await site.json("/v1/shows?orderBy=stimulation+desc&pageSize=1")
    rising = await site.json("/v1/shows?orderBy=stimulation&pageSize=1")
    await site.json("/v1/shows?orderBy=releaseYear")

    assert falling["shows"][0]["stimulation"] == 5
    assert rising["shows"][0]["stimulation"] == 1
    assert site.catalog.calls[-1][1].order_by == 3


@asks_only
async def test_similar_shows_come_six_at_a_time_and_calmer_on_request(shared_site: Site):
    similar = await shared_site.json("/v1/shows/bluey/similar")
    calmer = await shared_site.json("/v1/shows/bluey/similar?calmer=true&pageSize=100")

    assert len(similar["shows"]) == 6
    assert {show["stimulation"] for show in calmer["shows"]} <= {1, 2}
    assert calmer["totalSize"] == 24 + 65


@asks_only
async def test_compared_shows_stand_side_by_side_in_the_order_asked(shared_site: Site):
    comparison = await shared_site.json("/v1/compare?ids=31,1")

    first, second = comparison["shows"]
    assert (first["id"], second["id"]) == (31, 1)
    assert [one["sense"] for one in comparison["senses"]] == list(first["senses"])
    for one in comparison["senses"]:
        sense = one["sense"]
        assert one["levels"] == [first["senses"][sense], second["senses"][sense]]


@asks_only
async def test_comparing_with_a_show_that_is_not_there_names_it(shared_site: Site):
    response = await shared_site.get("/v1/compare?ids=1,99999")

    assert response.status_code == 404
    assert "99999" in response.json()["detail"]


async def test_an_editors_picture_takes_the_place_of_the_drawn_cover():
    image = {"id": "picture-1", "media_type": "image/png", "width": 8, "height": 12}
    async with sited(catalog=FakeCatalog([make_show(image=image)])) as site:
        show = await site.json("/v1/shows/1")
        picture = await site.get(show["cover"]["url"])

    assert show["cover"] == {"url": "/images/picture-1", "width": 8, "height": 12}
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in picture.headers
    assert "catalog-revision" not in picture.headers


async def test_bodies_are_utf_8_json_with_escapes_only_where_needed():
    async with sited(catalog=FakeCatalog([make_show(name='Te Nūtube "x" 🐧')])) as site:
        response = await site.get("/v1/shows/1")

    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert 'Te Nūtube \\"x\\" 🐧'.encode() in response.content
    assert json.loads(response.content)["name"] == 'Te Nūtube "x" 🐧'
