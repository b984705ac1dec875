"""Requests that are answered from memory get no task of their own; all others do."""

from __future__ import annotations

import asyncio

import pytest
from granian import _futures
from tantrum_gateway import first_step


async def future_watcher(steps: list[object]) -> None:
    """Named as granian's."""
    steps.append(running_task())
    if len(steps) < 2:
        return
    await first_step.in_a_task()
    steps.append(running_task())


def running_task() -> object:
    """The current task; None in a first step, which the caller's task takes."""
    return asyncio.current_task()


async def test_an_answer_at_once_needs_no_task():
    steps: list[object] = []
    with first_step.taken_at_once():
        done = asyncio.get_running_loop().create_task(future_watcher(steps))

        assert done.done()
        assert steps == [asyncio.current_task()]


async def test_what_takes_longer_goes_on_in_a_task():
    steps: list[object] = [None]
    with first_step.taken_at_once():
        task = asyncio.get_running_loop().create_task(future_watcher(steps))
        await task

    assert steps == [None, asyncio.current_task(), task]


async def test_other_tasks_start_as_ever_and_the_factory_goes_again():
    async def other() -> int:
        return 1

    with first_step.taken_at_once():
        task = asyncio.create_task(other())
        assert not task.done()
        assert await task == 1

    assert asyncio.get_running_loop().get_task_factory() is None


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_granians_coroutine_is_still_called_so():
    coroutine = _futures._future_watcher_wrapper(None)(None)

    assert coroutine.__name__ == "future_watcher"
    coroutine.close()
