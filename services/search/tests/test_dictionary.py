from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_kit import edits
from tantrum_search.domain import dictionary as module
from tantrum_search.domain.dictionary import Cost, TermDictionary

# Few letters, so that words are often alike; long ones, so that two errors are tried.
words = st.text(alphabet="abc", min_size=1, max_size=12)


def distances(word: str, term: str) -> list[int]:
    """The optimal string alignment distance of *word* to each beginning of *term*, by the book."""
    rows = [list(range(len(word) + 1))]
    for to, letter in enumerate(term, 1):
        row = [to]
        for at, typed in enumerate(word, 1):
            row.append(min(rows[-1][at] + 1, row[-1] + 1, rows[-1][at - 1] + (typed != letter)))
            if at > 1 and to > 1 and typed == term[to - 2] and word[at - 2] == letter:
                row[at] = min(row[at], rows[-2][at - 2] + 1)
        rows.append(row)
    return [row[-1] for row in rows]


def expansion(word: str, term: str, *, prefix: bool) -> Cost | None:
    """What `expand` should say of *term*, tried one by one."""
    to_beginnings = distances(word, term)
    costs = []
    if to_beginnings[-1] <= edits.allowed(word):
        costs.append(Cost(to_beginnings[-1], partial=False))
    nearest = min(to_beginnings)
    if prefix and (
        nearest == 0 or (nearest <= edits.allowed(word) and len(word) >= edits.PREFIX_EDIT_FROM)
    ):
        costs.append(Cost(nearest, partial=True))
    return min(costs, default=None)


def dictionary_of(*terms: str) -> TermDictionary:
    dictionary = TermDictionary()
    dictionary.add(set(terms))
    return dictionary


@given(word=words, terms=st.sets(words, max_size=30), prefix=st.booleans())
def test_expansion_equals_trying_every_term(word, terms, prefix):
    expected = {term: expansion(word, term, prefix=prefix) for term in terms}

    found = dictionary_of(*terms).expand(word, prefix=prefix)

    assert found == {term: cost for term, cost in expected.items() if cost is not None}


@given(word=words, term=words, limit=st.integers(0, 3))
def test_closeness_equals_the_distance_by_the_book(word, term, limit):
    to_beginnings = distances(word, term)

    assert edits.within(word, term, limit, prefix=False) == (to_beginnings[-1] <= limit)
    assert edits.within(word, term, limit, prefix=True) == (min(to_beginnings) <= limit)


@pytest.mark.parametrize(
    ("word", "errors"),
    [("abc", 0), ("abcd", 1), ("abcdefg", 1), ("abcdefgh", 2), ("2005", 0), ("x2005", 1)],
)
def test_longer_words_may_have_more_errors_and_numbers_none(word, errors):
    assert edits.allowed(word) == errors


@given(
    documents=st.lists(st.sets(words, max_size=6), max_size=8),
    gone=st.sets(st.integers(0, 7)),
    word=words,
)
def test_what_was_removed_leaves_no_trace(documents, gone, word):
    dictionary = TermDictionary()
    for terms in documents:
        dictionary.add(terms)
    for number in gone & set(range(len(documents))):
        dictionary.remove(documents[number])

    left = {term for at, terms in enumerate(documents) if at not in gone for term in terms}
    assert dictionary.expand(word, prefix=True) == dictionary_of(*left).expand(word, prefix=True)
    assert len(dictionary) == len(left)
    assert all(term in dictionary for term in left)


def test_of_too_many_terms_the_plainest_stay(monkeypatch):
    monkeypatch.setattr(module, "MAX_EXPANSIONS", 3)

    found = dictionary_of("plane", "planes", "planet", "plant", "blane").expand(
        "plane", prefix=True
    )

    assert set(found) == {"plane", "planes", "planet"}
