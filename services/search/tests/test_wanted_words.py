"""What is told of a query's words covers whatever they are read as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_kit import edits
from tantrum_kit.terms import words_of
from tantrum_search.domain.dictionary import TermDictionary
from tantrum_search.domain.query import TermForm, WantedWord, understand, wanted_words

WORDS = st.sampled_from(
    ["blue", "bluey", "clues", "paw", "patrol", "pawpatrol", "the", "show", "ms", "miss", "24"]
) | st.text(alphabet="abé'", min_size=1, max_size=12)


def fits(form: TermForm, term: str) -> bool:
    return edits.within(form.text, term, form.errors, prefix=form.beginning)


@given(st.lists(WORDS, max_size=4).map(" ".join), st.lists(WORDS, max_size=20))
def test_each_term_that_a_word_is_read_as_fits_one_of_its_forms(text, known):
    dictionary = TermDictionary()
    dictionary.add({word.term for one in known for word in words_of(one)})

    query = understand(text, dictionary)
    wanted = wanted_words(text)

    assert [word.required for word in wanted] == [word.required for word in query.words]
    for word, told in zip(query.words, wanted, strict=True):
        for term in word.reading_by_term:
            assert any(fits(form, term) for form in told.forms), term


def form(text: str, *, beginning: bool = False, errors: int = 0) -> TermForm:
    return TermForm(text, beginning, errors)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("", []),
        ("bl", [[form("bl", beginning=True)]]),
        ("blue", [[form("blue", beginning=True), form("blue", errors=1)]]),
        ("bluey", [[form("bluey", beginning=True, errors=1)]]),
        ("24", [[form("24", beginning=True)]]),
        (
            "paw patrol",
            [
                [form("paw"), form("pawpatrol", beginning=True)],
                [form("patrol", beginning=True, errors=1), form("pawpatrol", beginning=True)],
            ],
        ),
    ],
)
def test_forms_are_what_a_word_may_stand_for(text, forms):
    assert wanted_words(text) == tuple(
        WantedWord(required=True, forms=tuple(each)) for each in forms
    )


def test_what_says_nothing_is_not_required():
    assert [word.required for word in wanted_words("the bluey show")] == [False, True, False]
    assert [word.required for word in wanted_words("the show")] == [False, True]
