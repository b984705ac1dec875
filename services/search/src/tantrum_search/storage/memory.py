"""The index in this process's memory: gone with it, and rebuilt from the feed."""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import heapq
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from tantrum_search.domain.document import Document, Field, field_of
from tantrum_search.domain.errors import IndexBehindError
from tantrum_search.domain.filters import NO_FILTER, ShowFilter
from tantrum_search.domain.ports import MAX_CANDIDATES, Found, Matches
from tantrum_search.domain.postings import Candidate, Postings
from tantrum_search.domain.query import Terms
from tantrum_search.domain.show import ShowId

_DOCUMENTS_AT_A_TIME = 50

_OrderKey = tuple[int, str, ShowId]


class _Index:
    """Documents by id, by term, and by popularity."""

    def __init__(self) -> None:
        self.revision = 0
        self._postings = Postings()
        self._document_by_id: dict[ShowId, Document] = {}
        self._by_popularity: list[_OrderKey] = []

    def put(self, document: Document) -> None:
        self.remove(document.id)
        self._document_by_id[document.id] = document
        self._postings.put(document.id, document.placed, document.popularity)
        bisect.insort(self._by_popularity, _order_key(document))

    def remove(self, show_id: ShowId) -> None:
        document = self._document_by_id.pop(show_id, None)
        if document is not None:
            self._postings.remove(show_id)
            del self._by_popularity[bisect.bisect_left(self._by_popularity, _order_key(document))]

    async def match(self, terms: Terms, show_filter: ShowFilter) -> Matches:
        if not terms.groups:
            return self._match_all(show_filter)
        documents = self._document_by_id
        selects = (
            (lambda _: True)
            if show_filter == NO_FILTER
            else (lambda key: show_filter.matches(documents[ShowId(key)].show))
        )
        candidates = self._postings.match(terms, selects)
        total = len(candidates)
        if total > MAX_CANDIDATES:
            candidates = heapq.nsmallest(
                MAX_CANDIDATES, candidates, key=lambda each: _coarse_key(terms, each)
            )
        return Matches(candidates, total)

    async def found(self, ids: Sequence[ShowId]) -> Mapping[ShowId, Found]:
        documents = (self._document_by_id.get(show_id) for show_id in ids)
        return {each.id: Found(each.show.payload, each.texts) for each in documents if each}

    def _match_all(self, show_filter: ShowFilter) -> Matches:
        candidates: list[Candidate] = []
        for _, _, show_id in self._by_popularity:
            document = self._document_by_id[show_id]
            if show_filter.matches(document.show):
                if len(candidates) == MAX_CANDIDATES:
                    return Matches(candidates, MAX_CANDIDATES + 1)
                candidates.append(
                    Candidate(show_id, document.popularity, document.placed.title_lines, {})
                )
        return Matches(candidates, len(candidates))


class MemoryBackend:
    """
    Implements `SearchBackend`.

    Changes are made in place, in one step without an await; so are the reads of a
    view. asyncio runs one at a time, and so a reader sees whole revisions. A full
    load is built aside, with pauses for the readers, and then swapped in.
    """

    def __init__(self) -> None:
        self._index = _Index()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[_Index]:
        yield self._index

    async def stored_revision(self) -> int:
        return self._index.revision

    async def replace(
        self, documents: Collection[Document], *, revision: int, even_if_newer: bool = False
    ) -> None:
        if self._index.revision >= revision and not even_if_newer:
            return
        index = _Index()
        for count, document in enumerate(documents):
            index.put(document)
            if count % _DOCUMENTS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        index.revision = revision
        self._index = index

    async def apply(
        self,
        puts: Collection[Document],
        removals: Collection[ShowId],
        *,
        from_revision: int,
        revision: int,
    ) -> None:
        if self._index.revision >= revision:
            return
        if self._index.revision < from_revision:
            raise IndexBehindError
        for document in puts:
            self._index.put(document)
        for show_id in removals:
            self._index.remove(show_id)
        self._index.revision = revision

    async def answers(self) -> bool:
        return True


def _order_key(document: Document) -> _OrderKey:
    return (*document.popularity, document.id)


def _coarse_key(terms: Terms, candidate: Candidate) -> tuple[bool, tuple[int, str], int]:
    places_by_term = candidate.places_by_term
    in_name = all(
        any(field_of(places_by_term[term][0]) is Field.NAME for term in group & set(places_by_term))
        for group in terms.plain_groups
    )
    return (not in_name, candidate.popularity, candidate.id)
