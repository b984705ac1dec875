"""
The first cache level: finished answers in this process, bounded in bytes.

Two ways lead to an answer: `ready` from a request as it came in, without any
parsing, and `get` from its canonical form. Replacement is by second chance: the
oldest goes, unless it was sent since the last look at it; then it counts as new.
So a hit has nothing to reorder.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, OrderedDict
from typing import Final

from tantrum_gateway.answers import FOREVER, Answer, Form, RawKey, key_size_bytes

_MAX_RAW_KEYS: Final = 32
_MAX_RAW_KEY_BYTES: Final = 2_048
"""Bounds of the ways to one answer, or a stranger could fill the memory with its spellings."""


class L1:
    """Answers by canonical request. To be used from one thread."""

    def __init__(self, *, size_bytes: int) -> None:
        self._max_bytes = size_bytes
        self._answer_by_key: OrderedDict[str, Answer] = OrderedDict()
        self._hits_seen: dict[str, int] = {}
        self._bytes_by_key: dict[str, int] = {}
        self._expiries: list[tuple[float, int, str, Answer]] = []
        self._serial = itertools.count()
        self.ready: dict[RawKey, Form] = {}
        self.size_bytes = 0
        self.evictions = 0
        self.invalidations = 0
        self.retired_hits: Counter[tuple[str, int]] = Counter()
        """Answers sent from memory by those that are gone, by route and status."""

    def __len__(self) -> int:
        return len(self._answer_by_key)

    def get(self, key: str) -> Answer | None:
        """Return the answer to the canonical request *key*."""
        return self._answer_by_key.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keep *answer*, unless it would take more than a quarter of the space."""
        self._drop(key)
        if answer.size_bytes * 4 > self._max_bytes:
            return
        self._answer_by_key[key] = answer
        heapq.heappush(self._expiries, (answer.expires_monotonic, next(self._serial), key, answer))
        self.resized(key)

    def resized(self, key: str) -> None:
        """Account for an answer that has grown, and make room for it."""
        answer = self._answer_by_key.get(key)
        if answer is None:
            return
        size_bytes = answer.size_bytes
        self.size_bytes += size_bytes - self._bytes_by_key.get(key, 0)
        self._bytes_by_key[key] = size_bytes
        while self.size_bytes > self._max_bytes:
            self._evict_one()

    def alias(self, raw_key: RawKey, key: str, form: Form) -> None:
        """Make `ready` lead from *raw_key* to *form*, a form of the answer kept under *key*."""
        answer = self._answer_by_key.get(key)
        if answer is None or form not in answer.forms.values():
            return
        if len(answer.raw_keys) >= _MAX_RAW_KEYS or key_size_bytes(raw_key) > _MAX_RAW_KEY_BYTES:
            return
        if raw_key in self.ready:
            return
        answer.raw_keys.append(raw_key)
        self.ready[raw_key] = form
        self.resized(key)

    def drop_before(self, catalog_revision: int) -> None:
        """Drop what was made at an older catalogue revision."""
        for key in [
            key
            for key, answer in self._answer_by_key.items()
            if answer.catalog_revision < catalog_revision
        ]:
            self._drop(key)
            self.invalidations += 1

    def drop_catalogue(self) -> None:
        """Drop all that depends on the catalogue, whatever revision it names."""
        self.drop_before(FOREVER)

    def drop_expired(self, now_monotonic: float, *, stored_before_monotonic: float = 0.0) -> None:
        """Drop what has expired, and what was stored before a time, if it can change at all."""
        while self._expiries and self._expiries[0][0] <= now_monotonic:
            _, _, key, answer = heapq.heappop(self._expiries)
            if self._answer_by_key.get(key) is answer:
                self._drop(key)
        if stored_before_monotonic <= 0:
            return
        for key in [
            key
            for key, answer in self._answer_by_key.items()
            if answer.stored_monotonic < stored_before_monotonic
            and answer.catalog_revision < FOREVER
        ]:
            self._drop(key)

    def oldest_stored_monotonic(self) -> float | None:
        """Return when the oldest answer was stored; None if there is none."""
        return min((one.stored_monotonic for one in self._answer_by_key.values()), default=None)

    def sent(self) -> Counter[tuple[str, int]]:
        """Return how many answers were sent from memory, by route and status."""
        counts = Counter(self.retired_hits)
        for answer in self._answer_by_key.values():
            _count(answer, counts)
        return counts

    def _evict_one(self) -> None:
        key, answer = next(iter(self._answer_by_key.items()))
        hits = answer.hits
        if hits > self._hits_seen.get(key, 0):
            self._hits_seen[key] = hits
            self._answer_by_key.move_to_end(key)
        else:
            self._drop(key)
            self.evictions += 1

    def _drop(self, key: str) -> None:
        answer = self._answer_by_key.pop(key, None)
        if answer is None:
            return
        for raw_key in answer.raw_keys:
            del self.ready[raw_key]
        answer.raw_keys.clear()
        _count(answer, self.retired_hits)
        self._hits_seen.pop(key, None)
        self.size_bytes -= self._bytes_by_key.pop(key)


def _count(answer: Answer, counts: Counter[tuple[str, int]]) -> None:
    for form in answer.forms.values():
        counts[answer.route, form.status] += form.hits
        counts[answer.route, 304] += form.not_modified
