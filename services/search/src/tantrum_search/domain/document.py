"""
A show as it is searched: its texts by field, and the places of their terms.

A *place* is one number, `field << 14 | position`. Positions run over all lines of
all texts in the order of the fields, with a gap between two lines; so neighbours
in a line are one apart, and words of two lines are far apart. A position fits into
14 bits, as PostgreSQL's `tsvector` can keep it, which also keeps no more than 255
for a term. What does not fit is not searched: the end of a description of over
10,000 words.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from tantrum_kit.terms import ARTICLES, Line, title_lines, words_of

from tantrum_search.domain.show import Show, ShowId, ThemeAliases

FIELD_SHIFT: Final = 14
LINE_GAP: Final = 10
"""Positions between two lines: more than any distance that ranking tells apart."""
_MAX_POSITION: Final = (1 << FIELD_SHIFT) - 2
_MAX_PLACES: Final = 255


class Field(IntEnum):
    """A field that is searched, the heaviest first."""

    NAME = 0
    ALIAS = 1
    CREATOR = 2
    THEME = 3
    DESCRIPTION = 4


TITLES: Final = frozenset({Field.NAME, Field.ALIAS})


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a show and its readings; a field may have several texts."""

    field: Field
    text: str
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, field: Field, text: str) -> Text:
        """Return *text* with its readings."""
        lines = title_lines(text) if field in TITLES else [words_of(text)]
        return cls(field, text, tuple(lines))


class Popularity(NamedTuple):
    """Orders shows before anybody searched: smaller is more popular."""

    unfeatured: int
    """0 for the featured show, 1 for the others."""
    name_key: str
    """The name without case, accents and doubled spaces, as the catalogue orders by it."""


@dataclass(frozen=True, slots=True)
class TitleLines:
    """Where the readings of names and aliases are."""

    starts: frozenset[int]
    """Places of their first words, a leading article aside."""
    ends: frozenset[int]
    """Places of their last words."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the terms of some texts are."""

    places_by_term: dict[str, tuple[int, ...]]
    """Ascending."""
    title_lines: TitleLines


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An analysed show."""

    show: Show
    texts: tuple[Text, ...]
    """By field, and within a field as the show has them."""
    popularity: Popularity
    placed: Placed

    @property
    def id(self) -> ShowId:
        return self.show.id


def document_of(show: Show, theme_aliases: ThemeAliases) -> Document:
    """Analyse *show*."""
    texts = tuple(_texts_of(show, theme_aliases))
    return Document(
        show=show,
        texts=texts,
        popularity=Popularity(int(not show.featured), sort_name_of(show.name)),
        placed=placed(texts),
    )


def placed(texts: Iterable[Text]) -> Placed:
    """Give the words of *texts*, which are in the order of their fields, their places."""
    places_by_term: dict[str, list[int]] = {}
    starts, ends = set(), set()
    position = 1
    for text in texts:
        for line in text.lines:
            words = line[: max(0, _MAX_POSITION - position)]
            first = text.field << FIELD_SHIFT | position
            for place, word in enumerate(words, first):
                places_by_term.setdefault(word.term, []).append(place)
            if words and text.field in TITLES:
                starts.add(first + (len(words) > 1 and words[0].term in ARTICLES))
                ends.add(first + len(words) - 1)
            position += len(words) + LINE_GAP
    return Placed(
        {term: tuple(places[:_MAX_PLACES]) for term, places in places_by_term.items()},
        TitleLines(frozenset(starts), frozenset(ends)),
    )


def sort_name_of(name: str) -> str:
    """Return what *name* is ordered by, code point by code point."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(plain.casefold().split())


def field_of(place: int) -> Field:
    """Return the field that *place* lies in."""
    return Field(place >> FIELD_SHIFT)


def _texts_of(show: Show, theme_aliases: ThemeAliases) -> Iterator[Text]:
    yield Text.of(Field.NAME, show.name)
    for alias in show.aliases:
        yield Text.of(Field.ALIAS, alias)
    if show.creator:
        yield Text.of(Field.CREATOR, show.creator)
    for theme in show.themes:
        yield _theme_text(theme.name)
        for alias in theme_aliases.get(theme.slug, ()):
            yield _theme_text(alias)
    yield Text.of(Field.DESCRIPTION, show.description)


@functools.lru_cache(maxsize=2_000)
def _theme_text(name: str) -> Text:
    # Themes are few and repeat on every show.
    return Text.of(Field.THEME, name)
