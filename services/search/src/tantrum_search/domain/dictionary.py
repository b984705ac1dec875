"""
The term dictionary: every term there is, and which of them a typed word may mean.

Expansion has to take tens of microseconds, so this works on plain dictionaries.
Candidates for typing errors come from *sketches*: if a word and a term are `k`
errors apart, then leaving out `k` letters near the beginning of each can give
the same string. A table from such strings to terms is all that is looked at; for
the 302 shows (1,700 terms) that takes 19 µs a word, where trying the word against
every term takes 5.7 ms. `edits.within` then decides, so that a table entry too many
costs time and never a wrong term.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tantrum_kit import edits

MAX_EXPANSIONS: Final = 1_000
"""Most terms that one typed word is expanded to; those with the fewest errors stay."""


class Cost(NamedTuple):
    """What makes a term less than what was typed; smaller is better."""

    typos: int
    partial: bool
    """Whether the word is only a beginning of the term."""


class _Sketch(NamedTuple):
    """Strings of *size* letters out of the first *head* letters, in order."""

    head: int
    size: int

    def of(self, text: str) -> Iterator[str]:
        letters = text[: self.head]
        return map("".join, itertools.combinations(letters, self.size))


# By how much is left when one error (or, for long words, two) is taken away.
_SHORT: Final = _Sketch(head=4, size=3)
_MIDDLE: Final = _Sketch(head=5, size=4)
_LONG: Final = _Sketch(head=8, size=6)


class TermDictionary:
    """Counts in how many documents each term is, and expands words to terms."""

    def __init__(self) -> None:
        self._count_by_term: dict[str, int] = {}
        self._sorted: list[str] = []
        self._terms_by_sketch: dict[_Sketch, dict[str, list[str]]] = {
            sketch: {} for sketch in (_SHORT, _MIDDLE, _LONG)
        }

    def __contains__(self, term: str) -> bool:
        return term in self._count_by_term

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, terms: Iterable[str]) -> None:
        """Count the distinct *terms* of one more document."""
        for term in terms:
            count = self._count_by_term.get(term, 0)
            self._count_by_term[term] = count + 1
            if count == 0:
                bisect.insort(self._sorted, term)
                for table, string in self._places_of(term):
                    table.setdefault(string, []).append(term)

    def remove(self, terms: Iterable[str]) -> None:
        """Take back what `add` counted for a document with these *terms*."""
        for term in terms:
            self._count_by_term[term] -= 1
            if self._count_by_term[term] == 0:
                del self._count_by_term[term]
                del self._sorted[bisect.bisect_left(self._sorted, term)]
                for table, string in self._places_of(term):
                    table[string].remove(term)
                    if not table[string]:
                        del table[string]

    def starting_with(self, prefix: str) -> list[str]:
        """Return the terms that begin with *prefix*, itself too, in order."""
        start = bisect.bisect_left(self._sorted, prefix)
        # No term has a character beyond this one: it is no letter.
        end = bisect.bisect_left(self._sorted, prefix + "\U0010ffff", lo=start)
        return self._sorted[start:end]

    def expand(self, word: str, *, prefix: bool) -> dict[str, Cost]:
        """
        Return the terms that the typed *word* may mean, each with its least cost.

        These are the terms within `edits.allowed(word)` errors and, with
        *prefix*, those that begin with it, or from `edits.PREFIX_EDIT_FROM`
        letters with something that close; `MAX_EXPANSIONS` at most.
        """
        costs: dict[str, Cost] = {}
        if prefix:
            costs = dict.fromkeys(self.starting_with(word), Cost(0, partial=True))
        if word in self._count_by_term:
            costs[word] = Cost(0, partial=False)
        loosely = prefix and len(word) >= edits.PREFIX_EDIT_FROM
        for term in self._lookalikes(word):
            if term not in costs:
                cost = _cost(word, term, prefix=loosely)
                if cost is not None:
                    costs[term] = cost
        if len(costs) > MAX_EXPANSIONS:
            best = heapq.nsmallest(
                MAX_EXPANSIONS, costs.items(), key=lambda item: (item[1], len(item[0]), item[0])
            )
            costs = dict(best)
        return costs

    def _lookalikes(self, word: str) -> set[str]:
        if edits.allowed(word) == 0:
            return set()
        if len(word) == edits.ONE_EDIT_FROM:
            sketch = _SHORT
        else:
            sketch = _MIDDLE if edits.allowed(word) == 1 else _LONG
        table = self._terms_by_sketch[sketch]
        return {term for string in set(sketch.of(word)) for term in table.get(string, ())}

    def _places_of(self, term: str) -> Iterator[tuple[dict[str, list[str]], str]]:
        for sketch, table in self._terms_by_sketch.items():
            for string in set(sketch.of(term)):
                yield table, string


def _cost(word: str, term: str, *, prefix: bool) -> Cost | None:
    for typos in range(1, edits.allowed(word) + 1):
        if edits.within(word, term, typos, prefix=False):
            return Cost(typos, partial=False)
        if prefix and edits.within(word, term, typos, prefix=True):
            return Cost(typos, partial=True)
    return None
