"""What GraphQL answers with: everything that REST does, and by as few calls as may be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from strawberry.utils.str_converters import to_camel_case
from tantrum_gateway import filters, resources
from tantrum_gateway.graphql import types
from tantrum_gateway.graphql.nodes import id_of
from tantrum_gateway.graphql.schema import CORE, SDL
from tantrum_kit import errors as kit_errors

from .conftest import Site, sited
from .graphql_client import data, error, errors, post

SCHEMA = Path(__file__).parents[3] / "docs" / "schema.graphql"


def batches(site: Site) -> list[Counter[str]]:
    """What each call to the catalogue read."""
    return [
        Counter(read.WhichOneof("request") for read in request.reads)
        for method, request in site.catalog.calls
        if method == "BatchRead"
    ]


def test_the_schema_in_the_docs_is_this_one():
    assert SCHEMA.read_text() == SDL, "python -m tantrum_gateway.graphql > docs/schema.graphql"


@pytest.mark.parametrize(
    "name",
    [
        "Ages", "Senses", "Label", "Cover", "Show", "SenseComparison", "Comparison", "Rule",
        "Rules", "Category", "Home", "Theme", "Platform", "Research", "Span", "Highlight", "Hit",
        "Suggestion",
    ],
)  # fmt: skip
def test_no_field_of_a_resource_is_missing(name: str):
    of_rest = {field.encode_name for field in msgspec.structs.fields(getattr(resources, name))}

    assert of_rest <= CORE.type_map[name].fields.keys()


def test_the_levels_and_senses_are_those_of_rest():
    assert [level.value for level in types.Level] == list(resources.Level.__args__)
    assert {sense.value for sense in types.Sense} == {
        field.encode_name for field in msgspec.structs.fields(resources.Senses)
    }


def test_every_condition_of_rest_is_in_the_filter():
    of_rest = {one.name: one.at_most > 1 for one in filters.CONDITIONS}

    ours = CORE.type_map["ShowFilter"].fields
    assert {name: str(field.type).startswith("[") for name, field in ours.items()} == of_rest


async def test_a_show_is_what_rest_says(site: Site):
    fields = " ".join(
        to_camel_case(name)
        for name in ("slug", "name", "description", "stimulation", "animation_style", "revision",
                     "episode_minutes", "creator", "release_year", "end_year", "ongoing",
                     "seasons", "youtube", "featured", "update_time")
    )  # fmt: skip
    query = f"""{{ show(by: {{ slug: "bluey" }}) {{
        id databaseId {fields} ages {{ min max }} cover {{ url width height }}
        themes {{ slug name }} platforms {{ slug name }}
        senses {{ dialogue sceneFrequency soundEffects soundEffectTime musicTempo music
                  interactivity }} }} }}"""

    show = (await data(site, query))["show"]

    rest = await site.json("/v1/shows/bluey")
    number = rest.pop("id")
    rest["senses"] = {
        sense: level and level.upper().replace("-", "_") for sense, level in rest["senses"].items()
    }
    assert show == {"id": id_of("Show", number), "databaseId": number, **rest}


async def test_a_show_is_found_by_each_of_its_keys(site: Site):
    number = (await site.json("/v1/shows/bluey"))["id"]
    query = "query($by: Key!) { show(by: $by) { slug } }"

    for key in ({"slug": "bluey"}, {"databaseId": number}, {"id": id_of("Show", number)}):
        assert (await data(site, query, by=key))["show"] == {"slug": "bluey"}


@pytest.mark.parametrize(
    "key",
    [
        {"slug": "no-such-show"},
        {"slug": "NO SLUG"},
        {"databaseId": 4_000_000},
        {"databaseId": -1},
        {"id": "no id"},
        {"id": id_of("Category", 1)},
        {"id": id_of("Show", 4_000_000)},
    ],
    ids=str,
)
async def test_what_does_not_exist_is_null(site: Site, key: dict[str, Any]):
    query = "query($by: Key!) { show(by: $by) { slug } }"

    assert await data(site, query, by=key) == {"show": None}


async def test_a_key_is_one_key(site: Site):
    query = "query($by: Key!) { show(by: $by) { slug } }"

    for key in ({}, {"slug": "bluey", "databaseId": 1}):
        assert (await error(site, query, by=key))["extensions"]["code"] == "invalid-document"


async def test_nodes_are_things_of_any_type(site: Site):
    ids = [id_of("Show", 1), id_of("Category", 1), "nothing", id_of("Research", 1)]
    query = """query($ids: [ID!]!) { nodes(ids: $ids) {
        __typename id ... on Show { stimulation } ... on Research { title } } }"""

    nodes = (await data(site, query, ids=ids))["nodes"]

    assert [node and node["__typename"] for node in nodes] == ["Show", "Category", None, "Research"]
    assert [node and node["id"] for node in nodes] == [*ids[:2], None, ids[3]]
    one = await data(site, "query($id: ID!) { node(id: $id) { id } }", id=ids[1])
    assert one == {"node": {"id": ids[1]}}


async def test_every_condition_reaches_the_catalogue(site: Site):
    query = """query($filter: ShowFilter) {
        shows(text: "Mud", filter: $filter, orderBy: { field: STIMULATION, direction: DESC }) {
          totalCount } }"""
    wanted = {
        "minAge": 2, "maxAge": 7, "minStimulation": 1, "maxStimulation": 3,
        "theme": ["nature", "animals"], "themeMatch": "ANY", "platform": ["tv"],
        "dialogue": ["LOW", "MODERATE_HIGH"], "sceneFrequency": ["UNKNOWN"],
        "soundEffects": ["HIGH"], "soundEffectTime": ["LOW"], "musicTempo": ["MODERATE"],
        "music": ["LOW_MODERATE"], "interactivity": ["LOW"], "animationStyle": ["2D, cut-out"],
        "creator": ["Joe"], "minYear": 1990, "maxYear": 2020, "minMinutes": 5, "maxMinutes": 30,
        "ongoing": True, "youtube": False, "featured": False,
    }  # fmt: skip
    rest = (
        "/v1/shows?q=Mud&orderBy=stimulation+desc&minAge=2&maxAge=7&minStimulation=1"
        "&maxStimulation=3&theme=nature&theme=animals&themeMatch=any&platform=tv&dialogue=low"
        "&dialogue=moderate-high&sceneFrequency=unknown&soundEffects=high&soundEffectTime=low"
        "&musicTempo=moderate&music=low-moderate&interactivity=low&animationStyle=2D,+cut-out"
        "&creator=Joe&minYear=1990&maxYear=2020&minMinutes=5&maxMinutes=30&ongoing=true"
        "&youtube=false&featured=false"
    )

    await data(site, query, filter=wanted)
    await site.json(rest)

    ours, theirs = (request for method, request in site.catalog.calls if method == "ListShows")
    assert wanted.keys() == {one.name for one in filters.CONDITIONS}
    assert ours == theirs


async def test_a_condition_that_is_none_is_named(site: Site):
    query = "{ shows(filter: { minAge: 9, maxAge: 3 }) { totalCount } home { __typename } }"

    answer = (await post(site, query)).json()

    assert answer["data"] == {"shows": None, "home": {"__typename": "Home"}}
    (failure,) = answer["errors"]
    assert failure["path"] == ["shows"]
    assert failure["extensions"] == {"code": "invalid-parameter"}
    assert "minAge" in failure["message"]


async def test_pages_join_up_from_any_cursor(site: Site):
    query = """query($first: Int!, $after: String) { shows(first: $first, after: $after) {
        totalCount edges { cursor node { slug } } nodes { slug }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    whole = [show.slug for show in site.catalog.shows]

    seen: list[str] = []
    after, more = None, True
    while more:
        page = (await data(site, query, first=77, after=after))["shows"]
        assert page["totalCount"] == len(whole)
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        seen += [node["slug"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == whole
    last = (await data(site, query, first=5, after=after))["shows"]
    assert (last["nodes"], last["pageInfo"]["hasNextPage"]) == ([], False)

    edges = (await data(site, query, first=10))["shows"]["edges"]
    for number, edge in enumerate(edges, start=1):
        page = (await data(site, query, first=3, after=edge["cursor"]))["shows"]
        assert [node["slug"] for node in page["nodes"]] == whole[number : number + 3]
        assert page["pageInfo"]["hasNextPage"] is True


async def test_a_cursor_holds_while_others_write(site: Site):
    query = """query($after: String) {
        shows(first: 5, after: $after) { edges { cursor node { slug } } } }"""
    edges = (await data(site, query))["shows"]["edges"]
    rest = [show.slug for show in site.catalog.shows[2:8]]
    del site.catalog.shows[1]

    page = (await data(site, query, after=edges[2]["cursor"]))["shows"]["edges"]

    assert [edge["node"]["slug"] for edge in page] == rest[1:]


async def test_no_items_are_a_page_too(site: Site):
    query = "{ shows(first: 0) { totalCount nodes { slug } pageInfo { hasNextPage endCursor } } }"

    page = (await data(site, query))["shows"]

    assert page["totalCount"] == len(site.catalog.shows)
    assert (page["nodes"], page["pageInfo"]["hasNextPage"]) == ([], True)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [("first: 101", "first"), ("first: -1", "first"), ('after: "x"', "after"),
     ('after: "WyIiLDEwMSwiIl0"', "after"), ('after: "WyJtYWRldXAiLDAsIiJd"', "after")],
)  # fmt: skip
async def test_a_page_that_there_cannot_be_is_refused(site: Site, arguments: str, argument: str):
    failure = await error(site, f"{{ shows({arguments}) {{ totalCount }} }}")

    assert failure["extensions"]["code"] == "invalid-parameter"
    assert failure["message"].startswith(f"{argument}: ")


async def test_lists_go_forwards_only(site: Site):
    failure = await error(site, "{ shows(last: 3) { totalCount } }")

    assert "'last'" in failure["message"]


async def test_all_else_that_rest_has(site: Site):
    query = """{
      compare(shows: [{ slug: "bluey" }, { slug: "peppa-pig" }]) {
        shows { slug } senses { sense levels } }
      home(showsPerCategory: 3) { categories { category { slug rules { logic rules {
        field operator value } } } shows { slug } } }
      category(by: { slug: "calm" }) { name shows(first: 2) { totalCount nodes { slug } } }
      categories { totalCount nodes { slug } }
      themes(first: 3) { totalCount nodes { slug name aliases showCount } }
      platforms { nodes { slug name url iconUrl } }
      research(first: 2, category: "Media Effects") { totalCount nodes { title authors } }
      researchSummary(by: { databaseId: 1 }) { slug keyFindings }
      search(query: "bluye") { didYouMean totalCount }
      found: search(query: "bluye") { didYouMean }
      suggest(query: "blu", limit: 2) { kind text slug } }"""

    found = await data(site, query)

    compared = found["compare"]
    assert [show["slug"] for show in compared["shows"]] == ["bluey", "peppa-pig"]
    assert [len(one["levels"]) for one in compared["senses"]] == [2] * 7
    rows = found["home"]["categories"]
    assert [len(row["shows"]) for row in rows] == [3] * len(site.catalog.categories)
    (rule,) = rows[0]["category"]["rules"]["rules"]
    assert rule == {"field": "stimulation", "operator": "range", "value": {"min": 1, "max": 2}}
    assert len(found["category"]["shows"]["nodes"]) == 2
    rest = await site.json("/v1/themes?pageSize=3")
    assert found["themes"] == {"totalCount": rest["totalSize"], "nodes": rest["themes"]}
    summaries = await site.json("/v1/research?category=Media+Effects&pageSize=2")
    assert found["research"]["totalCount"] == summaries["totalSize"]
    assert [one["title"] for one in found["research"]["nodes"]] == [
        one["title"] for one in summaries["research"]
    ]
    assert found["researchSummary"]["keyFindings"]
    assert found["search"] == {"didYouMean": "bluey", "totalCount": 0}
    assert [one["kind"] for one in found["suggest"]] == ["SHOW"] * len(found["suggest"])


async def test_hits_have_their_highlights(site: Site):
    query = """{ search(query: "blue", first: 1, filter: { maxStimulation: 5 }) {
        edges { cursor node { show { slug } highlights { field text spans { start end } } } }
        pageInfo { hasNextPage } } }"""

    (edge,) = (await data(site, query))["search"]["edges"]

    assert edge["node"]["highlights"][0]["field"] == "NAME"
    assert edge["node"]["highlights"][0]["spans"] == [{"start": 0, "end": 1}]


async def test_an_argument_that_its_variable_makes_invalid_is_named(site: Site):
    query = "query($n: Int) { shows(first: $n) { totalCount } home { __typename } }"

    answer = (await post(site, query, n=None)).json()

    assert answer["data"] == {"shows": None, "home": {"__typename": "Home"}}
    (failure,) = answer["errors"]
    assert failure["extensions"] == {"code": "invalid-parameter"}
    assert "first" in failure["message"]


async def test_comparing_with_a_show_that_is_not_there_says_so(site: Site):
    shows = '[{ slug: "bluey" }, { slug: "x" }]'
    failure = await error(site, f"{{ compare(shows: {shows}) {{ senses {{ sense }} }} }}")

    assert failure["extensions"]["code"] == "not-found"
    assert "shows[1]" in failure["message"]


NASTY = {
    "many of one kind, by different keys": """{
        a: show(by: { slug: "bluey" }) { name }  b: show(by: { slug: "peppa-pig" }) { name }
        c: show(by: { databaseId: 1 }) { name }  d: shows(first: 3) { totalCount }
        e: shows(first: 3, filter: { maxStimulation: 2 }) { totalCount }
        f: home { __typename }  g: home(showsPerCategory: 2) { categories { shows { slug } } } }""",
    "a read for each item of a list": """{
        shows(first: 30) { nodes { slug similar(first: 1) { nodes { slug } } } } }""",
    "the same within the same, from different depths": """{
        shows(first: 5) { edges { node { similar(first: 1) { nodes { slug } } } } }
        home(showsPerCategory: 2) { categories { shows { similar(first: 1) { nodes { slug } } }
          category { shows(first: 1) { nodes { slug } } } } }
        a: show(by: { slug: "bluey" }) { similar(first: 2) { nodes { slug } } }
        node(id: "U2hvdzox") { ... on Show { similar(first: 1) { nodes { slug } } } }
        nodes(ids: ["U2hvdzox", "Q2F0ZWdvcnk6MQ"]) { ... F ... on Category {
          shows(first: 1) { nodes { slug } } } }
        compare(shows: [{ slug: "bluey" }]) { shows { ...F } }
        categories(first: 3) { nodes { shows(first: 1) { nodes { slug } } } } }
        fragment F on Show { similar(first: 3) { nodes { slug } } }""",
    "all kinds at once": """{
        show(by: { slug: "bluey" }) { slug } categories { totalCount } themes { totalCount }
        platforms { totalCount } research { totalCount } researchSummary(by: { databaseId: 1 }) {
          slug } category(by: { slug: "calm" }) { slug } home { __typename }
        search(query: "x") { totalCount } again: search(query: "x") { totalCount }
        suggest(query: "x") { slug } more: suggest(query: "x") { slug } }""",
}


@pytest.mark.parametrize("query", NASTY.values(), ids=NASTY.keys())
async def test_no_query_takes_two_calls_for_one_kind_of_thing(query: str):
    async with sited(graphql_max_cost=100_000) as site:
        await data(site, query)

        calls = batches(site)
        kinds = Counter(kind for call in calls for kind in call)
        assert kinds, "it reads nothing"
        assert max(kinds.values()) == 1, calls
        assert len(calls) <= 2
        assert all(count == 1 for count in site.search.counts.values())


async def test_what_is_asked_for_twice_is_read_once(site: Site):
    await data(
        site,
        '{ a: show(by: { slug: "bluey" }) { name } b: show(by: { slug: "bluey" }) { slug '
        "x: similar { totalCount } y: similar { totalCount } } }",
    )

    assert batches(site) == [Counter(get_show=1), Counter(list_similar_shows=1)]


async def test_an_upstream_that_fails_costs_only_its_own_fields(site: Site):
    site.catalog.error = kit_errors.UnavailableError("secret words of 10.0.0.1")
    query = '{ search(query: "zzzz") { totalCount } show(by: { slug: "bluey" }) { slug } }'

    answer = (await post(site, query)).json()

    assert answer["data"] == {"search": {"totalCount": 0}, "show": None}
    (failure,) = answer["errors"]
    assert failure["extensions"] == {"code": "unavailable"}
    assert "10.0.0.1" not in failure["message"]


async def test_a_bug_upstream_leaks_nothing(site: Site):
    site.catalog.error = RuntimeError("password=hunter2")

    response = await post(site, "{ home { __typename } themes { totalCount } }")

    assert response.status_code == 200
    assert "hunter2" not in response.text
    found = response.json()
    assert found["data"] == {"home": None, "themes": None}
    assert {one["extensions"]["code"] for one in found["errors"]} == {"internal-error"}


async def test_what_was_typed_is_checked_as_in_rest(site: Site):
    query = "query($q: String!) { search(query: $q) { totalCount } suggest(query: $q) { slug } }"

    for typed in ("\u0001", "x" * 201):
        found = await errors(site, query, q=typed)
        assert [one["extensions"]["code"] for one in found] == ["invalid-parameter"] * 2
        assert all(one["message"].startswith("query: ") for one in found)
    assert site.search.calls == []


async def test_it_takes_no_longer_than_the_request_may(site: Site):
    async with sited(request_timeout_seconds=0.3) as slow:
        slow.catalog.gate.clear()
        failure = await error(slow, "{ home { __typename } }")
        slow.catalog.gate.set()

    assert failure["extensions"]["code"] == "unavailable"


async def test_the_request_id_goes_on_to_the_upstreams(site: Site):
    body = {"query": "{ home { __typename } }"}

    response = await site.http.post("/graphql", json=body, headers={"X-Request-Id": "graph-1"})

    assert response.headers["x-request-id"] == "graph-1"
    assert "graph-1" in site.catalog.request_ids


def test_everything_that_can_fail_is_nullable():
    """Or one part that does not answer would take all others with it."""
    roots = CORE.query_type.fields.items()

    assert [name for name, field in roots if str(field.type).endswith("!")] == []
