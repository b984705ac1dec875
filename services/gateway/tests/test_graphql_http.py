"""GraphQL over HTTP: methods, media types, statuses, persisted documents, caches, GraphiQL."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from tantrum_kit import errors

from .conftest import Site, asks_only, eventually, sited
from .fakes import make_show
from .graphql_client import post

RESPONSE = "application/graphql-response+json"
QUERY = "query Q($slug: String!) { show(by: { slug: $slug }) { name stimulation } }"
VARIABLES = {"slug": "bluey"}
UNKNOWN_FIELD = "{ none }"
ERRORS = {
    "a syntax error": ("{", {}),
    "an unknown field": (UNKNOWN_FIELD, {}),
    "an unknown operation": (QUERY, {"operationName": "R"}),
    "a variable that is missing": (QUERY, {}),
    "a variable of another type": (QUERY, {"variables": {"slug": 7}}),
    "more operations than one": ("query A { __typename } query B { __typename }", {}),
}


def id_of(query: str) -> str:
    return f"sha256:{hashlib.sha256(query.encode()).hexdigest()}"


def address(**parameters: Any) -> str:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
    }
    return f"/graphql?{urlencode(texts)}"


def code_of(response: Any) -> str:
    (failure,) = response.json()["errors"]
    return str(failure["extensions"]["code"])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, RESPONSE),
        ("*/*", RESPONSE),
        ("application/*", RESPONSE),
        ("application/json", "application/json"),
        (f"application/json;q=0.5, {RESPONSE}", RESPONSE),
        (f"application/json, {RESPONSE};q=0.9", "application/json"),
        (f"{RESPONSE};q=0, */*", "application/json"),
        ("text/html, application/json;q=0.9", "application/json"),
    ],
)
async def test_it_answers_in_the_media_type_that_is_wanted_most(
    site: Site, method: str, accept: str | None, media_type: str
):
    headers = {"Accept": accept} if accept else {}
    if accept is None:
        del site.http.headers["accept"]
    if method == "GET":
        url = address(query=QUERY, variables=VARIABLES, operationName="Q", extensions={})
        response = await site.http.get(url, headers=headers)
    else:
        body = {"query": QUERY, "variables": VARIABLES, "operationName": "Q", "extensions": {}}
        response = await site.http.post("/graphql", json=body, headers=headers)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert response.json() == {"data": {"show": {"name": "Bluey", "stimulation": 3}}}
    assert response.headers["cache-control"] == "no-store"
    assert "Accept" in response.headers["vary"]


@asks_only
async def test_what_nobody_here_can_write_is_not_acceptable(shared_site: Site):
    response = await shared_site.http.get(address(query=QUERY), headers={"Accept": "text/csv"})

    assert response.status_code == 406
    assert response.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(("query", "more"), ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("method", ["GET", "POST"])
@asks_only
async def test_what_cannot_be_executed_has_the_status_of_its_media_type(
    shared_site: Site, method: str, query: str, more: dict[str, Any]
):
    for accept, status in ((RESPONSE, 400), ("application/json", 200)):
        parameters = {"query": query, **more}
        if method == "GET":
            response = await shared_site.get(address(**parameters), accept=accept)
        else:
            response = await shared_site.http.post(
                "/graphql", json=parameters, headers={"Accept": accept}
            )
        assert response.status_code == status
        assert "data" not in response.json()
        assert code_of(response) == "invalid-document"
        assert shared_site.catalog.calls == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"NONSENSE", "JSON"),
        (b'{"query":', "JSON"),
        (b'"{ __typename }"', "object"),
        (b"{}", "`query`"),
        (b'{"qeury": "{ __typename }"}', "`query`"),
        (b'{"query": 7}', "`query`"),
        (b'{"query": "{ __typename }", "variables": [7]}', "`variables`"),
        (b'{"query": "{ __typename }", "extensions": "x"}', "`extensions`"),
        (b'{"query": "{ __typename }", "operationName": {}}', "`operationName`"),
        (b'[{"query": "{ __typename }"}]', "one request at a time"),
        (b'{"query": "\\ud800"}', "JSON"),
        (b'{"a":' * 50_000, "JSON"),
        (b"\xff\xfe", "JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("accept", [RESPONSE, "application/json"])
@asks_only
async def test_what_is_no_request_is_told_so(
    shared_site: Site, body: bytes, word: str, accept: str
):
    headers = {"Content-Type": "application/json", "Accept": accept}

    response = await shared_site.http.post("/graphql", content=body[:120_000], headers=headers)

    assert response.status_code == 400
    assert word in response.json()["errors"][0]["message"]
    assert code_of(response) == "malformed-request"


@pytest.mark.parametrize(
    "query_string",
    ["query=%ff", "query=a&query=b", "variables={", "query=%7B__typename%7D&variables=[]", "x=1"],
)
@asks_only
async def test_a_query_string_that_is_no_request_is_told_so(shared_site: Site, query_string: str):
    response = await shared_site.get(f"/graphql?{query_string}")

    assert response.status_code == 400
    assert code_of(response) == "malformed-request"


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)
@asks_only
async def test_a_body_of_another_type_is_not_read(shared_site: Site, content_type: str):
    """Nor can a form on another site send one."""
    response = await shared_site.http.post(
        "/graphql", content=json.dumps({"query": QUERY}), headers={"Content-Type": content_type}
    )

    assert response.status_code == 415


@asks_only
async def test_the_character_set_may_be_named(shared_site: Site):
    headers = {"Content-Type": 'application/json; charset="UTF-8"'}

    response = await shared_site.http.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers=headers
    )

    assert response.json() == {"data": {"__typename": "Query"}}


@asks_only
async def test_what_is_too_long_is_not_read(shared_site: Site):
    body = {"query": "{ __typename }" + " " * 300_000}

    response = await shared_site.http.post("/graphql", json=body)

    assert response.status_code == 413
    assert (await shared_site.get(address(query=" " * 20_000))).status_code == 414


@pytest.mark.parametrize("operation", ["mutation", "subscription"])
@asks_only
async def test_there_is_nothing_but_queries_and_get_is_safe_anyway(
    shared_site: Site, operation: str
):
    document = f"{operation} {{ deleteShow(id: 1) }}"

    got = await shared_site.get(address(query=document))
    posted = await post(shared_site, document)

    assert (got.status_code, posted.status_code) == (405, 400)
    assert got.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert got.json() == posted.json()
    assert f"no {operation}" in got.json()["errors"][0]["message"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@asks_only
async def test_other_methods_are_not_allowed(shared_site: Site, method: str):
    response = await shared_site.http.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


@asks_only
async def test_options_says_which_methods_there_are(shared_site: Site):
    response = await shared_site.http.options("/graphql")

    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert "content-type" not in response.headers


@asks_only
async def test_nothing_is_below_it(shared_site: Site):
    response = await shared_site.get("/graphql/other")

    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


async def test_a_failing_field_is_no_failing_request(site: Site):
    site.catalog.error = errors.UnavailableError("gone")

    for accept in (RESPONSE, "application/json"):
        response = await site.http.post(
            "/graphql", json={"query": "{ home { __typename } }"}, headers={"Accept": accept}
        )
        assert response.status_code == 200
        assert response.json()["data"] == {"home": None}


async def test_a_persisted_document_needs_no_text(site: Site):
    unknown = await site.get(address(documentId=id_of(QUERY), variables=VARIABLES))
    body = {"query": QUERY, "documentId": id_of(QUERY), "variables": VARIABLES}
    persisted = await site.http.post("/graphql", json=body)
    del body["query"]
    posted = await site.http.post("/graphql", json=body)
    got = await site.get(address(documentId=id_of(QUERY), variables=VARIABLES))

    assert (unknown.status_code, code_of(unknown)) == (400, "unknown-document")
    assert unknown.headers["cache-control"] == "no-store"
    assert persisted.json() == posted.json() == got.json()
    assert got.json()["data"]["show"]["name"] == "Bluey"


@pytest.mark.parametrize(
    ("document_id", "query"),
    [
        (id_of(QUERY), QUERY + " "),
        (id_of(QUERY).upper(), QUERY),
        (id_of(QUERY).removeprefix("sha256:"), QUERY),
        ("", QUERY),
    ],
)
@asks_only
async def test_an_id_is_the_hash_of_its_document(shared_site: Site, document_id: str, query: str):
    response = await shared_site.http.post(
        "/graphql", json={"query": query, "documentId": document_id}
    )

    assert (response.status_code, code_of(response)) == (400, "malformed-request")
    assert "SHA-256" in response.text


async def test_what_is_not_valid_is_not_persisted(site: Site):
    body = {"query": UNKNOWN_FIELD, "documentId": id_of(UNKNOWN_FIELD)}

    assert code_of(await site.http.post("/graphql", json=body)) == "invalid-document"
    assert code_of(await site.get(address(documentId=body["documentId"]))) == "unknown-document"


async def test_only_so_many_documents_are_persisted():
    queries = [f"query Number{number} {{ __typename }}" for number in range(9)]
    async with sited(graphql_persisted_size_bytes=4 * len(queries[0])) as site:
        for query in queries:
            body = {"query": query, "documentId": id_of(query)}
            assert (await site.http.post("/graphql", json=body)).status_code == 200
        statuses = [
            (await site.get(address(documentId=id_of(query)))).status_code for query in queries
        ]

    assert statuses == [400] * 5 + [200] * 4


async def persist(site: Site, query: str = QUERY) -> str:
    document_id = id_of(query)
    body = {"query": query, "documentId": document_id, "variables": VARIABLES}
    assert (await site.http.post("/graphql", json=body)).status_code == 200
    site.catalog.calls.clear()
    return document_id


async def test_a_persisted_document_is_cached_like_any_other_address(site: Site):
    document_id = await persist(site)
    url = address(documentId=document_id, variables=VARIABLES)

    first = await site.get(url)
    second = await site.get(url)
    again = await site.get(url, if_none_match=first.headers["etag"])
    head = await site.http.head(url)

    assert site.catalog.counts["BatchRead"] == 1
    assert first.content == second.content
    assert "fwd=uri-miss" in first.headers["cache-status"]
    assert "; hit" in second.headers["cache-status"]
    assert second.headers["age"] == "0"
    rest = await site.get("/v1/shows/bluey")
    for name in ("cache-control", "catalog-revision"):
        assert first.headers[name] == rest.headers[name]
    assert "Accept" in first.headers["vary"].split(", ")
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["vary"] == first.headers["vary"]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == first.headers["etag"]


async def test_variables_that_say_the_same_are_the_same_request(site: Site):
    query = (
        "query($a: Int!, $b: Boolean) { shows(first: $a, filter: { ongoing: $b }) { totalCount } }"
    )
    document_id = id_of(query)
    first = {"query": query, "documentId": document_id, "variables": {"a": 1, "b": True}}
    assert (await site.http.post("/graphql", json=first)).status_code == 200
    site.catalog.calls.clear()

    for variables in ('{"a":1,"b":true}', '{ "b" : true, "a" : 1 }', '{"a":1,"b":true,"c":1}'):
        response = await site.get(address(documentId=document_id, variables=variables))
        assert response.status_code == 200
    assert site.catalog.counts["BatchRead"] == 1
    other = await site.get(address(documentId=document_id, variables={"a": 2, "b": True}))
    assert other.status_code == 200
    assert site.catalog.counts["BatchRead"] == 2


async def test_each_media_type_has_its_own_cached_answer(site: Site):
    url = address(documentId=await persist(site), variables=VARIABLES)

    for accept in (RESPONSE, "application/json", RESPONSE, "application/json"):
        response = await site.get(url, accept=accept)
        assert response.headers["content-type"].startswith(accept)
    assert site.catalog.counts["BatchRead"] == 2


async def test_a_write_is_seen_in_persisted_documents(site: Site):
    url = address(documentId=await persist(site), variables=VARIABLES)
    before = (await site.get(url)).json()["data"]["show"]
    bluey = next(show for show in site.catalog.shows if show.slug == "bluey")
    bluey.name = "Bluey again"

    await site.catalog.write(bluey)

    async def seen() -> bool:
        name: str = (await site.get(url)).json()["data"]["show"]["name"]
        return name == "Bluey again"

    assert before["name"] == "Bluey"
    await eventually(seen)


async def test_a_write_drops_only_what_shows_it(site: Site):
    url = address(documentId=await persist(site), variables=VARIABLES)
    absent = address(documentId=id_of(QUERY), variables={"slug": "brand-new"})
    for path in (url, absent):
        await site.get(path)
    site.catalog.calls.clear()
    other = next(show for show in site.catalog.shows if show.slug == "peppa-pig")
    other.name = "Peppa again"

    await site.catalog.write(other)

    async def seen() -> bool:
        return bool((await site.json("/v1/shows/peppa-pig"))["name"] == "Peppa again")

    await eventually(seen)
    site.catalog.calls.clear()
    assert "hit" in (await site.get(url)).headers["cache-status"]
    assert (await site.get(absent)).json() == {"data": {"show": None}}
    assert site.catalog.counts["BatchRead"] == 0


async def test_what_was_absent_is_seen_once_it_is_there(site: Site):
    await persist(site)
    url = address(documentId=id_of(QUERY), variables={"slug": "brand-new"})
    assert (await site.get(url)).json()["data"] == {"show": None}

    await site.catalog.write(make_show(id=4_000, slug="brand-new", name="Brand New"))

    async def seen() -> bool:
        return bool((await site.get(url)).json()["data"]["show"])

    await eventually(seen)


async def test_a_whole_answer_of_before_is_better_than_a_partial_one(site: Site):
    url = address(documentId=await persist(site), variables=VARIABLES)
    before = await site.get(url)
    bluey = next(show for show in site.catalog.shows if show.slug == "bluey")
    site.catalog.error = errors.UnavailableError("gone")

    await site.catalog.write(bluey)

    async def stale() -> bool:
        return "stale" in (await site.get(url)).headers["cache-status"]

    await eventually(stale)
    assert (await site.get(url)).json() == before.json()


async def test_a_precondition_that_fails_is_told(site: Site):
    url = address(documentId=await persist(site), variables=VARIABLES)
    etag = (await site.get(url)).headers["etag"]

    assert (await site.get(url, if_match=etag)).status_code == 200
    assert (await site.get(url, if_match='"another"')).status_code == 412


async def test_what_failed_in_part_is_not_kept(site: Site):
    url = address(documentId=await persist(site), variables=VARIABLES)
    site.catalog.error = errors.UnavailableError("gone")
    failed = await site.get(url)
    site.catalog.error = None

    mended = await site.get(url)

    assert failed.status_code == 200
    assert (failed.json()["data"], code_of(failed)) == ({"show": None}, "unavailable")
    assert failed.headers["cache-control"] == "no-store"
    assert mended.json()["data"]["show"]["name"] == "Bluey"


async def test_what_is_refused_for_its_variables_is_not_kept(site: Site):
    document_id = await persist(site)

    response = await site.get(address(documentId=document_id, variables={"slug": 7}))

    assert (response.status_code, code_of(response)) == (400, "invalid-document")
    assert response.headers["cache-control"] == "no-store"


async def test_large_answers_are_compressed(site: Site):
    query = "{ shows(first: 50) { nodes { slug name description } } }"

    response = await site.http.post(
        "/graphql", json={"query": query}, headers={"Accept-Encoding": "br"}
    )

    assert response.headers["content-encoding"] == "br"
    assert len(response.json()["data"]["shows"]["nodes"]) == 50


async def test_a_browser_gets_graphiql_with_nothing_from_elsewhere(site: Site):
    page = await site.get("/graphql", accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|https?://", page.text)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 8
    for path in loaded:
        found = await site.get(path)
        assert found.status_code == 200, path
        lasting = "immutable" in found.headers["cache-control"]
        assert lasting is ("graphiql-3.9.0" in path)
        assert not re.search(r"@import|url\(['\"]?(?!data:)", found.text) or path.endswith(".js")


async def test_a_query_in_the_address_is_not_graphiql(site: Site):
    url = address(query="{ __typename }")

    assert (await site.get(url, accept="text/html, */*;q=0.1")).json()["data"]


async def test_the_schema_can_be_read(site: Site):
    schema = await site.get("/docs/schema.graphql")

    assert "type Query {" in schema.text
    introspected = await post(site, "{ __schema { queryType { name } mutationType { name } } }")
    assert introspected.json()["data"]["__schema"] == {
        "queryType": {"name": "Query"},
        "mutationType": None,
    }


async def test_the_schema_can_be_kept_to_oneself():
    async with sited(graphql_introspection=False) as site:
        schema = await site.get("/docs/schema.graphql")
        introspected = await post(site, "{ __schema { queryType { name } } }")
        typed = await post(site, "{ home { __typename } }")

    assert schema.status_code == 404
    assert introspected.status_code == 400
    assert "introspection" in introspected.text
    assert typed.json()["data"]["home"] == {"__typename": "Home"}


@pytest.mark.parametrize("suggestions", [False, True])
async def test_names_are_suggested_only_where_that_is_wanted(suggestions: bool):  # noqa: FBT001
    wrong = [
        ("{ shows { totalCont } }", {}),
        ("{ shows(fist: 1) { totalCount } }", {}),
        ("{ shows(orderBy: { field: NAM }) { totalCount } }", {}),
        ("query($f: ShowFilter) { shows(filter: $f) { totalCount } }", {"f": {"minAg": 1}}),
        ("{ node(id: 1) { ... on Sow { id } } }", {}),
    ]
    async with sited(graphql_suggestions=suggestions) as site:
        answers = [await post(site, query, **variables) for query, variables in wrong]

    assert [response.status_code for response in answers] == [400] * len(wrong)
    suggested = ["Did you mean" in response.text for response in answers]
    assert suggested == [suggestions] * len(wrong)
