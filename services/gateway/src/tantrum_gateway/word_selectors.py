"""
Which changes of shows touch what was found by words.

The search tells the forms of a query's words (`QueryWord` in its contract). A show that no
word fits can neither enter an answer nor move in it. A term that a show adds or takes away
may tell the search that a word is known, or leave another term that fits no room: so that
touches the answer too, whatever else the show has.

How many answers are looked at after a write, the cache decides: so what a word means to a
change is found out once. For 200 terms that takes some 30 µs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, cast

import msgspec
from tantrum_kit import edits
from tantrum_kit.terms import title_lines, words_of
from tvtantrum.search.v1 import search_service_pb2 as pb

from tantrum_gateway.dependencies import Facts, ShowChange
from tantrum_gateway.selectors import RULED, conditions_of, selected, themes_of

SEARCHED: Final = frozenset({"name", "aliases", "description", "creator", "themes", "featured"})
"""Fields that search finds shows by, or ranks them by."""
_SUGGESTED: Final = frozenset({"name", "aliases", "featured", "slug"})

_NONE: Final[frozenset[str]] = frozenset()
_CHANGES_KEPT: Final = 16


class Form(NamedTuple):
    """Terms that are *text*, or with *beginning* start with it, but for *errors*."""

    text: str
    beginning: bool
    errors: int


class Word(NamedTuple):
    """A word of a query. What has a term that fits one of its forms has the word."""

    required: bool
    forms: tuple[Form, ...]


Words = tuple[Word, ...]


class SearchSelector(msgspec.Struct, frozen=True, cache_hash=True, array_like=True, tag="search"):
    """A search's: its words, none where nobody told them, and the `ShowFilter` as bytes."""

    words: Words
    filter: bytes

    def touched_by(self, change: ShowChange) -> bool:
        if not self.words or change.theme_titles is None:
            fields = SEARCHED | RULED if self.filter else SEARCHED
            return not change.fields.isdisjoint(fields)
        conditions, texts = conditions_of(self.filter)
        before = selected(conditions, change.before)
        after = selected(conditions, change.after)
        moved = not change.fields.isdisjoint(SEARCHED | texts)
        if before == after and not moved:
            return False
        terms = _terms(
            _searched(change.before, change.theme_titles),
            _searched(change.after, change.theme_titles),
        )
        if terms.changed_for(self.words):
            return True
        had, has = terms.having(self.words)
        before, after = before and had, after and has
        return before != after or (before and moved)


class SuggestionSelector(
    msgspec.Struct, frozen=True, cache_hash=True, array_like=True, tag="suggestions"
):
    """That of completions: names of shows, and of themes while a show has them."""

    words: Words

    def touched_by(self, change: ShowChange) -> bool:
        titles = change.theme_titles
        if not self.words or titles is None:
            return not change.fields.isdisjoint(_SUGGESTED | {"themes"})
        if not change.fields.isdisjoint(_SUGGESTED):
            terms = _terms(_titles_of(change.before), _titles_of(change.after))
            if terms.changed_for(self.words) or any(terms.having(self.words)):
                return True
        slugs = themes_of(change.before) ^ themes_of(change.after)
        themes = (_terms(_title_terms(titles[slug]), _NONE) for slug in slugs)
        return any(
            terms.changed_for(self.words) or any(terms.having(self.words)) for terms in themes
        )


def words_from_proto(words: Iterable[pb.QueryWord]) -> Words:
    """Return the words of a query as the search has told them."""
    return tuple(
        Word(
            word.required,
            tuple(Form(form.text, form.beginning, form.errors) for form in word.forms),
        )
        for word in words
    )


class _Fit(NamedTuple):
    """Whether a word fits a term that there was, one that there is, and one of only one side."""

    before: bool
    after: bool
    changed: bool


class _Terms:
    """The terms of something before and after a change."""

    def __init__(self, before: frozenset[str], after: frozenset[str]) -> None:
        self._before = before
        self._after = after
        self._all = [(term, _letters_of(term)) for term in before | after]
        self._fit_by_word: dict[Word, _Fit] = {}

    def changed_for(self, words: Words) -> bool:
        """Say whether a term came or went that may tell how *words* are to be read."""
        # What says little is not corrected, and counts as it stands unless it is a beginning.
        told = (word for word in words if word.required or word is words[-1])
        return any(self._fit(word).changed for word in told)

    def having(self, words: Words) -> tuple[bool, bool]:
        """Say whether there were, and whether there are, all that are required of *words*."""
        fits = [self._fit(word) for word in words if word.required]
        return all(fit.before for fit in fits), all(fit.after for fit in fits)

    def _fit(self, word: Word) -> _Fit:
        fit = self._fit_by_word.get(word)
        if fit is None:
            terms = {term for form in word.forms for term in self._fitting(form)}
            before, after = terms & self._before, terms & self._after
            fit = _Fit(bool(before), bool(after), before != after)
            self._fit_by_word[word] = fit
        return fit

    def _fitting(self, form: Form) -> Iterable[str]:
        text, beginning, errors = form
        letters = _letters_of(text)
        for term, letters_there in self._all:
            # An error makes up for one letter that is not there at all.
            if (letters & ~letters_there).bit_count() <= errors and edits.within(
                text, term, errors, prefix=beginning
            ):
                yield term


@functools.lru_cache(maxsize=_CHANGES_KEPT)
def _terms(before: frozenset[str], after: frozenset[str]) -> _Terms:
    return _Terms(before, after)


def _searched(show: Facts | None, theme_titles: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    if show is None:
        return _NONE
    texts = (show["creator"], show["description"])
    themes = tuple(theme_titles[slug] for slug in sorted(themes_of(show)))
    return _titles_of(show) | _text_terms(cast("tuple[str, ...]", sum(themes, texts)))


def _titles_of(show: Facts | None) -> frozenset[str]:
    if show is None:
        return _NONE
    return _title_terms((cast("str", show["name"]), *cast("tuple[str, ...]", show["aliases"])))


@functools.lru_cache(maxsize=_CHANGES_KEPT)
def _title_terms(titles: tuple[str, ...]) -> frozenset[str]:
    lines = (line for title in titles for line in title_lines(title))
    return frozenset(word.term for line in lines for word in line)


@functools.lru_cache(maxsize=_CHANGES_KEPT)
def _text_terms(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.term for text in texts for word in words_of(text))


def _letters_of(text: str) -> int:
    """Return a set of letters as bits; different ones may share a bit."""
    letters = 0
    for letter in text:
        letters |= 1 << (ord(letter) & 63)
    return letters
