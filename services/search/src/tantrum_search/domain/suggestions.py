"""Completions of what somebody is typing: names of shows and themes, out of memory."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tantrum_search.domain.dictionary import TermDictionary
from tantrum_search.domain.document import (
    TITLES,
    Document,
    Field,
    Popularity,
    Text,
    placed,
    sort_name_of,
)
from tantrum_search.domain.highlights import Span, typed_spans
from tantrum_search.domain.postings import Candidate, Postings
from tantrum_search.domain.query import Query, understand
from tantrum_search.domain.ranking import rank
from tantrum_search.domain.show import ShowId, Slug, Theme


class SuggestionKind(Enum):
    """What a suggestion leads to."""

    SHOW = "show"
    THEME = "theme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A completion: the name of a show or theme."""

    kind: SuggestionKind
    text: str
    slug: Slug
    spans: tuple[Span, ...]
    """Parts of `text` that were typed; none where an alias was."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: SuggestionKind
    slug: Slug
    name: Text


class Suggestions:
    """
    Finds names by their beginnings, ordered as hits are (`ranking`).

    Themes are numbered from -1 downwards, so that they share an index with shows.
    """

    def __init__(self) -> None:
        self._dictionary = TermDictionary()
        self._postings = Postings()
        self._entry_by_id: dict[int, _Entry] = {}
        self._terms_by_id: dict[int, frozenset[str]] = {}
        self._theme_ids: dict[Slug, int] = {}

    def put_show(self, document: Document) -> None:
        """Offer a show, in place of the one that has its id."""
        titles = tuple(text for text in document.texts if text.field in TITLES)
        entry = _Entry(SuggestionKind.SHOW, document.show.slug, titles[0])
        self._put(document.id, entry, titles, document.popularity)

    def remove_show(self, show_id: ShowId) -> None:
        """Offer a show no longer, if it was."""
        self._remove(show_id)

    def put_theme(self, theme: Theme) -> None:
        """Offer a theme, in place of the one that has its slug."""
        number = self._theme_ids.setdefault(theme.slug, -1 - len(self._theme_ids))
        titles = (
            Text.of(Field.NAME, theme.name),
            *(Text.of(Field.ALIAS, alias) for alias in theme.aliases),
        )
        popularity = Popularity(1, sort_name_of(theme.name))
        self._put(number, _Entry(SuggestionKind.THEME, theme.slug, titles[0]), titles, popularity)

    def remove_theme(self, slug: Slug) -> None:
        """Offer a theme no longer, if it was."""
        if slug in self._theme_ids:
            self._remove(self._theme_ids[slug])

    def find(self, typed: str, limit: int) -> list[Suggestion]:
        """
        Return up to *limit* completions, best first; nothing typed completes to nothing.

        Errors are forgiven only where nothing is found without so many.
        """
        query = understand(typed, self._dictionary)
        if not query.words:
            return []
        candidates = self._postings.match(query.terms(), lambda _: True)
        best = heapq.nsmallest(limit, ((rank(query, each), each) for each in candidates))
        return [
            self._suggestion(query, candidate)
            for key, candidate in best
            if key.typos == best[0][0].typos
        ]

    def _suggestion(self, query: Query, candidate: Candidate) -> Suggestion:
        entry = self._entry_by_id[candidate.id]
        return Suggestion(
            kind=entry.kind,
            text=entry.name.text,
            slug=entry.slug,
            spans=typed_spans(query, candidate, entry.name),
        )

    def _put(self, id: int, entry: _Entry, titles: Sequence[Text], popularity: Popularity) -> None:
        self._remove(id)
        where = placed(titles)
        self._dictionary.add(where.places_by_term)
        self._postings.put(id, where, popularity)
        self._terms_by_id[id] = frozenset(where.places_by_term)
        self._entry_by_id[id] = entry

    def _remove(self, id: int) -> None:
        if self._entry_by_id.pop(id, None) is not None:
            self._dictionary.remove(self._terms_by_id.pop(id))
            self._postings.remove(id)
