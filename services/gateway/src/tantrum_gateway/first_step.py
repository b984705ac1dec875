"""
Lets a request that is answered from memory do without a task of its own.

granian makes a task for each request, which asyncio then schedules, enters,
leaves and throws away: a tenth of all that an L1 hit costs. A task factory on
the loop takes a request's first step at once instead; only one that is not
answered by then becomes a task, when it says so with `await in_a_task()`.
Where granian names its coroutine otherwise, all goes the ordinary way.
"""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Coroutine, Generator, Iterator
from typing import Any, Final

_GRANIANS_COROUTINE: Final = "future_watcher"


@contextlib.contextmanager
def taken_at_once() -> Iterator[None]:
    """Have the running loop take the first steps of granian's requests at once."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    answered = loop.create_future()
    answered.set_result(None)

    def factory(
        loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Future[Any]:
        if getattr(coroutine, "__name__", "") == _GRANIANS_COROUTINE and _ends(coroutine):
            return answered
        return asyncio.Task(coroutine, loop=loop, **options)

    loop.set_task_factory(factory)
    try:
        yield
    finally:
        loop.set_task_factory(before)


@types.coroutine
def in_a_task() -> Generator[None, None, None]:
    """Go on in a task. Before, nothing may be awaited that does not answer at once."""
    yield


def _ends(coroutine: Coroutine[Any, Any, Any]) -> bool:
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    return False
