"""Which key comes next."""

from __future__ import annotations

import asyncio

import pytest
from tantrum_operator.keyed_queue import KeyedQueue
from tantrum_operator.objects import Key

from .clocks import Clock

A, B, C = (Key(kind="Kind", namespace="shows", name=name) for name in "abc")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return KeyedQueue(clock=clock, chance=lambda: 0.0)


async def take(queue):
    """Return what comes at once, or None."""
    task = asyncio.ensure_future(queue.take())
    for _ in range(5):
        await asyncio.sleep(0)
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait([task])
    return None


async def test_keys_come_in_the_order_they_were_asked_for_and_once(queue):
    for key in (A, B, A, C, B):
        queue.add(key)

    assert [await take(queue) for _ in range(4)] == [A, B, C, None]


async def test_what_is_asked_for_while_it_is_worked_on_comes_again_after_the_others(queue):
    queue.add(A)
    queue.add(B)
    assert await take(queue) == A
    queue.add(A)
    queue.add(A)

    queue.done(A, failed=False)

    assert [await take(queue), await take(queue)] == [B, A]


async def test_what_fails_waits_longer_each_time_up_to_a_minute(queue, clock):
    queue.add(A)
    waits = []
    for _ in range(9):
        began = clock.now
        while await take(queue) is None:
            clock.now += 0.5
        waits.append(clock.now - began)
        queue.done(A, failed=True)

    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_success_forgets_the_failures(queue, clock):
    queue.add(A)
    for _ in range(5):
        assert await take(queue) == A
        queue.done(A, failed=True)
        clock.now += 60
    assert await take(queue) == A
    queue.done(A, failed=False)

    queue.add(A)
    assert await take(queue) == A
    queue.done(A, failed=True)
    clock.now += 1

    assert await take(queue) == A


async def test_chance_shortens_a_wait_by_half_at_most(clock):
    queue = KeyedQueue(clock=clock, chance=lambda: 1.0)
    queue.add(A)
    await take(queue)
    queue.done(A, failed=True)

    assert await take(queue) is None
    clock.now += 0.5
    assert await take(queue) == A


async def test_what_failed_holds_up_nobody_and_is_brought_forward_by_news_alone(queue):
    queue.add(A)
    await take(queue)
    queue.done(A, failed=True)

    queue.add(A)
    queue.add(B)
    assert [await take(queue), await take(queue)] == [B, None]
    queue.add(A, fresh=True)
    assert await take(queue) == A


async def test_waiting_ends_when_something_is_asked_for(queue):
    waiting = asyncio.ensure_future(queue.take())
    await asyncio.sleep(0)

    queue.add(A)

    assert await waiting == A


async def test_a_key_that_failed_comes_back_by_itself():
    queue = KeyedQueue(chance=lambda: 1.0)
    queue.add(A)
    await queue.take()
    queue.done(A, failed=True)

    assert await queue.take() == A


async def test_what_is_forgotten_does_not_come(queue):
    queue.add(A)
    queue.forget(A)

    assert await take(queue) is None
    assert len(queue) == 0
