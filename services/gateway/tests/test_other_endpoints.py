"""Categories, vocabularies, research, search, covers, probes and pages, through HTTP."""

from __future__ import annotations

import pytest

from .conftest import Site


async def test_home_has_each_category_with_its_count_and_twelve_shows(site: Site):
    home = await site.json("/v1/home")

    assert len(home["categories"]) == len(site.catalog.categories)
    first = home["categories"][0]
    assert (first["slug"], first["showCount"]) == ("calm", 302)
    assert len(first["shows"]) == 12
    ((_, request),) = site.catalog.calls
    assert request.shows_per_category == 12


async def test_categories_come_with_their_rules(site: Site):
    page = await site.json("/v1/categories")
    one = await site.json("/v1/categories/calm")
    same = await site.json(f"/v1/categories/{one['id']}")
    shows = await site.json("/v1/categories/calm/shows?pageSize=3")

    assert page["totalSize"] == len(page["categories"])
    assert one == same == page["categories"][0]
    rule = {"field": "stimulation", "operator": "range", "value": {"min": 1, "max": 2}}
    assert one["rules"] == {"logic": "AND", "rules": [rule]}
    assert len(shows["shows"]) == 3


async def test_a_category_that_is_not_active_is_not_public(site: Site):
    hidden = site.catalog.categories[0]
    hidden.active = False

    for key in (hidden.id, hidden.slug):
        for path in (f"/v1/categories/{key}", f"/v1/categories/{key}/shows"):
            assert (await site.get(path)).status_code == 404
    listed = (await site.json("/v1/categories?pageSize=100"))["categories"]
    assert hidden.slug not in {one["slug"] for one in listed}


@pytest.mark.parametrize("kind", ["themes", "platforms", "research", "categories"])
async def test_every_list_is_paged(site: Site, kind: str):
    first = await site.json(f"/v1/{kind}?pageSize=1")
    second = await site.json(f"/v1/{kind}?pageSize=1&pageToken={first['nextPageToken']}")

    assert len(first[kind]) == len(second[kind]) == 1
    assert first[kind] != second[kind]
    assert first["totalSize"] > 1


async def test_research_is_filtered_by_category(site: Site):
    one = await site.json("/v1/research/1")
    some = await site.json(f"/v1/research?category={one['category']}&pageSize=100")

    assert one == await site.json(f"/v1/research/{one['slug']}")
    assert {study["category"] for study in some["research"]} == {one["category"]}
    assert one["headline"] is None
    assert one["doi"]


async def test_search_passes_words_and_filters_on(site: Site):
    found = await site.json("/v1/search?q=blue&maxStimulation=3&pageSize=1")

    ((method, request),) = site.search.calls
    assert (method, request.query, request.filter.max_stimulation) == ("SearchShows", "blue", 3)
    assert found["totalSize"] >= 1
    assert found["hits"][0]["highlights"][0]["field"] == "name"
    assert found["hits"][0]["highlights"][0]["spans"] == [{"start": 0, "end": 1}]
    assert found["didYouMean"] is None


async def test_search_says_what_it_took_a_misspelt_word_for(site: Site):
    assert (await site.json("/v1/search?q=bluye"))["didYouMean"] == "bluey"


async def test_suggestions_name_kind_text_and_slug(site: Site):
    answer = await site.json("/v1/suggest?q=bluey")

    assert answer == {
        "suggestions": [{"kind": "show", "text": "Bluey", "slug": "bluey"}],
        "degraded": False,
    }


async def test_a_query_of_nothing_is_no_query(site: Site):
    await site.json("/v1/search?q=")
    await site.json("/v1/search?q=++")
    await site.json("/v1/search")

    assert site.search.counts["SearchShows"] == 1


async def test_covers_are_drawn_for_slugs_only(site: Site):
    cover = await site.get("/covers/bluey.svg")

    assert cover.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert cover.text.startswith("<svg ")
    for path in ("/covers/bluey", "/covers/nope.svg", "/covers/31.svg", "/covers/.svg"):
        assert (await site.get(path)).status_code == 404


async def test_health_has_the_old_shape_and_every_upstream(site: Site):
    health = await site.json("/api/health")

    assert health["status"] == "healthy"
    assert health["database"] == "connected"
    assert health["memory"]["rssBytes"] > 1_000_000
    assert health["uptime"] >= 0
    assert health["timestamp"].endswith("+00:00")
    assert (health["version"], health["revision"]) == ("0.1.0", 7)
    states = {name: one["state"] for name, one in health["upstreams"].items()}
    assert states == {"catalog": "up", "search": "up", "redis": "off"}
    assert health["watch"]["state"] == "up"
    response = await site.get("/api/health")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_probes_say_ok(site: Site, path: str):
    response = await site.get(path)

    assert (response.status_code, response.text) == (200, "ok\n")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/not-found"])
async def test_pages_for_people_ask_nothing_of_third_parties(site: Site, path: str):
    response = await site.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "//" not in response.text.replace("http-equiv", "")


async def test_the_pages_find_their_files(site: Site):
    page = (await site.get("/docs")).text

    for path in ("/docs/pages.css", "/docs/docs.js", "/favicon.svg"):
        assert path in page
        assert (await site.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/not-found"])
async def test_the_pages_mark_code_and_name_an_icon(site: Site, path: str):
    page = (await site.get(path)).text

    assert "`" not in page
    assert '<link rel="icon" href="/favicon.svg" type="image/svg+xml">' in page


async def test_an_icon_is_found_where_browsers_look_for_one(site: Site):
    moved = await site.get("/favicon.ico")
    icon = await site.get(moved.headers["location"])

    assert (moved.status_code, moved.content) == (308, b"")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml; charset=utf-8")
    assert icon.text.startswith("<svg ")


async def test_the_documentation_says_how_to_give_several_values(site: Site):
    page = (await site.get("/docs")).text

    assert "low | low-moderate | moderate | moderate-high | high; repeat it for several" in page
    assert "comma list of id | slug | name" in page
    assert "comma list of 1 to 4 whole numbers" in page
    assert "name | stimulation | release_year | interactivity | popularity, perhaps" in page
    assert "unless <code>themeMatch=any</code>" in page
    levels = await site.json("/v1/shows?dialogue=low&dialogue=high&pageSize=100")
    assert {show["senses"]["dialogue"] for show in levels["shows"]} == {"low", "high"}
    assert (await site.get("/v1/shows?dialogue=low,high")).status_code == 400
