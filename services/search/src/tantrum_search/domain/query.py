"""
Understanding a query: which terms each of its words may stand for.

Words are expanded against the term dictionary: typing errors, and for the last
word beginnings of terms. Two neighbours are also tried as one word (`spider man`
finds `Spiderman`; that `spiderman` finds `Spider-Man` is the analysis of titles).
`ms`, `miss` and `mrs` read as each other. That is done here and not in the analysis,
where `mis` would no longer begin `Miss Katie`, nor `missrachel` find her.

All words must match, except for *asides*: `the`, `for`, `show`, `kids` and others that
people add and that tell no show here from another. They may be missing from a show,
and are read as typed, without errors, unless there is nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tantrum_kit import edits
from tantrum_kit.terms import ARTICLES, FILLERS, Word, joined, words_of

from tantrum_search.domain.dictionary import TermDictionary

_MOST_OF_A_KIND: Final = 2

# fmt: off
_LINKS: Final = FILLERS | {"about", "at", "by", "for", "from", "in", "of", "on", "to", "with"}
_ASIDES: Final = _LINKS | {
    "cartoon", "cartoons", "episode", "episodes", "program", "programme", "programmes", "programs",
    "series", "show", "shows", "television", "tv", "video", "videos", "watch", "watching",
    "child", "children", "childrens", "kid", "kids",
}
# fmt: on
_SAME_TITLES: Final = frozenset({"miss", "mrs", "ms"})

PARTIAL: Final = 1
"""Only the beginning of the term was typed."""
JOINED: Final = 2
"""The term is this word and a neighbour written as one."""


class Reading(NamedTuple):
    """How a typed word reads as a term."""

    typos: int
    marks: int
    """`PARTIAL` and `JOINED`, or 0."""


@dataclass(frozen=True, slots=True)
class QueryWord:
    """One typed word and the terms that it may stand for."""

    word: Word
    reading_by_term: Mapping[str, Reading]
    required: bool
    """Whether a show needs it; an aside may be missing."""
    known: bool
    """Whether some show has the word as it was typed, or as the beginning of one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What a backend matches: a show needs one term of every group.

    Terms of `optional` do not decide whether a show matches; where they are in it
    is told as well.
    """

    groups: tuple[frozenset[str], ...] = ()
    plain_groups: tuple[frozenset[str], ...] = ()
    """The groups without what takes a typing error."""
    optional: frozenset[str] = frozenset()

    def every(self) -> frozenset[str]:
        return self.optional.union(*self.groups)


@dataclass(frozen=True, slots=True)
class Query:
    """An understood query. Without words, it matches every show."""

    text: str
    words: tuple[QueryWord, ...]

    def terms(self) -> Terms:
        """Return what a backend has to match."""
        required = [word for word in self.words if word.required]
        return Terms(
            groups=tuple(frozenset(word.reading_by_term) for word in required),
            plain_groups=tuple(
                frozenset(term for term, read in word.reading_by_term.items() if read.typos == 0)
                for word in required
            ),
            optional=frozenset(
                term for word in self.words if not word.required for term in word.reading_by_term
            ),
        )

    @property
    def title_start(self) -> int:
        """Number of the word that a title should begin with: a leading article may lack."""
        return int(len(self.words) > 1 and self.words[0].word.term in ARTICLES)


class TermForm(NamedTuple):
    """Terms that are *text*, or with *beginning* start with it, but for *errors*."""

    text: str
    beginning: bool
    errors: int


class WantedWord(NamedTuple):
    """What a typed word may stand for, whatever terms there are."""

    required: bool
    forms: tuple[TermForm, ...]
    """`understand` gives the word no term that fits none of these."""


def wanted_words(text: str) -> tuple[WantedWord, ...]:
    """Return what the words of `understand` may stand for, one by one."""
    typed = _without_repetition(words_of(text))
    asides = _asides_of(typed)
    return tuple(
        WantedWord(word.term not in asides, tuple(dict.fromkeys(_forms(typed, at))))
        for at, word in enumerate(typed)
    )


def understand(text: str, dictionary: TermDictionary) -> Query:
    """Read what was typed, word by word; of a word that is typed often, only the first two."""
    typed = _without_repetition(words_of(text))
    asides = _asides_of(typed)
    words = []
    for at, word in enumerate(typed):
        readings = _readings(typed, at, dictionary)
        known = any(reading.typos == 0 for reading in readings.values())
        # A word that the dictionary has not heard of yet may be in a backend already.
        readings.setdefault(word.term, Reading(0, 0))
        required = word.term not in asides
        if not required:
            readings = {term: read for term, read in readings.items() if read.typos == 0}
        words.append(QueryWord(word, readings, required=required, known=known))
    return Query(text, tuple(words))


def _asides_of(typed: Sequence[Word]) -> frozenset[str]:
    """Return the terms that may be missing: of `the cartoon`, only `the`."""
    for asides in (_ASIDES, _LINKS):
        if any(word.term not in asides for word in typed):
            return asides
    return frozenset()


def _without_repetition(words: Iterable[Word]) -> list[Word]:
    # `Llama Llama` needs two. A hundred would match the same, and take a hundred times as long.
    count_by_term: Counter[str] = Counter()
    kept = []
    for word in words:
        count_by_term[word.term] += 1
        if count_by_term[word.term] <= _MOST_OF_A_KIND:
            kept.append(word)
    return kept


def _forms(typed: Sequence[Word], at: int) -> Iterator[TermForm]:
    """Yield what covers all that `_readings` finds in any dictionary."""
    last = len(typed) - 1
    term = typed[at].term
    errors_with_prefix = edits.allowed(term) if len(term) >= edits.PREFIX_EDIT_FROM else 0
    if at == last:
        yield TermForm(term, beginning=True, errors=errors_with_prefix)
    if at < last or edits.allowed(term) > errors_with_prefix:
        yield TermForm(term, beginning=False, errors=edits.allowed(term))
    if term in _SAME_TITLES:
        yield from (TermForm(each, beginning=False, errors=0) for each in sorted(_SAME_TITLES))
    for start in (at - 1, at):
        if 0 <= start < last:
            together = joined(typed[start : start + 2]).term
            yield TermForm(together, beginning=start + 1 == last, errors=0)


def _readings(typed: Sequence[Word], at: int, dictionary: TermDictionary) -> dict[str, Reading]:
    last = len(typed) - 1
    readings = {
        term: Reading(cost.typos, PARTIAL if cost.partial else 0)
        for term, cost in dictionary.expand(typed[at].term, prefix=at == last).items()
    }
    if typed[at].term in _SAME_TITLES:
        readings |= {term: Reading(0, 0) for term in _SAME_TITLES if term in dictionary}
    for start in (at - 1, at):
        if not 0 <= start < last:
            continue
        together = joined(typed[start : start + 2]).term
        if together in dictionary:
            readings.setdefault(together, Reading(0, JOINED))
        if start + 1 == last:
            for term in dictionary.starting_with(together):
                readings.setdefault(term, Reading(0, JOINED | PARTIAL))
    return readings
