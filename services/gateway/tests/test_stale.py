"""Answers after their time: while a new one is fetched, and when there is none to be had."""

from __future__ import annotations

import pytest
from tantrum_gateway import upkeep
from tantrum_kit import errors

from .conftest import Site, eventually, sited, watches
from .fakes import FakeCatalog, make_show
from .test_caching import DECODERS, knows_revision, raw
from .test_redis import keys

LONG_WAY = {"x_server_timing": "1"}
"""Asks without being counted as a hit, so that nothing is kept warm for it."""


async def test_an_expired_answer_is_sent_while_a_new_one_is_fetched():
    async with sited(shows_ttl_seconds=0.2) as site:
        await site.get("/v1/shows", **LONG_WAY)

        async def stale() -> bool:
            status = (await site.get("/v1/shows", **LONG_WAY)).headers["cache-status"]
            return "ttl=-" in status and "detail=stale-while-revalidate" in status

        await eventually(stale)
        await eventually(lambda: site.catalog.counts["ListShows"] >= 2)


async def test_when_the_catalogue_fails_what_was_known_is_sent_and_says_so():
    async with sited(catalog=FakeCatalog([make_show(name="Old")])) as site:
        await site.get("/v1/shows/1")
        site.catalog.error = errors.UnavailableError("not now")
        await site.catalog.write(make_show(name="New"))
        await eventually(lambda: knows_revision(site, site.catalog.revision))

        answer = await site.get("/v1/shows/1")
        assert (answer.status_code, answer.json()["name"]) == (200, "Old")
        assert answer.headers["cache-status"].startswith("tantrum-gateway; hit; ttl=-")
        assert answer.headers["cache-status"].endswith("; detail=stale-if-error")
        assert answer.headers["cache-control"] == "public, max-age=5"
        assert int(answer.headers["age"]) >= 0
        assert answer.headers["catalog-revision"] == "7"

        never_seen = await site.get("/v1/shows")
        assert never_seen.status_code == 503
        assert never_seen.headers["content-type"].startswith("application/problem+json")
        assert int(never_seen.headers["retry-after"]) > 0

        site.catalog.error = None
        assert (await site.get("/v1/shows/1")).json()["name"] == "New"


async def test_search_that_fails_sends_what_it_found_before():
    async with sited() as site:
        before = await site.json("/v1/search?q=bluey")
        site.search.error = errors.UnavailableError("not now")
        await site.catalog.write(make_show(id=9_000, slug="bluey-later", name="Bluey later"))
        await eventually(lambda: knows_revision(site, site.catalog.revision))

        answer = await site.get("/v1/search?q=bluey")

        assert answer.json() == before
        assert "detail=stale-if-error" in answer.headers["cache-status"]
        assert (await site.json("/v1/search?q=other"))["degraded"] is True


@pytest.mark.integration
async def test_what_redis_has_of_old_is_sent_by_a_gateway_that_has_just_started(redis_server):
    catalog = FakeCatalog([make_show(name="Old")])
    async with sited(catalog=catalog, redis_url=redis_server.url) as one:
        await eventually(lambda: watches(one))
        await one.get("/v1/shows/1")
        await eventually(lambda: stored(redis_server.url))
    await catalog.write(make_show(name="New"))
    async with sited(catalog=catalog, redis_url=redis_server.url) as other:
        await eventually(lambda: watches(other))
        catalog.error = errors.UnavailableError("not now")
        for _ in range(2):
            answer = await other.get("/v1/shows/1")

            assert (answer.status_code, answer.json()["name"]) == (200, "Old")
            assert "detail=stale-if-error" in answer.headers["cache-status"]


@pytest.mark.integration
async def test_a_gateway_that_starts_takes_from_redis_what_later_writes_left_standing(redis_server):
    catalog = FakeCatalog([make_show(), make_show(id=2, slug="red-day", name="Red Day")])
    async with sited(catalog=catalog, redis_url=redis_server.url) as one:
        await eventually(lambda: watches(one))
        await one.get("/v1/shows/1")
        await one.get("/v1/shows/2")
        await eventually(lambda: stored(redis_server.url, count=2))
    await catalog.write(make_show(name="New"))
    async with sited(catalog=catalog, redis_url=redis_server.url) as other:
        await eventually(lambda: watches(other))
        touched, untouched = await other.get("/v1/shows/1"), await other.get("/v1/shows/2")

        assert touched.json()["name"] == "New"
        assert "fwd=uri-miss" in touched.headers["cache-status"]
        assert untouched.headers["cache-status"].endswith("; detail=l2")
        assert catalog.counts["GetShow"] == 1


async def stored(url: str, *, count: int = 1) -> bool:
    return len(await keys(url)) == count


async def test_what_is_asked_often_is_asked_for_again_before_it_expires():
    async with sited(shows_ttl_seconds=4) as site:
        for _ in range(5):
            await site.get("/v1/shows")

        await eventually(lambda: site.catalog.counts["ListShows"] >= 2)

        # By the same short way: nobody noticed.
        assert "; hit; ttl=" in (await site.get("/v1/shows")).headers["cache-status"]


async def test_what_is_asked_often_is_asked_for_again_when_a_write_outdates_it():
    async with sited(catalog=FakeCatalog([make_show(name="Old")])) as site:
        for _ in range(50):
            await site.get("/v1/shows/1")
        await site.get("/v1/shows/blue-day")

        await site.catalog.write(make_show(name="New"))
        await eventually(lambda: site.catalog.counts["GetShow"] == 3)

        assert (await site.get("/v1/shows/1")).json()["name"] == "New"
        assert site.catalog.counts["GetShow"] == 3


@pytest.mark.parametrize("coding", ["br", "zstd"])
async def test_what_lasts_is_compressed_with_all_effort_and_old_tags_stay_good(
    monkeypatch, coding: str
):
    monkeypatch.setattr(upkeep, "_POLISHED_AFTER_SECONDS", 0.0)
    async with sited() as site:
        _, quick, quick_body = await raw(site, "/v1/shows", accept_encoding=coding)

        async def polished() -> bool:
            _, headers, _ = await raw(site, "/v1/shows", accept_encoding=coding)
            return headers["etag"] != quick["etag"]

        await eventually(polished)
        _, best, best_body = await raw(site, "/v1/shows", accept_encoding=coding)
        assert len(best_body) < len(quick_body)
        assert DECODERS[coding](best_body) == DECODERS[coding](quick_body)

        for tag in (quick["etag"], best["etag"]):
            for _ in range(2):
                status, headers, _ = await raw(
                    site, "/v1/shows", accept_encoding=coding, if_none_match=tag
                )
                # The tag of the bytes that the client has.
                assert (status, headers["etag"]) == (304, tag)


async def test_every_cacheable_answer_says_its_age_and_where_it_came_from(site: Site):
    for path in ("/v1/shows", "/v1/shows/bluey", "/v1/shows/nope", "/images/picture-1", "/docs"):
        for _ in range(3):
            answer = await site.get(path)
            assert answer.headers["age"] == str(int(answer.headers["age"])), path
            assert answer.headers["cache-status"].startswith("tantrum-gateway; "), path
    first = await site.get("/v1/themes")
    second = await site.get("/v1/themes")
    not_modified = await site.get("/v1/themes", if_none_match=first.headers["etag"])

    assert first.headers["cache-status"] == "tantrum-gateway; fwd=uri-miss; stored"
    assert second.headers["cache-status"].startswith("tantrum-gateway; hit; ttl=")
    assert not_modified.status_code == 304
    assert not_modified.headers["age"]
    assert not_modified.headers["cache-status"].startswith("tantrum-gateway; hit; ttl=")
    assert "age" not in (await site.get("/api/health")).headers
