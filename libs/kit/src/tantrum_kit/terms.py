"""
How text becomes terms: one analysis for shows and for what people type.

* Case, accents and compatibility forms fold away: `Pokémon` is `pokemon`,
  `ﬁsh` is `fish`, `Straße` is `strasse`.
* Punctuation separates words, with three exceptions: an apostrophe inside a
  word joins (`Blue's` is `blues`), dots between single letters join (`S.T.E.M.`
  is `stem`), and `&` is the word `and`.
* Numbers are words, as they are.
* A *title* (a name or an alias) has further readings in which words are written
  together: `Paw Patrol` is also `pawpatrol`, `Ultimate Spider-Man` is also
  `ultimate spiderman` and `ultimatespiderman`.

Every word knows which characters of the text it came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

ARTICLES: Final = frozenset({"a", "an", "the"})
FILLERS: Final = ARTICLES | {"and"}
"""Words that people add and leave out as they like."""

_MAX_TERM_LENGTH: Final = 64
_MAX_JOINED_WORDS: Final = 8

# Letters that Unicode does not decompose, and all that people use for an apostrophe.
_FOLDED: Final = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i",
    **dict.fromkeys("`\u00b4\u02bb\u02bc\u2018\u2019\u2032\uff07", "'"),
}  # fmt: skip
_WORD: Final = re.compile(
    r"&"
    r"|(?<![^\W_])[^\W\d_](?:\.[^\W\d_](?![^\W_]))+"  # S.T.E.M
    r"|[^\W_]+(?:'+[^\W_]+)*"
)
_JOINING: Final = str.maketrans("", "", "'.")


class Word(NamedTuple):
    """A term and the characters `[start, end)` of the text that it came from."""

    term: str
    start: int
    end: int


Line = Sequence[Word]
"""One reading of a text, word by word."""


def fold(text: str) -> str:
    """Return *text* without case and accents; punctuation stays."""
    return _folded(text)[0]


def words_of(text: str) -> list[Word]:
    """Return the words of *text* in order."""
    folded, origins = _folded(text)
    words = []
    for match in _WORD.finditer(folded):
        found = match[0]
        term = "and" if found == "&" else found.translate(_JOINING)[:_MAX_TERM_LENGTH]
        start, end = match.span()
        if origins is not None:
            start, end = origins[start], _end_of(text, origins[end - 1])
        words.append(Word(term, start, end))
    return words


def title_lines(text: str) -> list[Line]:
    """
    Return the readings of a title: first its words, then those with words joined.

    Two neighbours are joined at a time, unless one is a filler, and then the
    whole title; a leading article is left out of that. Titles of more than eight
    words are read in one way only.
    """
    words = words_of(text)
    lines: list[Line] = [words]
    if not 2 <= len(words) <= _MAX_JOINED_WORDS:  # noqa: PLR2004 - one word joins with nothing
        return lines
    for at in range(len(words) - 1):
        pair = words[at : at + 2]
        if not any(word.term in FILLERS for word in pair):
            lines.append([*words[:at], joined(pair), *words[at + 2 :]])
    whole = words[1:] if words[0].term in ARTICLES else words
    if len(whole) > 2:  # noqa: PLR2004 - a pair is there already
        lines.append([joined(whole)])
    return lines


def joined(words: Sequence[Word]) -> Word:
    """Return *words*, at least one, written as one."""
    term = "".join(word.term for word in words)[:_MAX_TERM_LENGTH]
    return Word(term, words[0].start, words[-1].end)


def _folded(text: str) -> tuple[str, list[int] | None]:
    """Return the folded text, and for each of its characters where it came from."""
    if text.isascii():
        return text.replace("`", "'").lower(), None
    characters: list[str] = []
    origins: list[int] = []
    for at, original in enumerate(text):
        for character in _folded_character(original):
            characters.append(character)
            origins.append(at)
    return "".join(characters), origins


def _folded_character(original: str) -> str:
    plain = _FOLDED.get(original.lower())
    if plain is not None:
        return plain
    folded = unicodedata.normalize("NFKD", original).casefold()
    # Accents go, and with them what is not seen at all, such as soft hyphens.
    return "".join(
        _FOLDED.get(each, each)
        for each in folded
        if unicodedata.category(each) not in {"Mn", "Mc", "Me", "Cf"}
    )


def _end_of(text: str, last: int) -> int:
    """Return where the character at *last* ends, with the accents that follow it."""
    end = last + 1
    while end < len(text) and not _folded_character(text[end]):
        end += 1
    return end
