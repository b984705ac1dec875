"""Headers, codings, 304, and the cache in the process."""

from __future__ import annotations

import asyncio
import gzip
import re

import brotli
import prometheus_client
import pytest
import zstandard
from tantrum_kit import errors

from .conftest import Site, eventually, sited
from .fakes import FakeCatalog, make_show

DECODERS = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    "identity": bytes,
}


async def raw(site: Site, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body as they come over the wire, undecoded."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = site.http.build_request("GET", path, headers=named)
    if "accept-encoding" not in named:
        del request.headers["accept-encoding"]
    response = await site.http.send(request, stream=True)
    body = b"".join([chunk async for chunk in response.aiter_raw()])
    await response.aclose()
    return response.status_code, dict(response.headers), body


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_answers_say_how_long_and_for_whom_they_hold(site: Site, times: int):
    """The first time the long way, the second by L1, the third the short way."""
    for _ in range(times):
        status, headers, body = await raw(site, "/v1/shows")

    assert status == 200
    assert headers["cache-control"] == (
        "public, max-age=3600, s-maxage=21600, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert headers["vary"] == "Accept-Encoding"
    assert headers["catalog-revision"] == "7"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["content-length"] == str(len(body))
    assert re.fullmatch(r'"[0-9a-f]{24}-identity"', headers["etag"])
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", headers["x-request-id"])
    assert "server-timing" not in headers
    assert site.catalog.counts["ListShows"] == 1


async def test_each_coding_has_its_own_bytes_and_tag(site: Site):
    _, _, plain = await raw(site, "/v1/shows")
    tags = set()
    for coding, decode in DECODERS.items():
        for _ in range(2):
            _, headers, body = await raw(site, "/v1/shows", accept_encoding=coding)

            assert headers.get("content-encoding", "identity") == coding
            assert decode(body) == plain
            assert headers["etag"].endswith(f'-{coding}"')
        tags.add(headers["etag"])
        assert len(body) < 6_000 or coding == "identity"

    assert len(tags) == 4
    assert site.catalog.counts["ListShows"] == 1


async def test_a_small_body_is_compressed_only_for_who_refuses_it_plain(site: Site):
    path = "/v1/shows?pageSize=1&fields=id"
    _, plain, _ = await raw(site, path, accept_encoding="br, gzip")
    _, coded, _ = await raw(site, path, accept_encoding="gzip, identity;q=0")

    assert "content-encoding" not in plain
    assert coded["content-encoding"] == "gzip"


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "compress, identity;q=0"])
async def test_who_accepts_nothing_gets_406(site: Site, accept: str):
    status, headers, body = await raw(site, "/v1/shows", accept_encoding=accept)

    assert status == 406
    assert headers["content-type"].startswith("application/problem+json")
    assert b"/problems/not-acceptable" in body


async def test_who_has_the_answer_gets_304_with_what_a_cache_needs(site: Site):
    _, full, _ = await raw(site, "/v1/shows", accept_encoding="br")
    tag = full["etag"]
    spellings = [tag, f"W/{tag}", f'"other", {tag}', f'"a","b" ,W/{tag}', "*"]
    for spelling in spellings * 2:
        status, headers, body = await raw(
            site, "/v1/shows", accept_encoding="br", if_none_match=spelling
        )

        assert (status, body) == (304, b"")
        for name in ("etag", "cache-control", "vary", "catalog-revision"):
            assert headers[name] == full[name]
        assert headers["x-request-id"]
        assert "content-type" not in headers


async def test_a_tag_of_another_coding_is_no_match(site: Site):
    _, full, _ = await raw(site, "/v1/shows", accept_encoding="br")

    for tag in (full["etag"], '"nope"', "nonsense", ""):
        status, _, _ = await raw(
            site, "/v1/shows", accept_encoding="gzip", if_none_match=tag or '""'
        )
        assert status == 200


async def test_the_request_id_is_echoed_or_made(site: Site):
    for _ in range(3):
        _, given, _ = await raw(site, "/v1/shows", x_request_id="abc-1")
        _, made, _ = await raw(site, "/v1/shows")
        _, long, _ = await raw(site, "/v1/shows", x_request_id="x" * 200)

        assert given["x-request-id"] == "abc-1"
        assert len({made["x-request-id"], long["x-request-id"], "abc-1"}) == 3
        assert len(long["x-request-id"]) < 40


async def test_server_timing_comes_when_it_is_asked_for(site: Site):
    for source in ("miss", "l1", "l1"):
        _, headers, _ = await raw(site, "/v1/shows", x_server_timing="1")

        assert re.fullmatch(
            rf'cache;desc="{source}", (catalog;dur=[0-9.]+, )?total;dur=[0-9.]+',
            headers["server-timing"],
        )


async def test_requests_that_mean_the_same_share_an_answer(site: Site):
    for query in (
        "theme=music&theme=nature&minAge=3",
        "minAge=3&theme=nature&theme=music",
        "minAge=%33&theme=nature&theme=music&theme=music",
        "minAge=03&pageSize=20&theme=music&theme=nature&themeMatch=all&orderBy=name&q=",
        "&minAge=3&&theme=music&theme=nature&pageToken=",
    ):
        await site.json(f"/v1/shows?{query}")
    await site.json("/v1/shows?theme=music&theme=nature&minAge=3&orderBy=name%20asc")

    assert site.catalog.counts["ListShows"] == 2


async def test_a_thousand_at_once_are_one_call():
    async with sited() as site:
        site.catalog.gate.clear()
        before = misses()
        host, _, port = site.url.removeprefix("http://").partition(":")
        waiting = [asyncio.create_task(status_line(host, int(port))) for _ in range(1_000)]
        await eventually(lambda: misses() == before + 1_000)

        site.catalog.gate.set()
        statuses = await asyncio.gather(*waiting)

        assert set(statuses) == {b"HTTP/1.1 200 OK\r\n"}
        assert site.catalog.counts["ListShows"] == 1


def misses() -> float:
    labels = {"level": "l1", "result": "miss"}
    name = "tantrum_gateway_cache_lookups_total"
    return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0


async def status_line(host: str, port: int) -> bytes:
    """The first line that answers a GET on a connection of its own; httpx takes 5 ms for one."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /v1/shows HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


async def test_who_goes_away_leaves_the_call_to_the_others(site: Site):
    site.catalog.gate.clear()
    first = asyncio.create_task(site.get("/v1/shows"))
    await eventually(lambda: site.catalog.counts["ListShows"] == 1)
    second = asyncio.create_task(site.get("/v1/shows"))
    first.cancel()
    await asyncio.wait([first])

    site.catalog.gate.set()

    assert (await second).status_code == 200
    assert site.catalog.counts["ListShows"] == 1


async def test_an_error_is_never_kept(site: Site):
    site.catalog.error = errors.UnavailableError("not now")
    assert (await site.get("/v1/shows")).status_code == 503

    site.catalog.error = None

    assert (await site.get("/v1/shows")).status_code == 200


async def test_proven_absence_is_kept_shortly_and_dropped_by_a_write(site: Site):
    for _ in range(3):
        response = await site.get("/v1/shows/later")
        assert response.status_code == 404
        assert response.headers["cache-control"] == "public, max-age=10"
    assert site.catalog.counts["GetShow"] == 1

    await site.catalog.write(make_show(id=9_000, slug="later", name="Later"))

    await eventually(lambda: found(site, "/v1/shows/later"), within_seconds=1)


async def found(site: Site, path: str) -> bool:
    return (await site.get(path)).status_code == 200


async def test_a_write_is_seen_within_a_second_by_every_form():
    async with sited(catalog=FakeCatalog([make_show(name="Old")])) as site:
        paths = ("/v1/shows", "/v1/shows/1", "/v1/shows/blue-day", "/covers/blue-day.svg")
        for path in paths * 2:
            for accept in ("br", "gzip"):
                await raw(site, path, accept_encoding=accept)

        await site.catalog.write(make_show(name="New"))
        for path in paths:
            await eventually(lambda path=path: shows_name(site, path, "New"), within_seconds=1)

        for path in paths:
            for accept in DECODERS:
                _, headers, body = await raw(site, path, accept_encoding=accept)
                body = DECODERS[headers.get("content-encoding", "identity")](body)
                assert b"New" in body
                assert headers["catalog-revision"] == "8"


async def shows_name(site: Site, path: str, name: str) -> bool:
    return name in (await site.get(path)).text


async def test_an_answer_made_before_a_write_is_sent_but_not_kept():
    """The watch moves on while the call is under way."""
    async with sited(catalog=FakeCatalog([make_show(name="Old")])) as site:
        site.catalog.gate.clear()
        early = asyncio.create_task(site.get("/v1/shows/1"))
        await eventually(lambda: site.catalog.counts["GetShow"] == 1)
        old = site.catalog.revision
        site.catalog.answers_at = old
        await site.catalog.write(make_show(name="New"))
        await eventually(lambda: knows_revision(site, old + 1))
        site.catalog.gate.set()
        response = await early

        assert response.headers["catalog-revision"] == str(old)
        assert response.status_code == 200
        site.catalog.answers_at = None
        after = await site.get("/v1/shows/1")
        assert after.json()["name"] == "New"
        assert site.catalog.calls[-1][1].min_revision == old + 1


async def knows_revision(site: Site, revision: int) -> bool:
    return (await site.get("/api/health")).json()["revision"] == revision


async def test_search_that_lags_behind_the_watch_is_asked_again_and_not_kept(site: Site):
    site.search.lags_by = 1
    for _ in range(2):
        response = await site.get("/v1/search?q=bluey")
        assert response.headers["catalog-revision"] == "6"
        assert response.headers["cache-status"] == "tantrum-gateway; fwd=uri-miss"
    lagging_count = site.search.counts["SearchShows"]
    assert lagging_count > 2

    site.search.lags_by = 0
    for _ in range(3):
        response = await site.get("/v1/search?q=bluey")
        assert response.headers["catalog-revision"] == "7"

    assert site.search.counts["SearchShows"] == lagging_count + 1


async def test_pictures_outlive_writes(site: Site):
    await site.get("/images/picture-1")
    await site.catalog.write()
    await eventually(lambda: knows_revision(site, 8))
    await site.get("/images/picture-1")

    assert site.catalog.counts["GetImage"] == 1


async def test_the_cache_stays_within_its_bytes():
    async with sited(l1_size_bytes=200_000) as site:
        for number in range(1, 200):
            await site.get(f"/v1/shows?pageSize=3&minMinutes={number}")

            health = await site.json("/api/health")
            assert health["memory"]["l1Bytes"] <= 200_000
        assert health["memory"]["l1Bytes"] > 100_000


async def test_without_a_cache_all_works_and_nothing_is_kept():
    async with sited(l1_size_bytes=0) as site:
        for _ in range(2):
            assert (await site.get("/v1/shows")).status_code == 200

        assert site.catalog.counts["ListShows"] == 2


@pytest.mark.parametrize("given", ["é", "two words", "x" * 129, "tab\tbed"])
async def test_a_request_id_that_could_not_travel_is_replaced(site: Site, given: str):
    host, _, port = site.url.removeprefix("http://").partition(":")
    for _ in range(3):
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /v1/shows HTTP/1.1\r\nHost: x\r\nX-Request-Id: {given}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert re.search(rb"x-request-id: [0-9a-f]{12}-[0-9a-f]+\r\n", answer)


async def test_an_error_is_never_not_modified(site: Site):
    for _ in range(3):
        status, _, _ = await raw(site, "/v1/shows/nope", if_none_match="*")

        assert status == 404


async def test_long_spellings_take_no_room(site: Site):
    for number in range(20):
        accept = "gzip, " + f"x{number}" * 2_000
        status, headers, _ = await raw(site, "/v1/shows", accept_encoding=accept)

        assert (status, headers["content-encoding"]) == (200, "gzip")
    health = await site.json("/api/health")
    assert health["memory"]["l1Bytes"] < 50_000
