"""Which parts of a hit's texts made it a hit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tantrum_kit.terms import Word, fold

from tantrum_search.domain.document import Field, Text
from tantrum_search.domain.postings import Candidate
from tantrum_search.domain.query import PARTIAL, Query, QueryWord, Reading

Span = tuple[int, int]
"""Characters `[start, end)` of a text, in code points."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A text of a hit, and its parts that matched: ascending, without overlap."""

    field: Field
    text: str
    spans: tuple[Span, ...]


def highlights_of(
    query: Query, candidate: Candidate, texts: Iterable[Text]
) -> tuple[Highlight, ...]:
    """
    Return the texts of a hit in which words of *query* are, in the order of *texts*;
    asides alone (`query`) make none.

    Of each word only what it matched best is marked: with `being` in its
    description, a hit for `bing` that has it in its name shows just the name.
    """
    required, asides = (
        [best_terms(word, candidate) for word in query.words if word.required == wanted]
        for wanted in (True, False)
    )
    highlights = []
    for text in texts:
        found = [word for terms in required for word in _words_in(text, terms)]
        if found:
            found += [word for terms in asides for word in _words_in(text, terms)]
            spans = merged((word.start, word.end) for word in found)
            highlights.append(Highlight(text.field, text.text, spans))
    return tuple(highlights)


def typed_spans(query: Query, candidate: Candidate, text: Text) -> tuple[Span, ...]:
    """Return the parts of *text* that were typed: of a longer word, only its beginning."""
    spans = []
    for query_word in query.words:
        for word in _words_in(text, best_terms(query_word, candidate)):
            reading = query_word.reading_by_term[word.term]
            end = word.end
            if reading == Reading(0, PARTIAL):
                end = _end_of_beginning(text.text, word, len(query_word.word.term))
            spans.append((word.start, end))
    return merged(spans)


def corrected(query: Query, candidate: Candidate, texts: Iterable[Text]) -> str:
    """
    Return the query with the words that no show has as *candidate*, a hit, has them.

    Empty when there are none.
    """
    texts = tuple(texts)
    result = query.text
    # From the end, so that what is left to replace stays where it is.
    for query_word in reversed(query.words):
        if query_word.known:
            continue
        terms = best_terms(query_word, candidate)
        surfaces = (
            text.text[word.start : word.end].lower()
            for text in texts
            for word in _words_in(text, terms)
        )
        start, end = query_word.word.start, query_word.word.end
        result = result[:start] + next(surfaces, result[start:end]) + result[end:]
    return "" if result == query.text else result


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return *spans* in order, those that overlap made one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


def best_terms(word: QueryWord, candidate: Candidate) -> Sequence[str]:
    found = [term for term in candidate.places_by_term if term in word.reading_by_term]
    fewest = min((word.reading_by_term[term].typos for term in found), default=0)
    return [term for term in found if word.reading_by_term[term].typos == fewest]


def _words_in(text: Text, terms: Iterable[str]) -> Sequence[Word]:
    """Return the words that are one of *terms*, in the plainest reading that has any."""
    wanted = frozenset(terms)
    for line in text.lines:
        words = [word for word in line if word.term in wanted]
        if words:
            return words
    return ()


def _end_of_beginning(text: str, word: Word, letter_count: int) -> int:
    """Return where the first *letter_count* letters of *word* end in *text*."""
    letters = 0
    for at in range(word.start, word.end):
        folded = fold(text[at])
        # An accent of its own folds away, and belongs to the letter before.
        if letters >= letter_count and folded:
            return at
        letters += sum(letter.isalnum() for letter in folded)
    return word.end
