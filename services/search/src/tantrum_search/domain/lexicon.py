"""What every replica keeps in memory, whatever its backend: terms, suggestions, labels."""

from __future__ import annotations

from collections.abc import Iterable

from tantrum_search.domain.dictionary import TermDictionary
from tantrum_search.domain.document import Document
from tantrum_search.domain.show import ShowId, Slug, Theme
from tantrum_search.domain.suggestions import Suggestion, Suggestions


class Lexicon:
    """
    Knows the terms of all shows and completes names.

    Changes are synchronous, so that a coroutine sees them whole or not at all.
    """

    def __init__(self) -> None:
        self.dictionary = TermDictionary()
        self._suggestions = Suggestions()
        self._terms_by_id: dict[ShowId, frozenset[str]] = {}
        self._labels_by_id: dict[ShowId, tuple[frozenset[Slug], frozenset[Slug]]] = {}
        self._theme_by_slug: dict[Slug, Theme] = {}
        self._show_count_by_theme: dict[Slug, int] = {}

    def __len__(self) -> int:
        return len(self._terms_by_id)

    def put(self, document: Document) -> None:
        """Learn a show, in place of the one that has its id."""
        self.remove(document.id)
        terms = frozenset(document.placed.places_by_term)
        themes = frozenset(theme.slug for theme in document.show.themes)
        self.dictionary.add(terms)
        self._suggestions.put_show(document)
        self._terms_by_id[document.id] = terms
        self._labels_by_id[document.id] = (themes, frozenset(document.show.platforms))
        for slug in themes:
            self._count_theme(slug, +1)

    def remove(self, show_id: ShowId) -> None:
        """Forget a show, if it is known."""
        if show_id not in self._terms_by_id:
            return
        self.dictionary.remove(self._terms_by_id.pop(show_id))
        self._suggestions.remove_show(show_id)
        themes, _ = self._labels_by_id.pop(show_id)
        for slug in themes:
            self._count_theme(slug, -1)

    def set_themes(self, themes: Iterable[Theme]) -> None:
        """Learn all themes, in place of those known."""
        theme_by_slug = {theme.slug: theme for theme in themes}
        for slug in self._theme_by_slug.keys() - theme_by_slug.keys():
            self._suggestions.remove_theme(slug)
        changed = [t for t in theme_by_slug.values() if self._theme_by_slug.get(t.slug) != t]
        self._theme_by_slug = theme_by_slug
        for theme in changed:
            self._offer_theme(theme.slug)

    def labelled(self, slug: Slug) -> set[ShowId]:
        """Return the shows that have the theme, or are on the platform, *slug*."""
        return {
            show_id
            for show_id, (themes, platforms) in self._labels_by_id.items()
            if slug in themes or slug in platforms
        }

    def suggest(self, typed: str, limit: int) -> list[Suggestion]:
        """Return up to *limit* completions of *typed*, best first."""
        return self._suggestions.find(typed, limit)

    def _count_theme(self, slug: Slug, change: int) -> None:
        before = self._show_count_by_theme.get(slug, 0)
        self._show_count_by_theme[slug] = before + change
        if (before == 0) != (before + change == 0):
            self._offer_theme(slug)

    def _offer_theme(self, slug: Slug) -> None:
        """Offer a theme while some show has it: a completion should lead somewhere."""
        theme = self._theme_by_slug.get(slug)
        if theme is not None and self._show_count_by_theme.get(slug, 0) > 0:
            self._suggestions.put_theme(theme)
        else:
            self._suggestions.remove_theme(slug)
