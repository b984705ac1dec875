"""What is to be reconciled next: each key once, in the order it was asked for."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from tantrum_operator.objects import Key

_FIRST_BACKOFF_SECONDS: Final = 1.0
_LONGEST_BACKOFF_SECONDS: Final = 60.0


class KeyedQueue:
    """
    A queue of keys for one consumer.

    A key that is asked for while it waits is not queued twice; one that is asked for while
    it is worked on comes again afterwards. A key that failed waits for 1, 2, 4 … 60 s, less
    up to a half by chance, and then comes by itself; whatever else happens to it in between
    does not bring it forward, unless that is new (`fresh`). It holds no more keys than there
    are objects.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._ready: dict[Key, None] = {}
        self._due: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._running: Key | None = None
        self._again = False
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready) + len(self._due)

    def add(self, key: Key, *, fresh: bool = False) -> None:
        """Ask for *key*; *fresh* when somebody changed it, so that waiting serves nobody."""
        if fresh:
            self._due.pop(key, None)
        if key == self._running:
            self._again = True
        elif key not in self._due:
            self._ready[key] = None
            self._changed.set()

    async def take(self) -> Key:
        """Return the next key once there is one. Cancelling takes none."""
        while True:
            self._release()
            if self._ready:
                key = next(iter(self._ready))
                del self._ready[key]
                self._running, self._again = key, False
                return key
            self._changed.clear()
            wait = min(self._due.values()) - self._clock() if self._due else None
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def done(self, key: Key, *, failed: bool) -> None:
        """Say what came of the key that was taken."""
        self._running = None
        if failed:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            # The exponent is bounded too: floats are not.
            longest = _FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 10)
            wait = min(longest, _LONGEST_BACKOFF_SECONDS) * (1 - self._chance() / 2)
            self._due[key] = self._clock() + wait
            return
        self._failures.pop(key, None)
        if self._again:
            self.add(key)

    def forget(self, key: Key) -> None:
        """Drop *key*, whose object is gone."""
        self._ready.pop(key, None)
        self._due.pop(key, None)
        self._failures.pop(key, None)

    def _release(self) -> None:
        now = self._clock()
        for key in [key for key, due in self._due.items() if due <= now]:
            del self._due[key]
            self._ready[key] = None
