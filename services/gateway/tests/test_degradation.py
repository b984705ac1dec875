"""What the gateway answers while an upstream is away, slow, or has too much to do."""

from __future__ import annotations

import asyncio

import httpx
import prometheus_client
import structlog
from tantrum_gateway.concurrency import Limiter
from tantrum_kit import errors

from .conftest import Site, client_of, eventually, sited


def away():
    return errors.UnavailableError("away")


async def names(site: Site, path: str) -> list[str]:
    return [hit["show"]["name"] for hit in (await site.json(path))["hits"]]


async def test_without_the_search_names_are_found_in_the_catalogue_and_marked(site: Site):
    site.search.error = away()

    answer = await site.get("/v1/search?q=BLUEY&fields=name")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["degraded"] is True
    assert "Bluey" in [hit["show"]["name"] for hit in body["hits"]]
    assert body["hits"][0]["highlights"] == []


async def test_with_the_search_nothing_is_degraded(site: Site):
    assert (await site.json("/v1/search?q=bluey"))["degraded"] is False
    assert (await site.json("/v1/suggest?q=bluey"))["degraded"] is False


async def test_without_the_search_filters_hold(site: Site):
    site.search.error = away()

    found = await site.json("/v1/search?q=a&maxStimulation=1&fields=stimulation")

    assert {hit["show"]["stimulation"] for hit in found["hits"]} == {1}


async def test_a_degraded_answer_is_soon_replaced_by_a_whole_one(site: Site):
    site.search.error = away()
    assert (await site.json("/v1/search?q=bluey"))["degraded"]
    site.search.error = None

    async def is_whole() -> bool:
        return not (await site.json("/v1/search?q=bluey"))["degraded"]

    await eventually(is_whole)


async def test_a_degraded_list_goes_on_as_it_began(site: Site):
    site.search.error = away()
    first = await site.json("/v1/search?q=a&pageSize=2&fields=name")
    site.search.error = None

    second = await site.json(
        f"/v1/search?q=a&pageSize=2&fields=name&pageToken={first['nextPageToken']}"
    )

    assert second["degraded"] is True
    shown = [hit["show"]["name"] for page in (first, second) for hit in page["hits"]]
    assert len(set(shown)) == 4


async def test_a_list_of_the_search_does_not_go_on_without_it(site: Site):
    token = (await site.json("/v1/search?q=a&pageSize=2"))["nextPageToken"]
    site.search.error = away()

    answer = await site.get(f"/v1/search?q=a&pageSize=2&pageToken={token}")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_without_the_search_suggestions_are_none_and_marked(site: Site):
    site.search.error = away()

    answer = await site.get("/v1/suggest?q=blu")

    assert answer.json() == {"suggestions": [], "degraded": True}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_search_that_hangs_leaves_the_catalogue_time_to_answer():
    async with sited(request_timeout_seconds=2) as site:
        site.search.gate.clear()

        assert await names(site, "/v1/search?q=bluey") == ["Bluey"]


async def test_an_upstream_that_keeps_failing_is_left_alone_and_taken_up_again(site: Site):
    site.catalog.error = away()
    for number in range(10):
        assert (await site.get(f"/v1/shows?maxMinutes={number}")).status_code == 503
    # It says that it serves, so that some calls try whether it does.
    called = site.catalog.counts["ListShows"]
    answers = [await site.get(f"/v1/shows?maxYear={1000 + one}") for one in range(20)]
    assert {one.status_code for one in answers} == {503}
    assert {one.headers["retry-after"] for one in answers} == {"1"}
    assert site.catalog.counts["ListShows"] - called < 20
    site.catalog.error = None

    async def is_back() -> bool:
        return (await site.get("/v1/shows?maxYear=1999")).status_code == 200

    await eventually(is_back)


async def test_bugs_and_absence_are_no_reason_to_leave_an_upstream_alone(site: Site):
    for number in range(30):
        assert (await site.get(f"/v1/shows/no-show-{number}")).status_code == 404
    site.catalog.error = RuntimeError("a bug")
    with structlog.testing.capture_logs():  # 30 tracebacks take long to draw
        for number in range(30):
            assert (await site.get(f"/v1/shows?maxMinutes={number}")).status_code == 500
    site.catalog.error = None

    assert (await site.get("/v1/shows")).status_code == 200


def gauge(of: str) -> float:
    """What the gateway tells of its calls to the catalogue."""
    name = f"tantrum_gateway_upstream_{of}_count"
    value = prometheus_client.REGISTRY.get_sample_value(name, {"upstream": "catalog"})
    assert value is not None
    return value


async def test_above_the_bound_requests_are_shed_at_once_with_retry_after():
    more = Limiter(now_monotonic=lambda: 0.0).limit + 20
    async with (
        sited() as site,
        client_of(site.url, limits=httpx.Limits(max_connections=more + 1)) as http,
    ):
        # When it starts it reads all shows. Where that was slow, the bound is lower now.
        await eventually(lambda: site.catalog.own_counts["ListShows"] >= 4)
        await eventually(lambda: gauge("under_way") == 0)
        bound = gauge("limit")
        site.catalog.gate.clear()
        asking = [
            asyncio.create_task(http.get(f"/v1/shows?maxMinutes={number}"))
            for number in range(more)
        ]
        # The catalogue answers nobody, so that only those are done that it was spared.
        await eventually(lambda: sum(one.done() for one in asking) >= more - bound)
        shed = [one.result() for one in asking if one.done()]
        health = await http.get("/readyz")
        site.catalog.gate.set()
        answers = await asyncio.gather(*asking)

    assert {one.status_code for one in shed} == {503}
    assert {one.headers["retry-after"] for one in shed} == {"1"}
    assert {one.json()["type"] for one in shed} == {"/problems/unavailable"}
    assert {one.json()["detail"] for one in shed} == {
        "The catalogue has too much to do just now; try again."
    }
    assert health.status_code == 200
    assert sum(one.status_code == 200 for one in answers) == bound
