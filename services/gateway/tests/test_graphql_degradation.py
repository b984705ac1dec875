"""What GraphQL answers while search is away: what REST does, and as marked."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tantrum_kit import errors

from .conftest import Site, eventually, sited
from .fakes import make_show
from .graphql_client import error, post

SEARCH = """
query Q($query: String!, $first: Int = 20, $after: String) {
  search(query: $query, first: $first, after: $after) {
    nodes { show { name } highlights { field } } pageInfo { endCursor } totalCount
  }
}
"""
SUGGEST = '{ suggest(query: "blu") { text } themes { totalCount } }'


@pytest.fixture
async def site():
    async with sited(request_timeout_seconds=20) as one:
        yield one


def away() -> errors.UnavailableError:
    return errors.UnavailableError("away")


def names(answer: dict[str, Any]) -> list[str]:
    return [node["show"]["name"] for node in answer["data"]["search"]["nodes"]]


def id_of(query: str) -> str:
    return f"sha256:{hashlib.sha256(query.encode()).hexdigest()}"


def persisted(document: str, /, **variables: Any) -> str:
    parameters = {"documentId": id_of(document), "variables": json.dumps(variables)}
    return f"/graphql?{urlencode(parameters)}"


async def test_names_are_found_in_the_catalogue_and_marked(site: Site):
    site.search.error = away()

    response = await post(site, SEARCH, query="BLUEY")

    answer = response.json()
    assert "errors" not in answer
    assert answer["extensions"] == {"degraded": True}
    assert "Bluey" in names(answer)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["cache-status"].endswith("; detail=degraded")


async def test_with_the_search_nothing_is_marked(site: Site):
    response = await post(site, SEARCH, query="bluey")

    assert "extensions" not in response.json()
    assert "cache-status" not in response.headers


async def test_suggestions_are_none_and_all_else_is_whole(site: Site):
    site.search.error = away()

    answer = (await post(site, SUGGEST)).json()

    assert answer["data"]["suggest"] == []
    assert answer["data"]["themes"]["totalCount"] > 0
    assert answer["extensions"] == {"degraded": True}


async def test_filters_hold(site: Site):
    site.search.error = away()
    query = """{ search(query: "a", filter: { maxStimulation: 1 }) {
      nodes { show { stimulation } } } }"""

    nodes = (await post(site, query)).json()["data"]["search"]["nodes"]

    assert {node["show"]["stimulation"] for node in nodes} == {1}


async def test_a_degraded_list_goes_on_as_it_began(site: Site):
    site.search.error = away()
    first = (await post(site, SEARCH, query="a", first=2)).json()
    site.search.error = None

    after = first["data"]["search"]["pageInfo"]["endCursor"]
    second = (await post(site, SEARCH, query="a", first=2, after=after)).json()

    assert second["extensions"] == {"degraded": True}
    assert len({*names(first), *names(second)}) == 4


async def test_a_list_of_the_search_does_not_go_on_without_it(site: Site):
    first = (await post(site, SEARCH, query="a", first=2)).json()
    site.search.error = away()

    after = first["data"]["search"]["pageInfo"]["endCursor"]
    failure = await error(site, SEARCH, query="a", first=2, after=after)

    assert failure["extensions"]["code"] == "unavailable"


async def test_a_search_that_hangs_leaves_the_catalogue_time_to_answer():
    async with sited(request_timeout_seconds=2) as site:
        site.search.gate.clear()

        answer = (await post(site, SEARCH, query="bluey")).json()

    assert names(answer) == ["Bluey"]


async def test_a_persisted_document_is_degraded_only_where_nothing_older_is_known(site: Site):
    once = {"query": SEARCH, "documentId": id_of(SEARCH), "variables": {"query": "none"}}
    await site.http.post("/graphql", json=once)
    known, unknown = persisted(SEARCH, query="bluey"), persisted(SEARCH, query="a")
    whole = (await site.get(known)).json()
    site.search.error = away()
    await site.catalog.write(make_show(id=9_000, slug="later", name="Bluey Later"))

    async def stale() -> bool:
        return "stale-if-error" in (await site.get(known)).headers["cache-status"]

    await eventually(stale)
    older, degraded = await site.get(known), await site.get(unknown)

    assert older.json() == whole
    assert degraded.json()["extensions"] == {"degraded": True}
    assert degraded.headers["cache-control"] == "no-store"
    assert degraded.headers["cache-status"] == "tantrum-gateway; fwd=uri-miss; detail=degraded"

    site.search.error = None

    async def whole_again() -> bool:
        return "extensions" not in (await site.get(unknown)).json()

    await eventually(whole_again)
