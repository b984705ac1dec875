"""Rate limits as clients meet them."""

from __future__ import annotations

import pytest

from .conftest import sited

CLIENT = "198.51.100.7"
PROXIED = {"trusted_proxies": "127.0.0.1"}


@pytest.mark.parametrize("path", ["/v1/shows", "/nothing", "/docs", "/v1/shows?minAge=x"])
async def test_who_asks_too_often_is_told_when_to_come_again(path: str):
    async with sited(limit_read="5/3600") as site:
        answers = [await site.get(path) for _ in range(7)]

    assert {one.status_code for one in answers[:5]} <= {200, 400, 404}
    for refused in answers[5:]:
        assert refused.status_code == 429
        assert refused.headers["content-type"].startswith("application/problem+json")
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert refused.json()["detail"] == "read: 5 requests in 3600 seconds"
        assert 700 <= int(refused.headers["retry-after"]) <= 721
        assert refused.headers["cache-control"] == "no-store"
        assert refused.headers["ratelimit"] == '"read";r=0;t=3600'
        assert refused.headers["x-request-id"]


async def test_every_answer_says_what_remains_hits_and_304s_included():
    async with sited(limit_read="40/3600") as site:
        answers = [await site.get("/v1/shows") for _ in range(3)]
        tag = answers[0].headers["etag"]
        answers += [await site.get("/v1/shows", if_none_match=tag) for _ in range(2)]
        answers += [await site.get("/nothing"), await site.http.head("/v1/shows")]

    assert [one.status_code for one in answers] == [200, 200, 200, 304, 304, 404, 200]
    for number, answer in enumerate(answers, 1):
        assert answer.headers["ratelimit-policy"] == '"read";q=40;w=3600'
        assert answer.headers["ratelimit"].startswith(f'"read";r={40 - number};t=')


async def test_classes_are_limited_apart_and_hits_count_for_their_class():
    async with sited(limit_read="12/3600", limit_search="5/3600") as site:
        searches = [(await site.get("/v1/search?q=blue")).status_code for _ in range(7)]
        reads = [(await site.get("/v1/shows")).status_code for _ in range(14)]

    assert searches == [200] * 5 + [429] * 2
    assert reads == [200] * 12 + [429] * 2


async def test_a_spelling_with_escapes_is_limited_as_what_it_means():
    async with sited(limit_search="5/3600") as site:
        answers = [await site.get("/v1/%73earch?q=blue") for _ in range(6)]

    assert answers[-1].status_code == 429
    assert answers[-1].headers["ratelimit-policy"] == '"search";q=5;w=3600'


async def test_clients_behind_a_proxy_have_limits_of_their_own():
    async with sited(limit_read="5/3600", **PROXIED) as site:
        for _ in range(6):
            last = await site.get("/v1/shows", x_forwarded_for=CLIENT)
        other = await site.get("/v1/shows", x_forwarded_for="198.51.100.8")

    assert (last.status_code, other.status_code) == (429, 200)


async def test_nobody_escapes_by_claiming_to_be_somebody_else():
    async with sited(limit_read="5/3600") as site:
        answers = [await site.get("/v1/shows", x_forwarded_for=f"198.51.100.{n}") for n in range(6)]

    assert answers[-1].status_code == 429


async def test_a_whole_ipv6_network_is_one_client():
    async with sited(limit_read="5/3600", **PROXIED) as site:
        answers = [
            await site.get("/v1/shows", x_forwarded_for=f"2001:db8::{n:x}") for n in range(6)
        ]

    assert answers[-1].status_code == 429


async def test_where_no_client_is_known_nothing_is_limited():
    """Else all users of a product whose proxies were not told apart would share one limit."""
    async with sited(limit_read="5/3600", **PROXIED) as site:
        answers = [await site.get("/v1/shows") for _ in range(20)]

    assert {one.status_code for one in answers} == {200}
    assert "ratelimit" not in answers[-1].headers


async def test_probes_are_never_limited():
    async with sited(limit_read="5/3600") as site:
        codes = {(await site.get("/readyz")).status_code for _ in range(20)}

    assert codes == {200}


async def test_a_refused_head_has_no_body():
    async with sited(limit_read="1/3600") as site:
        await site.get("/v1/shows")
        refused = await site.http.head("/v1/shows")

    assert (refused.status_code, refused.content) == (429, b"")
    assert int(refused.headers["content-length"]) > 0
