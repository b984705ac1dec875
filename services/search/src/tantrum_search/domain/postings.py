"""
Which documents have a term, and where: the inverted index, in memory.

Hot, so it works on plain dictionaries and numbers (places, see `document`): over
the 302 shows, matching takes 3 to 12 µs for a query that finds a few of them, and
0.3 ms for a single letter that finds all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tantrum_search.domain.document import Placed, Popularity, TitleLines
from tantrum_search.domain.query import Terms

Places = Sequence[int]


class Candidate(NamedTuple):
    """A document that matches, with all that its rank depends on."""

    id: int
    popularity: Popularity
    title_lines: TitleLines
    places_by_term: Mapping[str, Places]
    """Ascending places of those of the terms asked for that are in it."""


class Posted(NamedTuple):
    """What is kept of a document beside its terms."""

    popularity: Popularity
    title_lines: TitleLines
    terms: frozenset[str]


class Postings:
    """Maps terms to documents and places. Ids are the caller's."""

    def __init__(self) -> None:
        self._places_by_id_by_term: dict[str, dict[int, Places]] = {}
        self._posted_by_id: dict[int, Posted] = {}

    def put(self, id: int, placed: Placed, popularity: Popularity) -> None:
        """Add a document, in place of the one that has its id."""
        self.remove(id)
        for term, places in placed.places_by_term.items():
            self._places_by_id_by_term.setdefault(term, {})[id] = places
        self._posted_by_id[id] = Posted(
            popularity, placed.title_lines, frozenset(placed.places_by_term)
        )

    def remove(self, id: int) -> None:
        """Forget a document, if it is there."""
        posted = self._posted_by_id.pop(id, None)
        for term in posted.terms if posted else ():
            places_by_id = self._places_by_id_by_term[term]
            del places_by_id[id]
            if not places_by_id:
                del self._places_by_id_by_term[term]

    def match(self, terms: Terms, selects: Callable[[int], bool]) -> list[Candidate]:
        """Return the documents with a term of every group that *selects* too, in no order."""
        ids = self._matching(terms.groups)
        places_by_term_by_id: dict[int, dict[str, Places]] = {
            key: {} for key in ids if selects(key)
        }
        for term in terms.every():
            for key, places in self._places_by_id_by_term.get(term, {}).items():
                if key in places_by_term_by_id:
                    places_by_term_by_id[key][term] = places
        return [
            Candidate(key, posted.popularity, posted.title_lines, places_by_term)
            for key, places_by_term in places_by_term_by_id.items()
            for posted in (self._posted_by_id[key],)
        ]

    def _matching(self, groups: Iterable[frozenset[str]]) -> set[int]:
        ids: set[int] | None = None
        for group in groups:
            found: set[int] = set()
            for term in group:
                found.update(self._places_by_id_by_term.get(term, ()))
            ids = found if ids is None else ids & found
            if not ids:
                return set()
        return set(self._posted_by_id) if ids is None else ids
