"""
A show as it is searched: its texts by field, and the places of their terms.

A *place* is one number for field, line within the field and word within the line:
`field << 14 | line << 7 | word`. So neighbours in a line are one apart, and words
of two lines (unless one has over a hundred words) are far apart. The lower 14
bits are what PostgreSQL can keep as a position in a `tsvector`. A description is
one line that may fill all 14 bits.

Words are counted from 2, and only a leading article is word 1, so that `The
Octonauts` begins where `Octonauts` does. A line that does not fit is not searched:
that takes over 126 lines in a field, or over 126 words in a line.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tantrum_search.domain.analysis import ARTICLES, Line, title_lines, words_of
from tantrum_search.domain.show import Show, ShowId, ThemeAliases

FIELD_SHIFT: Final = 14
LINE_SHIFT: Final = 7
FIRST_WORD: Final = 2
_MAX_LINES: Final = 126
_MAX_SLOT: Final = (1 << FIELD_SHIFT) - 1


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Popularity:
    """Orders shows before anybody searched: smaller is more popular."""

    featured: bool
    name_key: str
    """The name without case, accents and doubled spaces, as the catalogue orders by it."""

    def key(self) -> tuple[int, str]:
        return (0 if self.featured else 1, self.name_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An analysed show."""

    show: Show
    texts: tuple[Text, ...]
    """By field, and within a field as the show has them."""
    popularity: Popularity
    places_by_term: dict[str, tuple[int, ...]]
    """Ascending places of every term."""
    title_ends: frozenset[int]
    """Places of the last word of each line of the titles."""

    @property
    def id(self) -> ShowId:
        return self.show.id


def document_of(show: Show, theme_aliases: ThemeAliases) -> Document:
    """Analyse *show*."""
    texts = tuple(_texts_of(show, theme_aliases))
    places_by_term, title_ends = places_of(texts)
    return Document(
        show=show,
        texts=texts,
        popularity=Popularity(featured=show.featured, name_key=sort_name_of(show.name)),
        places_by_term=places_by_term,
        title_ends=title_ends,
    )


def places_of(texts: tuple[Text, ...]) -> tuple[dict[str, tuple[int, ...]], frozenset[int]]:
    """Return the places of the terms of *texts*, and where lines of titles end."""
    places_by_term: dict[str, list[int]] = {}
    title_ends = set()
    line_counts = dict.fromkeys(Field, 0)
    # A creator and the themes share a weight in PostgreSQL; lines tell them apart.
    line_counts[Field.THEME] = 1
    for text in texts:
        for line in text.lines:
            number = line_counts[text.field]
            line_counts[text.field] += 1
            if not line or number > _MAX_LINES:
                continue
            places = _places(text.field, number, line)
            for word, place in zip(line, places, strict=False):
                places_by_term.setdefault(word.term, []).append(place)
            if text.field in TITLES:
                title_ends.add(places[-1])
    return {term: tuple(sorted(places)) for term, places in places_by_term.items()}, frozenset(
        title_ends
    )


def sort_name_of(name: str) -> str:
    """Return what *name* is ordered by, code point by code point."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(plain.casefold().split())


def field_of(place: int) -> Field:
    """Return the field that *place* lies in."""
    return Field(place >> FIELD_SHIFT)


def is_line_start(place: int) -> bool:
    """Say whether *place* is the first word of a line, a leading article aside."""
    return place & ((1 << LINE_SHIFT) - 1) == FIRST_WORD


def _places(field: Field, number: int, line: Line) -> range:
    leads_with_article = len(line) > 1 and line[0].term in ARTICLES
    first = FIRST_WORD - leads_with_article
    most = _MAX_SLOT if field is Field.DESCRIPTION else (1 << LINE_SHIFT) - 1
    base = field << FIELD_SHIFT | number << LINE_SHIFT
    return range(base + first, base + min(first + len(line), most + 1))


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
