"""Each part under the gateway stopped, frozen and slow, and how soon all is well again."""

from __future__ import annotations

import concurrent.futures
import contextlib

import pytest

from .parts import wait_until
from .product import running

pytestmark = pytest.mark.integration

REQUEST_SECONDS = 2
RECOVERY_SECONDS = 5
"""The bar, which is printed; a busy machine gets more before a test fails."""

SEARCH = '{ search(query: "bluey") { nodes { show { name } } } }'

SILENCE_SECONDS = 5
"""How long the watch may be silent, by default."""

SEEN = ("/v1/shows/bluey", "/v1/home", "/v1/shows?maxStimulation=2")


@pytest.fixture(scope="module")
def product():
    with running(
        request_timeout_seconds=REQUEST_SECONDS,
        suggest_timeout_seconds=1,
        # What was seen is soon stale, so that the upstream is asked again.
        shows_ttl_seconds=1,
        categories_ttl_seconds=1,
        stale_while_revalidate_seconds=0,
        log_level="WARNING",
    ) as product:
        yield product


@pytest.fixture(autouse=True)
def _all_is_well(product):
    """Each test begins with a product whose parts all answer, and with answers that were seen."""
    wait_until(lambda: is_well(product))
    for path in SEEN:
        assert product.get(path).status_code == 200


def is_well(product):
    health = product.get("/api/health").json()
    return (
        health["status"] == "healthy"
        and {one.status_code for one in many(product, product.new_paths(10))} == {200}
        and not product.get(f"/v1/search?q=blue&maxYear={next(YEARS)}").json()["degraded"]
    )


YEARS = iter(range(5_000, 9_999))


@contextlib.contextmanager
def harmed(product, name, how, *, delay_seconds):
    """Have the part *name* stopped, frozen or slow while the body runs, and well after it."""
    part, link = product.parts[name], product.links[name]
    match how:
        case "stopped":
            part.stop()
        case "frozen":
            part.freeze()
        case "slow":
            link.delay_seconds = delay_seconds
    try:
        yield
    finally:
        link.delay_seconds = 0
        if how == "stopped":
            part.start()
        else:
            part.thaw()


@pytest.fixture
def recovered(capsys):
    """Waits until something holds, and prints how long it took."""

    def wait(what, holds):
        seconds = wait_until(holds)
        with capsys.disabled():
            print(f"\n{what}: well again after {seconds:.1f} s (bar: {RECOVERY_SECONDS} s)")

    return wait


def many(product, paths):
    """The answers to *paths*, asked for all at once."""
    paths = list(paths)
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as threads:
        return list(threads.map(product.get, paths))


def is_stale(answer):
    return "stale-if-error" in answer.headers["cache-status"]


def assert_seen_answers_continue(product):
    for path in SEEN:
        assert product.get(path).status_code == 200
    assert product.get("/readyz").status_code == 200


HOWS = pytest.mark.parametrize("how", ["stopped", "frozen", "slow"])


@HOWS
def test_without_redis_all_answers_continue(product, recovered, how):
    with harmed(product, "redis", how, delay_seconds=0.5):
        answers = many(product, product.new_paths(10))
        assert_seen_answers_continue(product)

    assert {one.status_code for one in answers} == {200}
    recovered(
        f"redis {how}",
        lambda: product.get("/api/health").json()["upstreams"]["redis"]["state"] == "up",
    )


@HOWS
def test_without_the_search_lists_and_names_continue(product, recovered, how):
    with harmed(product, "search", how, delay_seconds=REQUEST_SECONDS):
        lists = many(product, product.new_paths(5))
        found = product.get("/v1/search?q=bluey&maxYear=2030")
        suggested = product.get("/v1/suggest?q=blu")
        by_graphql = product.http.post(f"{product.url}/graphql", json={"query": SEARCH})
        assert_seen_answers_continue(product)

    assert {one.status_code for one in lists} == {200}
    assert found.status_code == 200
    assert found.json()["degraded"] is True
    assert "Bluey" in [hit["show"]["name"] for hit in found.json()["hits"]]
    assert suggested.json() == {"suggestions": [], "degraded": True}
    assert suggested.headers["cache-control"] == "no-store"
    nodes = by_graphql.json()["data"]["search"]["nodes"]
    assert "Bluey" in [node["show"]["name"] for node in nodes]
    assert by_graphql.json()["extensions"] == {"degraded": True}
    assert by_graphql.headers["cache-status"].endswith("; detail=degraded")
    recovered(
        f"search {how}",
        lambda: not product.get(f"/v1/search?q=blue&maxYear={next(YEARS)}").json()["degraded"],
    )


@pytest.mark.parametrize("name", ["catalog", "database"])
@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_without_the_catalogue_what_was_seen_continues(product, recovered, name, how):
    with harmed(product, name, how, delay_seconds=0):
        wait_until(lambda: is_stale(product.get(SEEN[0])))
        unseen = many(product, product.new_paths(10))
        at_once = product.get(product.new_path())
        found = product.get(f"/v1/search?q=bluey&maxYear={next(YEARS)}")
        assert_seen_answers_continue(product)

    assert {one.status_code for one in [*unseen, at_once]} == {503}
    assert {one.headers["retry-after"] for one in [*unseen, at_once]} == {"1"}
    assert {one.json()["type"] for one in unseen} == {"/problems/unavailable"}
    assert found.json()["degraded"] is False  # the search has all in memory
    recovered(f"{name} {how}", lambda: product.get(product.new_path()).status_code == 200)


def test_of_a_frozen_catalogue_the_gateway_says_that_nobody_watches(product, capsys):
    """Its connections stay open: only that no bookmark comes tells that it is frozen."""

    def watch():
        return product.get("/api/health").json()["watch"]

    with harmed(product, "catalog", "frozen", delay_seconds=0):
        seconds = wait_until(lambda: watch()["state"] == "down")
        assert "tantrum_gateway_watch_up 0.0" in product.metrics()
    with capsys.disabled():
        print(f"\ncatalog frozen: noticed after {seconds:.1f} s (bar: {SILENCE_SECONDS} s)")
    wait_until(lambda: watch()["state"] == "up")


@pytest.mark.parametrize("name", ["catalog", "database"])
def test_with_a_slow_catalogue_all_answers_continue(product, name):
    with harmed(product, name, "slow", delay_seconds=0.1):
        answers = many(product, product.new_paths(5))
        assert_seen_answers_continue(product)

    assert {one.status_code for one in answers} == {200}


def test_a_catalogue_that_comes_back_finds_no_herd(product, recovered):
    """Many ask at once, all the time: what comes through grows, and then all do."""
    with harmed(product, "catalog", "frozen", delay_seconds=0):
        refused = many(product, product.new_paths(20))
        assert {one.status_code for one in refused} == {503}

    def all_come_through():
        answers = many(product, product.new_paths(20))
        return {one.status_code for one in answers} == {200}

    recovered("catalog frozen, 20 at a time", all_come_through)
