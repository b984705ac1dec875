"""How many calls may be under way."""

from __future__ import annotations

import pytest
from tantrum_gateway.concurrency import Limiter, Priority


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limiter(clock):
    return Limiter(now_monotonic=clock)


def filled(limiter, priority=Priority.READ):
    """Begin calls until one is refused; return how many began."""
    count = 0
    while limiter.begin(priority):
        count += 1
    return count


def emptied(limiter, *, late):
    while limiter.under_way:
        limiter.end(late=late)


def overloaded(limiter, clock, *, rounds):
    for _ in range(rounds):
        clock.now += 1
        filled(limiter)
        emptied(limiter, late=True)


def test_the_less_important_are_refused_first(limiter):
    counts = [filled(limiter, priority) for priority in reversed(Priority)]

    assert all(count > 0 for count in counts)
    assert not limiter.begin(Priority.READ)
    assert limiter.under_way == limiter.limit


def test_late_calls_lower_the_bound_to_a_floor(limiter, clock):
    before = limiter.limit

    overloaded(limiter, clock, rounds=1)
    after_one = limiter.limit
    overloaded(limiter, clock, rounds=100)

    assert after_one == int(before * 0.9)
    assert limiter.limit == 32
    assert filled(limiter, Priority.ANALYTICS) > 0


def test_a_burst_of_late_calls_is_one_sign(limiter):
    before = limiter.limit

    filled(limiter)
    emptied(limiter, late=True)

    assert limiter.limit == int(before * 0.9)


def test_calls_in_time_raise_the_bound_where_it_was_needed(limiter):
    before = limiter.limit

    for _ in range(300):
        filled(limiter)
        emptied(limiter, late=False)

    assert before < limiter.limit <= 400


def test_calls_in_time_prove_nothing_where_few_were_under_way(limiter):
    before = limiter.limit

    for _ in range(10_000):
        assert limiter.begin(Priority.READ)
        limiter.end(late=False)

    assert limiter.limit == before


def test_after_an_outage_it_begins_small_and_grows_fast(limiter):
    before = limiter.limit

    limiter.restart()
    small = limiter.limit
    rounds = 0
    while limiter.limit < before:
        filled(limiter)
        emptied(limiter, late=False)
        rounds += 1

    assert small == 8
    assert rounds < 15


def test_late_calls_right_after_an_outage_do_not_raise_the_bound(limiter, clock):
    limiter.restart()

    overloaded(limiter, clock, rounds=5)

    assert limiter.limit == 8


def test_calls_that_say_nothing_change_nothing(limiter):
    before = limiter.limit

    filled(limiter)
    emptied(limiter, late=None)

    assert limiter.limit == before
