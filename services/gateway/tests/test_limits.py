"""The arithmetic of rate limits, without a network."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_gateway.clients import ClientFinder
from tantrum_gateway.cors import Cors
from tantrum_gateway.front import Bounds, Front
from tantrum_gateway.limits.lease import Grant
from tantrum_gateway.limits.limiter import Limiter
from tantrum_gateway.limits.rules import CLASSES, UNLIMITED, LimitClass, index_of


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def limiter_of(limit: str | None, *, clock: Clock | None = None, max_keys: int = 100) -> Limiter:
    limits = dict.fromkeys(LimitClass, limit)
    return Limiter(limits, max_keys=max_keys, now_monotonic=clock or Clock())


def taken(limiter: Limiter, times: int, key: str = "a") -> int:
    """How many of so many requests are allowed."""
    return sum(limiter.take(LimitClass.READ, key).allowed for _ in range(times))


@pytest.mark.parametrize(
    ("method", "path", "limit_class"),
    [
        ("GET", "/v1/shows", LimitClass.READ),
        ("HEAD", "/nothing", LimitClass.READ),
        ("OPTIONS", "/v1/admin/shows", LimitClass.READ),
        ("GET", "/v1/search", LimitClass.SEARCH),
        ("HEAD", "/v1/search", LimitClass.SEARCH),
        ("GET", "/v1/suggest", LimitClass.SUGGEST),
        ("POST", "/graphql", LimitClass.GRAPHQL),
        ("GET", "/graphql", LimitClass.GRAPHQL),
        ("PATCH", "/v1/admin/shows/1", LimitClass.WRITE),
        ("POST", "/nothing", LimitClass.WRITE),
        ("POST", "/v1/admin/session", LimitClass.SIGN_IN),
        ("GET", "/v1/admin/session", LimitClass.READ),
        ("DELETE", "/v1/admin/session", LimitClass.WRITE),
    ],
)
def test_each_request_belongs_to_a_class(method, path, limit_class):
    assert CLASSES[index_of(method, path)] is limit_class


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_belong_to_none(path):
    assert index_of("GET", path) == UNLIMITED


@given(quota=st.integers(1, 500), window_seconds=st.integers(1, 3_600))
def test_alone_exactly_the_quota_is_allowed_at_once(quota, window_seconds):
    limiter = limiter_of(f"{quota}/{window_seconds}")

    assert taken(limiter, quota + 20) == quota


@given(
    quota=st.integers(1, 200),
    window_seconds=st.integers(1, 100),
    waits_seconds=st.lists(st.floats(0, 30), max_size=20),
)
def test_alone_no_more_than_the_quota_and_what_time_brings_is_allowed(
    quota, window_seconds, waits_seconds
):
    clock = Clock()
    limiter = limiter_of(f"{quota}/{window_seconds}", clock=clock)
    allowed = taken(limiter, quota + 1)
    for wait_seconds in waits_seconds:
        clock.now += wait_seconds
        allowed += taken(limiter, quota + 1)

    assert allowed <= quota + sum(waits_seconds) * quota / window_seconds + 1e-6


@given(quota=st.integers(1, 500), window_seconds=st.integers(1, 3_600))
def test_who_waits_as_long_as_it_was_told_is_allowed(quota, window_seconds):
    clock = Clock()
    limiter = limiter_of(f"{quota}/{window_seconds}", clock=clock)
    taken(limiter, quota)
    refused = limiter.take(LimitClass.READ, "a")
    clock.now += refused.retry_after_seconds

    assert not refused.allowed
    assert limiter.take(LimitClass.READ, "a").allowed


def test_keys_and_classes_have_quotas_of_their_own():
    limiter = limiter_of("5/60")
    taken(limiter, 9)

    assert taken(limiter, 9, key="b") == 5
    assert limiter.take(LimitClass.SEARCH, "a").allowed


def test_a_request_may_cost_more_than_one_token():
    limiter = limiter_of("100/60")

    assert limiter.take(LimitClass.GRAPHQL, "a", cost=60).allowed
    assert not limiter.take(LimitClass.GRAPHQL, "a", cost=60).allowed
    assert limiter.take(LimitClass.GRAPHQL, "a", cost=40).allowed


def test_more_than_the_quota_is_never_allowed_and_costs_nothing():
    limiter = limiter_of("10/60")

    assert not limiter.take(LimitClass.GRAPHQL, "a", cost=11).allowed
    assert limiter.take(LimitClass.GRAPHQL, "a", cost=10).allowed


def test_several_gateways_share_a_limit_when_each_is_alone():
    limiter = limiter_of("300/60")
    limiter.gateways = 3

    assert taken(limiter, 400) == 100


def test_without_a_limit_nothing_is_said_and_everything_allowed():
    limiter = limiter_of(None)
    verdicts = [limiter.take(LimitClass.READ, "a", cost=10**9) for _ in range(100)]

    assert all(verdict.allowed and verdict.headers == [] for verdict in verdicts)


def test_headers_name_the_policy_and_what_remains():
    limiter = limiter_of("30/60")
    remaining = []
    for _ in range(32):
        headers = dict(limiter.take(LimitClass.READ, "a").headers)
        assert headers[b"ratelimit-policy"] == b'"read";q=30;w=60'
        match = re.fullmatch(rb'"read";r=(\d+);t=(\d+)', headers[b"ratelimit"])
        assert match
        remaining.append((int(match[1]), int(match[2])))

    assert remaining[0] == (29, 2)
    assert remaining[28:] == [(1, 58), (0, 60), (0, 60), (0, 60)]


def test_memory_is_bounded_whatever_addresses_come():
    limiter = limiter_of("10/60", max_keys=1_000)
    for number in range(200_000):
        limiter.take(LimitClass.READ, f"2001:db8:{number:x}::/64")

    assert len(limiter) <= 2_000


def test_who_keeps_coming_is_remembered_among_any_number_of_strangers():
    limiter = limiter_of("10/3600", max_keys=100)
    allowed = 0
    for number in range(10_000):
        allowed += limiter.take(LimitClass.READ, "busy").allowed
        limiter.take(LimitClass.READ, f"stranger-{number}")

    assert allowed == 10


def test_who_has_gone_is_forgotten_after_two_windows():
    clock = Clock()
    limiter = limiter_of("10/60", clock=clock)
    taken(limiter, 1)
    for _ in range(2):
        clock.now += 60
        limiter.sweep()

    assert len(limiter) == 0


def test_who_is_known_by_its_looks_keeps_its_leases_for_as_long_as_it_comes():
    clock = Clock()
    limiter = limiter_of("10/60", clock=clock, max_keys=10)
    front = Front(
        finder=ClientFinder(trusted=(), cloudflare=()),
        limiter=limiter,
        cors=Cors(""),
        bounds=Bounds(url_bytes=1, headers_bytes=1),
    )
    looks = ("203.0.113.7", None, None, None)
    leases = front.caller(looks).leases
    for number in range(200):
        clock.now += 20
        front.sweep()
        front.caller((f"198.51.100.{number}", None, None, None))

        assert (front.callers.get(looks) or front.caller(looks)).leases is leases


def test_shared_a_block_is_asked_for_once_when_half_of_it_is_gone():
    limiter = limiter_of("1000/60")
    limiter.shared = True
    asked = []
    limiter.on_wanted = lambda: asked.append(limiter.wanted[-1])
    taken(limiter, 49)
    assert not asked

    taken(limiter, 20)

    assert len(asked) == 1
    assert (asked[0].owed, asked[0].target) == (100, 100)


def test_shared_nothing_is_given_out_that_redis_has_not_granted():
    limiter = limiter_of("1000/60")
    limiter.shared = True

    assert taken(limiter, 500) == 100
    limiter.wanted[0].charged(Grant(tokens=30, left_tokens=0.5), 1_000.0)
    assert taken(limiter, 500) == 30


def test_when_redis_goes_what_is_missing_comes_from_the_own_share():
    limiter = limiter_of("1000/60")
    limiter.shared, limiter.gateways = True, 2
    taken(limiter, 500)

    limiter.shared = False

    assert taken(limiter, 1_000) == 500 - 100
