"""One call for many callers who want the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """
    Runs one call for all who ask for the same key while it is under way.

    A caller that is cancelled leaves the call to the others. An exception goes
    to all who wait, and to nobody after them.
    """

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._future_by_key: dict[Hashable, asyncio.Future[T]] = {}
        self.joined = 0
        """Callers that found a call under way."""

    def under_way(self, key: Hashable) -> bool:
        """Say whether there is a call to join."""
        return key in self._future_by_key

    async def run(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        """Return what *call* returns, or what the one under way for *key* will."""
        future = self._future_by_key.get(key)
        if future is None:
            future = self._begun(key, call)
        else:
            self.joined += 1
        return await asyncio.shield(future)

    def begin(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> None:
        """Begin *call*, unless one is under way; nobody need wait for it."""
        if key not in self._future_by_key:
            self._begun(key, call)

    def _begun(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._future_by_key[key] = future
        self._tasks.create_task(self._fly(key, call, future))
        return future

    async def _fly(
        self, key: Hashable, call: Callable[[], Awaitable[T]], future: asyncio.Future[T]
    ) -> None:
        try:
            result = await call()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is raised in all who wait
            future.set_exception(error)
            future.exception()  # nobody may be waiting any more
        else:
            future.set_result(result)
        finally:
            del self._future_by_key[key]
