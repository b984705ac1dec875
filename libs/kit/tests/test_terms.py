from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_kit.terms import title_lines, words_of


def terms(text: str) -> list[str]:
    return [word.term for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Bluey", ["bluey"], id="case"),
        pytest.param("Pokémon", ["pokemon"], id="accent"),
        pytest.param("Poke\u0301mon", ["pokemon"], id="accent on its own"),
        pytest.param("Pipi Mā", ["pipi", "ma"], id="macron"),
        pytest.param("Straße ﬁsh Łódź Ærø", ["strasse", "fish", "lodz", "aero"], id="letters"),
        pytest.param("Blue's Clues", ["blues", "clues"], id="apostrophe"),
        pytest.param("Blue\u2019s Gecko\u02bcs", ["blues", "geckos"], id="other apostrophes"),
        pytest.param("'Swampy' Mars'", ["swampy", "mars"], id="quotes"),
        pytest.param("S.T.E.M. J.J. Johnson", ["stem", "jj", "johnson"], id="dots"),
        pytest.param("Go, Dog. Go!", ["go", "dog", "go"], id="sentence"),
        pytest.param("Ben & Holly", ["ben", "and", "holly"], id="ampersand"),
        pytest.param("Peg+Cat", ["peg", "cat"], id="plus"),
        pytest.param(
            "CoasterFan2105 (1996-2007)", ["coasterfan2105", "1996", "2007"], id="numbers"
        ),
        pytest.param("忍者 ハットリくん", ["忍者", "ハットリくん"], id="other scripts"),
        pytest.param("so\u00adft", ["soft"], id="soft hyphen"),
        pytest.param("snake_case", ["snake", "case"], id="underscore"),
        pytest.param("x" * 200, ["x" * 64], id="very long"),
        pytest.param(" \t!?…", [], id="nothing"),
    ],
)
def test_words(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("Bluey", ["bluey"], id="one word"),
        pytest.param("Paw Patrol", ["paw patrol", "pawpatrol"], id="two"),
        pytest.param(
            "Ultimate Spider-Man",
            [
                "ultimate spider man",
                "ultimatespider man",
                "ultimate spiderman",
                "ultimatespiderman",
            ],
            id="three",
        ),
        pytest.param("The Cat", ["the cat"], id="an article joins with nothing"),
        pytest.param(
            "The Lion Guard",
            ["the lion guard", "the lionguard", "lionguard"],
            id="the whole goes without its article",
        ),
        pytest.param("a b c d e f g h i", ["a b c d e f g h i"], id="too long to join"),
    ],
)
def test_titles_are_read_with_words_joined(title, expected):
    lines = title_lines(title)

    assert [" ".join(word.term for word in line) for line in lines] == expected[: len(lines)]
    assert len(lines) >= len(expected) - 1


@given(st.text(max_size=60))
def test_words_know_where_they_came_from(text):
    """Each word lies within the text, in order; and its part of the text has the word."""
    start = 0
    for word in words_of(text):
        assert start <= word.start < word.end <= len(text)
        start = word.start
        assert word.term in terms(text[word.start : word.end])


@given(st.text(max_size=60))
def test_case_makes_no_difference(text):
    assert "".join(terms(text)) == "".join(terms(text.casefold()))
