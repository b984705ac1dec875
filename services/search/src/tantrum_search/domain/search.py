"""The use cases: find shows, and complete what is being typed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from tantrum_kit.paging import PageTokens

from tantrum_search.domain.errors import IndexLoadingError
from tantrum_search.domain.filters import NO_FILTER, ShowFilter
from tantrum_search.domain.highlights import Highlight, corrected, highlights_of
from tantrum_search.domain.lexicon import Lexicon
from tantrum_search.domain.ports import MAX_CANDIDATES, SearchBackend, SearchView
from tantrum_search.domain.postings import Candidate
from tantrum_search.domain.query import Query, WantedWord, understand, wanted_words
from tantrum_search.domain.ranking import RankKey, rank
from tantrum_search.domain.show import ShowId
from tantrum_search.domain.suggestions import Suggestion

_KEY_VERSION: Final = 2
"""Goes up with every change of `RankKey`, so that older tokens are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of the hits is wanted: *size* (1 or more) of them, after *token*."""

    size: int
    token: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A show that was found."""

    payload: bytes
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits, best first."""

    hits: Sequence[Hit]
    total_size: int
    """On all pages: at most `MAX_CANDIDATES`."""
    next_page_token: str
    did_you_mean: str
    revision: int
    words: Sequence[WantedWord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """Suggestions, best first."""

    suggestions: Sequence[Suggestion]
    revision: int
    words: Sequence[WantedWord]


class Index:
    """
    What requests read: the lexicon and its revision, absent until the feed has loaded.

    The feed alone writes it.
    """

    def __init__(self) -> None:
        self.lexicon: Lexicon | None = None
        self.revision = 0


class Search:
    """Answers requests. Safe to share between them."""

    def __init__(self, backend: SearchBackend, index: Index, page_tokens: PageTokens) -> None:
        self._backend = backend
        self._index = index
        self._page_tokens = page_tokens

    async def find(self, text: str, page: Page, show_filter: ShowFilter = NO_FILTER) -> Hits:
        """
        Return the hits of a page.

        Pages are keyset pages over `RankKey`: a show that is there throughout, and
        is not edited, is seen exactly once.

        Raises:
            PageTokenError: the token is not one of ours for this query and filter.
            IndexLoadingError: nothing can be found yet.
        """
        question = _question(text, show_filter)
        after = self._after(page.token, question)
        query = understand(text, self._lexicon().dictionary)
        async with self._backend.reading() as view:
            matches = await view.match(query.terms(), show_filter)
            ranked = sorted((rank(query, each), each) for each in matches.candidates)
            rest = [item for item in ranked if after is None or item[0] > after]
            shown = [candidate for _, candidate in rest[: page.size]]
            best = ranked[0][1] if ranked else None
            hits, did_you_mean = await _hits_of(view, query, shown, best)
            return Hits(
                hits=hits,
                total_size=min(matches.total, MAX_CANDIDATES),
                next_page_token=self._next_token([key for key, _ in rest], page.size, question),
                did_you_mean=did_you_mean,
                revision=view.revision,
                words=wanted_words(text),
            )

    async def suggest(self, typed: str, limit: int) -> Completions:
        """
        Return up to *limit* completions of what was *typed*.

        Raises `IndexLoadingError` if nothing can be found yet.
        """
        suggestions = self._lexicon().suggest(typed, limit)
        return Completions(
            suggestions=suggestions, revision=self._index.revision, words=wanted_words(typed)
        )

    async def ready(self) -> bool:
        """Say whether requests can be answered."""
        return self._index.lexicon is not None and await self._backend.answers()

    def _lexicon(self) -> Lexicon:
        if self._index.lexicon is None:
            raise IndexLoadingError
        return self._index.lexicon

    def _after(self, token: str, question: bytes) -> RankKey | None:
        """Return the key of the last hit of the page before; None for the first page."""
        if not token:
            return None
        # Sealed, and the question has the version: nothing but a key can be in it.
        return cast("RankKey", tuple(self._page_tokens.open(token, question=question)))

    def _next_token(self, keys: Sequence[RankKey], size: int, question: bytes) -> str:
        if len(keys) <= size:
            return ""
        return self._page_tokens.seal(keys[size - 1], question=question)


async def _hits_of(
    view: SearchView, query: Query, shown: Sequence[Candidate], best: Candidate | None
) -> tuple[list[Hit], str]:
    """Return the hits of *shown*, and the query as the *best* of all hits corrects it."""
    if best is None:
        return [], ""
    ids = dict.fromkeys(ShowId(candidate.id) for candidate in (best, *shown))
    found_by_id = await view.found(list(ids))
    hits = []
    for candidate in shown:
        found = found_by_id[ShowId(candidate.id)]
        hits.append(Hit(found.payload, highlights_of(query, candidate, found.texts)))
    return hits, corrected(query, best, found_by_id[ShowId(best.id)].texts)


def _question(text: str, show_filter: ShowFilter) -> bytes:
    return json.dumps([_KEY_VERSION, text, repr(show_filter)]).encode()
