"""Requests that are answered from memory never reach the loop; all others get a task there."""

from __future__ import annotations

import asyncio
import threading

from granian import _futures
from granian.server.embed import Server
from tantrum_gateway.first_step import in_a_task, take_first_steps


async def future_watcher(steps: list[object], *, more: bool) -> None:
    """Named as granian's."""
    steps.append(threading.current_thread())
    if more:
        await in_a_task()
        steps.append((threading.current_thread(), asyncio.current_task()))


async def called_from_another_thread(coroutine) -> list[asyncio.Task[None]]:
    """Hand *coroutine* over as granian does; return the tasks that were made."""
    loop = asyncio.get_running_loop()
    take_first_steps(loop)
    take_first_steps(loop)  # a second server on the same loop
    made: list[asyncio.Task[None]] = []

    def run(coroutine, made):
        made.append(loop.create_task(coroutine))

    await asyncio.to_thread(loop.call_soon_threadsafe, run, coroutine, made)
    return made


async def test_an_answer_at_once_needs_neither_loop_nor_task():
    steps: list[object] = []

    made = await called_from_another_thread(future_watcher(steps, more=False))

    assert made == []
    assert steps != [threading.current_thread()]


async def test_what_takes_longer_goes_on_in_a_task_on_the_loop():
    steps: list[object] = []

    (task,) = await called_from_another_thread(future_watcher(steps, more=True))
    await task

    assert steps[0] is not threading.current_thread()
    assert steps[1:] == [(threading.current_thread(), task)]


async def test_anything_else_is_called_soon_as_ever():
    loop = asyncio.get_running_loop()
    called = loop.create_future()

    take_first_steps(loop)
    loop.call_soon_threadsafe(called.set_result, 1)

    assert await called == 1


def test_granian_is_still_as_expected():
    coroutine = _futures._future_watcher_wrapper(None)(None)

    assert coroutine.__name__ == "future_watcher"
    assert callable(Server._spawn_asgi_worker.__wrapped__)
    coroutine.close()
