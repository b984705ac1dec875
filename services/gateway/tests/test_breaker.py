"""When an upstream is not called any more, and when again."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tantrum_gateway.breaker import Breaker, State


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def breaker(clock, changes):
    return Breaker(on_change=changes.append, now_monotonic=clock)


def call(breaker, *, failed):
    era = breaker.begin()
    assert era is not None
    breaker.end(era, failed=failed)


@contextlib.asynccontextmanager
async def recovering(breaker, serving):
    task = asyncio.create_task(breaker.run(serving))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def opened(breaker):
    for _ in range(5):
        call(breaker, failed=True)
    assert breaker.state is State.OPEN


async def half_opened(breaker):
    async def yes():
        return True

    await opened(breaker)
    async with recovering(breaker, yes), asyncio.timeout(30):
        while breaker.state is State.OPEN:
            await asyncio.sleep(0.01)


async def test_it_opens_when_half_of_the_last_calls_failed(breaker):
    for failed in (False, True) * 5:
        assert breaker.state is State.CLOSED
        call(breaker, failed=failed)

    assert breaker.state is State.OPEN
    assert breaker.begin() is None


async def test_a_few_failures_among_many_calls_do_not_open_it(breaker):
    for failed in (True, False, False) * 50:
        call(breaker, failed=failed)

    assert breaker.state is State.CLOSED


async def test_failures_of_long_ago_do_not_count(breaker, clock):
    for _ in range(4):
        call(breaker, failed=True)
    clock.now += 11

    call(breaker, failed=True)

    assert breaker.state is State.CLOSED


async def test_calls_that_say_nothing_do_not_count(breaker):
    for _ in range(100):
        call(breaker, failed=None)

    assert breaker.state is State.CLOSED


async def test_it_stays_open_until_the_upstream_says_that_it_serves(breaker):
    answers = iter([False, False, True])
    asked = []

    async def serving():
        asked.append(breaker.begin())
        return next(answers)

    await opened(breaker)
    async with recovering(breaker, serving), asyncio.timeout(30):
        while breaker.state is State.OPEN:
            await asyncio.sleep(0.01)

    assert asked == [None, None, None]
    assert breaker.state is State.HALF_OPEN


async def test_half_open_closes_after_a_few_good_calls(breaker, changes):
    await half_opened(breaker)

    for _ in range(3):
        assert breaker.state is State.HALF_OPEN
        call(breaker, failed=False)

    assert changes == [State.OPEN, State.HALF_OPEN, State.CLOSED]


async def test_a_call_that_fails_while_half_open_opens_it_again(breaker):
    await half_opened(breaker)

    call(breaker, failed=True)

    assert breaker.state is State.OPEN


async def test_what_began_before_a_change_says_nothing_after_it(breaker):
    slow = [breaker.begin() for _ in range(20)]
    await half_opened(breaker)

    for era in slow:
        breaker.end(era, failed=True)

    assert breaker.state is State.HALF_OPEN


async def test_calls_that_say_nothing_do_not_close_it(breaker):
    await half_opened(breaker)

    for _ in range(10):
        call(breaker, failed=None)

    assert breaker.state is State.HALF_OPEN
