"""Preconditions in the order of RFC 9110, section 13.2.2, and what else a request may demand."""

from __future__ import annotations

import pytest

from .conftest import Site


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("if_match", "if_none_match", "status"),
    [
        ("{tag}", None, 200),
        ('"x", {tag}', None, 200),
        ("*", None, 200),
        ('"x"', None, 412),
        # If-Match compares strongly, If-None-Match weakly.
        ("W/{tag}", None, 412),
        (None, "W/{tag}", 304),
        (None, '"x", {tag}', 304),
        (None, "*", 304),
        (None, '"x"', 200),
        # If-Match comes first, and what passes it goes on.
        ('"x"', "{tag}", 412),
        ("{tag}", "{tag}", 304),
        ("{tag}", '"x"', 200),
    ],
)
async def test_tags_decide(site: Site, *, method, if_match, if_none_match, status):
    tag = (await site.get("/v1/shows")).headers["etag"]
    given = {"if-match": if_match, "if-none-match": if_none_match}
    headers = {name: value.format(tag=tag) for name, value in given.items() if value}
    for _ in range(2):
        answer = await site.http.request(method, "/v1/shows", headers=headers)

        assert answer.status_code == status
        if method == "HEAD" or status == 304:
            assert answer.content == b""
        elif status == 412:
            assert answer.json()["type"].endswith("/problems/state-changed")


async def test_dates_decide_nothing_since_answers_have_none(site: Site):
    for _ in range(3):
        answer = await site.get(
            "/v1/shows",
            if_modified_since="Fri, 01 Jan 2100 00:00:00 GMT",
            if_unmodified_since="Thu, 01 Jan 1970 00:00:00 GMT",
        )

        assert answer.status_code == 200
        assert "last-modified" not in answer.headers


async def test_a_precondition_decides_only_what_would_succeed(site: Site):
    for name in ("if-match", "if-none-match"):
        for value in ("*", '"x"'):
            answer = await site.http.get("/v1/shows/nope", headers={name: value})
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/v1/shows", "application/json", 200),
        ("/v1/shows", "text/html, */*;q=0.1", 200),
        ("/v1/shows", "text/html", 406),
        ("/v1/shows", "application/json;q=0", 406),
        ("/covers/bluey.svg", "image/*", 200),
        ("/covers/bluey.svg", "application/json", 406),
        # A problem is for everybody.
        ("/v1/shows/nope", "text/html", 404),
    ],
)
async def test_what_the_client_would_not_take_is_not_sent(site: Site, path, accept, status):
    await site.get(path)
    for _ in range(3):
        answer = await site.get(path, accept=accept)

        assert answer.status_code == status
        if status != 200:
            assert answer.headers["content-type"].startswith("application/problem+json")


async def test_options_says_what_there_is(site: Site):
    answer = await site.http.options("/v1/shows")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
async def test_other_methods_are_not_allowed(site: Site, method: str):
    answer = await site.http.request(method, "/v1/shows")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
