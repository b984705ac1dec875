"""What browsers are told, and what nobody is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog.testing
from tantrum_kit import errors

from .conftest import Site, asks_only, sited
from .fakes import FakeCatalog

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": re.compile(r"strict-origin-when-cross-origin|same-origin"),
    "permissions-policy": re.compile(r"camera=\(\), .*"),
    "content-security-policy": re.compile(r"default-src 'none';.*frame-ancestors 'none'.*"),
}
PROXIED = {"trusted_proxies": "127.0.0.1"}
ORIGIN = "https://parents.example"


def assert_secured(headers: Any) -> None:
    for name, expected in EVERYWHERE.items():
        [value] = headers.get_list(name)
        assert re.fullmatch(expected, value), (name, value)


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/docs/docs.js", "/problems/not-found", "/favicon.ico", "/v1/openapi.json",
     "/v1/shows", "/v1/shows/nope", "/v1/shows?minAge=x", "/nothing", "/covers/bluey.svg",
     "/images/picture-1", "/api/health", "/livez", "/v1/shows?q=" + "x" * 9_000],
)  # fmt: skip
@asks_only
async def test_every_answer_is_secured(shared_site: Site, path: str):
    for _ in range(3):
        assert_secured((await shared_site.get(path)).headers)
    assert_secured((await shared_site.http.head(path)).headers)
    assert_secured((await shared_site.http.options(path)).headers)
    assert_secured((await shared_site.http.post(path)).headers)


async def test_a_refusal_by_a_limit_is_secured():
    async with sited(limit_read="1/3600") as site:
        await site.get("/v1/shows")
        refused = await site.get("/v1/shows")

    assert refused.status_code == 429
    assert_secured(refused.headers)


async def test_a_304_leaves_what_is_stored_as_secure_as_it_was():
    async with sited(cors_origins=ORIGIN, **PROXIED) as site:
        tag = (await site.get("/v1/shows")).headers["etag"]
        for _ in range(3):
            again = await site.get("/v1/shows", if_none_match=tag, x_forwarded_proto="https")

            assert again.status_code == 304
            assert not EVERYWHERE.keys() & again.headers.keys()
            assert "Origin" in again.headers["vary"]
            assert again.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/not-found"])
@asks_only
async def test_what_pages_load_carries_the_nonce_of_their_policy(shared_site: Site, path: str):
    nonces = set()
    for _ in range(2):
        response = await shared_site.get(path)
        policy = response.headers["content-security-policy"]
        [nonce] = set(re.findall(r"'nonce-([\w-]{16,})'", policy))
        loading = re.findall(r"<(?:script|link rel=.stylesheet.)[^>]*>", response.text)
        nonces.add(nonce)

        assert loading
        assert all(f'nonce="{nonce}"' in element for element in loading)
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "private, no-cache"
    assert len(nonces) == 2


async def test_only_over_tls_it_is_to_be_used_always():
    async with sited(**PROXIED) as site:
        for _ in range(3):
            secure = await site.get("/v1/shows", x_forwarded_proto="https")
            plain = await site.get("/v1/shows", x_forwarded_proto="http")

            assert secure.headers["strict-transport-security"] == "max-age=31536000"
            assert "strict-transport-security" not in plain.headers


@asks_only
async def test_a_stranger_cannot_say_that_it_uses_tls(shared_site: Site):
    response = await shared_site.get("/v1/shows", x_forwarded_proto="https")

    assert "strict-transport-security" not in response.headers


async def test_pages_of_listed_origins_may_read():
    async with sited(cors_origins=f"{ORIGIN}, https://other.example") as site:
        for path in ("/v1/shows", "/v1/shows", "/v1/shows", "/v1/shows/nope", "/docs/docs.js"):
            allowed = (await site.get(path, origin=ORIGIN)).headers
            refused = (await site.get(path, origin="https://evil.example")).headers
            neither = (await site.get(path)).headers

            assert allowed["access-control-allow-origin"] == ORIGIN
            assert "RateLimit" in allowed["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in allowed
            for headers in (refused, neither):
                assert "access-control-allow-origin" not in headers
            for headers in (allowed, refused, neither):
                assert "Origin" in headers["vary"].split(", ")
        assert site.catalog.counts["ListShows"] == 1


async def test_who_allows_all_origins_need_not_tell_them_apart():
    async with sited(cors_origins="*") as site:
        headers = (await site.get("/v1/shows", origin=ORIGIN)).headers

    assert headers["access-control-allow-origin"] == "*"
    assert headers["vary"] == "Accept-Encoding"


@asks_only
async def test_without_a_list_no_origin_may_read(shared_site: Site):
    headers = (await shared_site.get("/v1/shows", origin=ORIGIN)).headers

    assert "access-control-allow-origin" not in headers
    assert headers["vary"] == "Accept-Encoding"


async def test_browsers_that_ask_first_are_told_what_is_allowed():
    ask = {"origin": ORIGIN, "access-control-request-method": "GET"}
    async with sited(cors_origins=ORIGIN) as site:
        allowed = await site.http.options("/v1/shows", headers=ask)
        refused = await site.http.options(
            "/v1/shows", headers=ask | {"origin": "https://evil.example"}
        )
        ordinary = await site.http.options("/v1/shows", headers={"origin": ORIGIN})

    assert allowed.status_code == refused.status_code == 204
    assert allowed.headers.get_list("access-control-allow-origin") == [ORIGIN]
    assert allowed.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in allowed.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in refused.headers
    assert "access-control-allow-methods" not in refused.headers
    assert ordinary.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("password=hunter2 at 10.1.2.3:5432"),
        errors.UnavailableError("the database did not answer"),
    ],
)
async def test_no_answer_tells_of_what_is_inside(failure: Exception):
    catalog = FakeCatalog()
    redis_url = "redis://:hunter2@127.0.0.1:1/0"
    with structlog.testing.capture_logs() as logs:
        async with sited(catalog=catalog, redis_url=redis_url) as site:
            catalog.error = failure
            texts = []
            for path in ("/v1/shows", "/v1/shows/bluey", "/api/health", "/readyz", "/nothing"):
                response = await site.get(path, authorization="Bearer hunter2", cookie="hunter2")
                texts.append(response.text + str(response.headers))

    for text in texts:
        assert "hunter2" not in text
        assert "Traceback" not in text
        assert not re.search(r"\d+\.\d+\.\d+\.\d+", text)
    assert "redis_failed" in [one["event"] for one in logs]
    for line in logs:
        if line["event"] != "request_failed":
            assert "hunter2" not in str(line)
            assert not re.search(r"127\.0\.0\.1", str(line))
