"""What a caller gets who asks wrongly, or when something is wrong here."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tantrum_gateway import app
from tantrum_kit import errors

from .conftest import Site, asks_only, client_of, settings_for, sited

PROBLEM = "application/problem+json; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        pytest.param("minAge=abc", "minAge", id="not a number"),
        pytest.param("minAge=1.5", "minAge", id="not whole"),
        pytest.param("minAge=", "minAge", id="empty"),
        pytest.param("minAge=19", "minAge", id="too large"),
        pytest.param("minAge=-1", "minAge", id="too small"),
        pytest.param("minAge=99999999999999999999999", "minAge", id="far too large"),
        pytest.param("minAge=9&maxAge=3", "minAge", id="ends crossed"),
        pytest.param("minAge=1&minAge=2", "minAge", id="single, but repeated"),
        pytest.param("pageSize=-1", "pageSize", id="negative page size"),
        pytest.param("pageToken=forged", "pageToken", id="forged token"),
        pytest.param("pageToken=%00", "pageToken", id="NUL"),
        pytest.param("q=" + "x" * 201, "q", id="over-long query"),
        pytest.param("q=%FF", "q", id="invalid UTF-8"),
        pytest.param("q=%zz", "q", id="bad percent-encoding"),
        pytest.param("q=a%0Ab", "q", id="control character"),
        pytest.param("nope=1", "nope", id="unknown parameter"),
        pytest.param("fields=id,nope", "fields", id="unknown field"),
        pytest.param("fields=", "fields", id="no field"),
        pytest.param("orderBy=age", "orderBy", id="unknown order"),
        pytest.param("orderBy=name%20up", "orderBy", id="unknown direction"),
        pytest.param("theme=Music!", "theme", id="not a slug"),
        pytest.param("themeMatch=some", "themeMatch", id="unknown match"),
        pytest.param("dialogue=loud", "dialogue", id="unknown level"),
        pytest.param("ongoing=yes", "ongoing", id="not a truth"),
        pytest.param("&".join(f"theme=t{n}" for n in range(51)), "theme", id="too many values"),
        pytest.param("a=1&" * 250, "query", id="too many parameters"),
        pytest.param("%FF=1", "query", id="unreadable name"),
    ],
)
async def test_bad_input_is_400_and_says_where(site: Site, query: str, parameter: str):
    response = await site.get(f"/v1/shows?{query}")

    assert response.status_code == 400
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["cache-control"] == "no-store"
    problem = response.json()
    assert problem["type"] == "/problems/invalid-parameter"
    assert (problem["status"], problem["instance"]) == (400, "/v1/shows")
    assert [one["parameter"] for one in problem["errors"]] == [parameter]
    assert [one["pointer"] for one in problem["errors"]] == [f"#/{parameter}"]
    assert problem["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("query", "parameter", "pointer"),
    [
        ("fields%5B%5D=a", "fields[]", "#/fields%5B%5D"),
        ("theme[0]=music", "theme[0]", "#/theme%5B0%5D"),
        ("a/b~c=1", "a/b~c", "#/a~1b~0c"),
        ("filter.min_age=3", "filter.min_age", "#/filter.min_age"),
    ],
)
async def test_a_parameter_that_is_unknown_is_named_exactly(
    site: Site, query: str, parameter: str, pointer: str
):
    problem = (await site.get(f"/v1/shows?{query}")).json()

    assert problem["detail"] == f"{parameter}: no such parameter"
    (part,) = problem["errors"]
    assert (part["parameter"], part["pointer"]) == (parameter, pointer)


async def test_everything_that_is_wrong_is_told_at_once(site: Site):
    response = await site.get("/v1/shows?minAge=x&pageSize=-1&nope=1&ongoing=perhaps")

    wrong = [one["parameter"] for one in response.json()["errors"]]
    assert wrong == ["minAge", "nope", "ongoing", "pageSize"]
    assert not site.catalog.calls


@pytest.mark.parametrize("ids", ["", "1,1", "1,2,3,4,5", "x", "0", "1,", "1;2"])
@asks_only
async def test_comparing_takes_one_to_four_different_ids(shared_site: Site, ids: str):
    assert (await shared_site.get(f"/v1/compare?ids={ids}")).status_code == 400
    assert (await shared_site.get("/v1/compare")).json()["errors"][0]["detail"] == "is required"


@asks_only
async def test_a_token_of_another_list_is_refused(shared_site: Site):
    token = (await shared_site.json("/v1/shows?pageSize=1"))["nextPageToken"]

    response = await shared_site.get(f"/v1/shows?pageSize=1&maxStimulation=2&pageToken={token}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "pageToken"


async def test_what_the_catalogue_refuses_names_our_parameters(site: Site):
    site.catalog.error = errors.InvalidInputError.listing(
        [
            errors.Violation(field="filter.min_release_year", description="too early"),
            errors.Violation(field="filter.themes[3]", description="no such theme"),
            errors.Violation(field="order_by", description="unknown"),
        ]
    )

    response = await site.get("/v1/shows?minYear=1&theme=x")

    assert response.status_code == 400
    wrong = [(one["parameter"], one["pointer"]) for one in response.json()["errors"]]
    assert wrong == [("minYear", "#/minYear"), ("theme", "#/theme"), ("orderBy", "#/orderBy")]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/shows/nope", "/v1/shows/99999", "/v1/shows/0", "/v1/shows/99999999999999999999",
        "/v1/shows/No%20Slug", "/v1/shows/a%2Fb", "/v1/shows/-", "/v1/shows/nope/similar",
        "/v1/categories/nope", "/v1/categories/nope/shows", "/v1/research/nope",
        "/covers/nope.svg", "/images/nope", "/images/a%20b", "/v1/shows/", "/v1", "/nope",
        "/v1/shows/1/nope", "/V1/shows", "/problems/nope", "//v1/shows",
    ],
)  # fmt: skip
@asks_only
async def test_what_is_not_there_is_404(shared_site: Site, path: str):
    response = await shared_site.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["type"] == "/problems/not-found"


@pytest.mark.parametrize("path", ["/v1/shows/%FF", "/v1/shows/%zz", "/v1/shows/a%00b", "/%C3"])
@asks_only
async def test_unreadable_paths_are_400(shared_site: Site, path: str):
    assert (await shared_site.get(path)).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@asks_only
async def test_other_methods_are_405_with_those_allowed(shared_site: Site, method: str):
    response = await shared_site.http.request(method, "/v1/shows")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.json()["type"] == "/problems/method-not-allowed"


@asks_only
async def test_options_say_which_methods_there_are(shared_site: Site):
    response = await shared_site.http.options("/v1/shows")

    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert (await shared_site.http.options("/nope")).status_code == 404


async def test_head_is_get_without_a_body(site: Site):
    for path in ("/v1/shows", "/v1/shows/bluey", "/docs/docs.js", "/v1/shows/nope"):
        got = await site.get(path, accept_encoding="gzip")
        head = await site.http.head(path, headers={"accept-encoding": "gzip"})

        assert head.content == b""
        assert head.status_code == got.status_code
        own = {"date", "x-request-id", "cache-status", "ratelimit"}
        assert {k: v for k, v in head.headers.items() if k not in own} == {
            k: v for k, v in got.headers.items() if k not in own
        }


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (errors.UnavailableError("no database"), 503, "unavailable"),
        (errors.ExhaustedError("too fast"), 429, "too-many-requests"),
        (errors.PreconditionFailedError("not now"), 400, "precondition-failed"),
        (errors.ConflictError("too late"), 409, "conflict"),
        (errors.AlreadyExistsError("there"), 409, "already-exists"),
        (errors.UnauthenticatedError("who"), 401, "unauthenticated"),
    ],
)
async def test_errors_of_upstreams_keep_their_kind(site: Site, error, status: int, name: str):
    site.catalog.error = error

    response = await site.get("/v1/shows")

    assert response.status_code == status
    assert response.json()["type"] == f"/problems/{name}"
    assert ("retry-after" in response.headers) == (status in (429, 503))
    assert (await site.get(f"/problems/{name}")).status_code == 200


async def test_a_bug_of_an_upstream_is_500_and_leaks_nothing(site: Site):
    site.catalog.error = RuntimeError("password=hunter2")

    response = await site.get("/v1/shows")

    assert response.status_code == 500
    assert response.json()["type"] == "/problems/internal-error"
    assert "hunter2" not in response.text


async def test_an_upstream_that_hangs_costs_the_deadline_and_no_more():
    async with sited(request_timeout_seconds=0.5) as site:
        site.catalog.gate.clear()
        loop = asyncio.get_running_loop()
        started = loop.time()

        response = await site.get("/v1/shows")
        elapsed_seconds = loop.time() - started

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["type"] == "/problems/unavailable"
    assert response.json()["detail"] == "The catalogue did not answer in time; try again."
    assert 0.45 <= elapsed_seconds < 30


async def test_a_catalogue_that_is_gone_is_told_without_its_address():
    settings = settings_for("127.0.0.1:1", "127.0.0.1:1")
    async with (
        app.serving(settings) as port,
        client_of(f"http://127.0.0.1:{port}") as http,
    ):
        response = await http.get("/v1/shows")

    assert response.status_code == 503
    assert response.json()["detail"] == "The catalogue does not answer just now; try again."


async def test_the_deadline_and_the_request_id_are_passed_on():
    async with sited(request_timeout_seconds=30, suggest_timeout_seconds=20) as site:
        await site.get("/v1/shows", x_request_id="from-the-edge")
        await site.get("/v1/suggest?q=a")

    assert 20 < site.catalog.deadlines_seconds[-1] < 30.5
    assert site.catalog.request_ids[-1] == "from-the-edge"
    assert 10 < site.search.deadlines_seconds[-1] < 20.5
    assert site.search.request_ids[-1]


PIECES = [*"abcXYZ019&=+%._-,;/:~!$'()*@?[]{}|^\\\"<>`", "%FF", "%00", "%C3%A9", "é"]
RAW = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
NAMES = st.sampled_from(
    ["q", "minAge", "maxAge", "pageSize", "pageToken", "orderBy", "fields", "theme", "dialogue",
     "ongoing", "ids", "calmer", "category", "nope", "minYear"]
)  # fmt: skip
PAIRS = st.lists(st.tuples(NAMES, RAW), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
PATHS = st.sampled_from(
    ["/v1/shows", "/v1/shows/bluey", "/v1/shows/1/similar", "/v1/compare", "/v1/home",
     "/v1/categories", "/v1/themes", "/v1/research", "/v1/search", "/v1/suggest",
     "/covers/bluey.svg", "/api/health", "/docs"]
)  # fmt: skip


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=PATHS, query=st.one_of(PAIRS, RAW))
def test_no_query_string_is_ever_our_fault(running_site: str, path: str, query: str):
    target = f"{path}?{query}".encode().replace(b" ", b"+").replace(b"#", b"%23")

    # granian's own parser may refuse what is no URI at all, with an empty body.
    assert status_of(running_site, target) in (200, 400, 404)


def status_of(address: str, target: bytes) -> int:
    """GET *target* as it stands, which no HTTP library would send."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])
