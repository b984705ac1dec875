"""
The first cache level: finished answers in this process, bounded in bytes.

An answer that is no longer fresh is kept for want of a better one, until it is replaced or
there is no room; `ready` leads to fresh ones only.

Two ways lead to an answer: `ready` from a request as it came in, without any
parsing, and `get` from its canonical form. Replacement is by second chance: the
oldest goes, unless it was sent since the last look at it; then it counts as new.
So a hit has nothing to reorder.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Final, TypeVar

from tantrum_gateway.answers import FOREVER, Answer, Form, RawKey, State, key_size_bytes
from tantrum_gateway.dependencies import Change, Selector, touches
from tantrum_gateway.negotiation import Coding

T = TypeVar("T")

_MAX_RAW_KEYS: Final = 32
_MAX_RAW_KEY_BYTES: Final = 2_048
"""Bounds of the ways to one answer, or a stranger could fill the memory with its spellings."""


class L1:
    """Answers by canonical request. To be used from one thread."""

    def __init__(self, *, size_bytes: int, stale_seconds: float = 0.0) -> None:
        self._max_bytes = size_bytes
        self._stale_seconds = stale_seconds
        """How long answers are kept that have expired."""
        self._keys_by_tag: dict[str, set[str]] = {}
        self._keys_by_selector: dict[Selector, set[str]] = {}
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
        """Return the fresh answer to the canonical request *key*."""
        answer = self._answer_by_key.get(key)
        return answer if answer is not None and answer.state is State.FRESH else None

    def kept(self, key: str) -> Answer | None:
        """Return the answer to *key* in whatever state it is."""
        return self._answer_by_key.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """
        Keep *answer*, unless it would take more than a quarter of the space.

        Never in place of a newer one.
        """
        former = self._answer_by_key.get(key)
        if former is not None and former.catalog_revision > answer.catalog_revision:
            return
        self._drop(key)
        if answer.size_bytes * 4 > self._max_bytes:
            return
        self._answer_by_key[key] = answer
        for tag in answer.depends.tags:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        for selector in answer.depends.selectors:
            self._keys_by_selector.setdefault(selector, set()).add(key)
        self._push(answer.expires_monotonic, key, answer)
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
        answer = self.get(key)
        if answer is None or form not in answer.forms.values():
            return
        if len(answer.raw_keys) >= _MAX_RAW_KEYS or key_size_bytes(raw_key) > _MAX_RAW_KEY_BYTES:
            return
        if raw_key in self.ready:
            return
        answer.raw_keys.append(raw_key)
        self.ready[raw_key] = form
        self.resized(key)

    def replace(self, key: str, answer: Answer, coding: Coding, form: Form) -> None:
        """Send *form* from now on for *answer*, which is kept under *key*, in *coding*."""
        former = answer.forms.get(coding)
        if self._answer_by_key.get(key) is not answer or former is None:
            return
        form.accepted, form.hits, form.not_modified = (
            former.accepted, former.hits, former.not_modified,
        )  # fmt: skip
        form.limit_index = former.limit_index
        answer.forms[coding] = form
        for raw_key in answer.raw_keys:
            if self.ready.get(raw_key) is former:
                self.ready[raw_key] = form
        self.resized(key)

    def apply(self, change: Change, *, now_monotonic: float) -> list[tuple[str, Answer]]:
        """Outdate what *change* touches, and return that by canonical request."""
        if change.everything:
            keys = set(self._answer_by_key)
        else:
            keys = {key for tag in change.tags for key in self._keys_by_tag.get(tag, ())}
            if change.shows or change.shows_unknown:
                for selector, selected in self._keys_by_selector.items():
                    if touches(change, selector):
                        keys |= selected
        touched = []
        for key in keys:
            answer = self._answer_by_key[key]
            if answer.catalog_revision < change.revision and answer.state is not State.OUTDATED:
                self._leave_fresh(answer, State.OUTDATED, now_monotonic)
                self.invalidations += 1
                touched.append((key, answer))
        return touched

    def outdate_stored_before(self, stored_monotonic: float, *, now_monotonic: float) -> None:
        """Outdate what was stored before a time, if it can change at all."""
        for answer in self._answer_by_key.values():
            if answer.stored_monotonic < stored_monotonic and answer.catalog_revision < FOREVER:
                self._leave_fresh(answer, State.OUTDATED, now_monotonic)

    def drop_catalogue(self) -> None:
        """Drop all that depends on the catalogue, whatever revision it names."""
        for key, answer in list(self._answer_by_key.items()):
            if answer.catalog_revision < FOREVER:
                self._drop(key)

    def expire(self, now_monotonic: float) -> None:
        """Have expire whose time has come, and drop what has been expired for long enough."""
        while self._expiries and self._expiries[0][0] <= now_monotonic:
            _, _, key, answer = heapq.heappop(self._expiries)
            if self._answer_by_key.get(key) is not answer:
                continue
            dropped_monotonic = answer.expires_monotonic + self._stale_seconds
            if answer.status != 200 or dropped_monotonic <= now_monotonic:  # noqa: PLR2004
                self._drop(key)
                continue
            if answer.state is State.FRESH:
                self._leave_fresh(answer, State.EXPIRED, now_monotonic)
            self._push(dropped_monotonic, key, answer)

    def ways_to(self, answer: Answer) -> list[tuple[RawKey, Form]]:
        """Return the ways that lead to *answer*, and to which form of it."""
        return [(raw_key, self.ready[raw_key]) for raw_key in answer.raw_keys]

    def fresh(self) -> Iterator[tuple[str, Answer]]:
        """Yield the answers that may be sent, by canonical request."""
        for key, answer in self._answer_by_key.items():
            if answer.state is State.FRESH:
                yield key, answer

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

    def _push(self, time_monotonic: float, key: str, answer: Answer) -> None:
        heapq.heappush(self._expiries, (time_monotonic, next(self._serial), key, answer))

    def _leave_fresh(self, answer: Answer, state: State, now_monotonic: float) -> None:
        if answer.state is State.FRESH:
            answer.left_fresh_monotonic = now_monotonic
            answer.ways = self.ways_to(answer)
        answer.state = state
        for raw_key in answer.raw_keys:
            del self.ready[raw_key]
        answer.raw_keys.clear()

    def _drop(self, key: str) -> None:
        answer = self._answer_by_key.pop(key, None)
        if answer is None:
            return
        self._leave_fresh(answer, State.OUTDATED, 0.0)
        for tag in answer.depends.tags:
            _remove(self._keys_by_tag, tag, key)
        for selector in answer.depends.selectors:
            _remove(self._keys_by_selector, selector, key)
        _count(answer, self.retired_hits)
        self._hits_seen.pop(key, None)
        self.size_bytes -= self._bytes_by_key.pop(key)


def _remove(keys_by: dict[T, set[str]], by: T, key: str) -> None:
    keys = keys_by[by]
    keys.discard(key)
    if not keys:
        del keys_by[by]


def _count(answer: Answer, counts: Counter[tuple[str, int]]) -> None:
    for form in answer.forms.values():
        counts[answer.route, form.status] += form.hits
        counts[answer.route, 304] += form.not_modified
