from __future__ import annotations

import pytest
from tantrum_search.domain.lexicon import Lexicon
from tantrum_search.domain.show import Theme
from tantrum_search.domain.suggestions import SuggestionKind

from .builders import document

TRAINS = Theme(slug="trains", name="Trains", aliases=("Locomotives",))


def lexicon_of(*documents, themes=()) -> Lexicon:
    lexicon = Lexicon()
    lexicon.set_themes(themes)
    for each in documents:
        lexicon.put(each)
    return lexicon


def texts(lexicon: Lexicon, typed: str, limit: int = 8) -> list[str]:
    return [each.text for each in lexicon.suggest(typed, limit)]


@pytest.mark.parametrize(
    ("name", "typed", "marked"),
    [
        pytest.param("Bluey Toons", "blu", ["Blu"], id="beginning"),
        pytest.param("Bluey Toons", "bluye", ["Bluey"], id="whole word where it has an error"),
        pytest.param("BlueyToons", "bluey t", ["BlueyToons"], id="split"),
        pytest.param("Bluey Toons", "blueytoons", ["Bluey Toons"], id="joined"),
        pytest.param("Bluey Toons", "toons b", ["B", "Toons"], id="words in any order"),
        pytest.param("Bluey Toons", "a puppy", [], id="an alias was typed"),
    ],
)
def test_what_was_typed_is_marked(name, typed, marked):
    lexicon = lexicon_of(document(name=name, aliases=["A Puppy"]))

    [suggestion] = lexicon.suggest(typed, 8)

    assert [suggestion.text[start:end] for start, end in suggestion.spans] == marked


def test_marks_end_where_the_typed_letters_end_whatever_folds_away():
    lexicon = lexicon_of(document(name="Poke\u0301mon’s"))  # noqa: RUF001

    [suggestion] = lexicon.suggest("poke", 8)

    [(start, end)] = suggestion.spans
    assert suggestion.text[start:end] == "Poke\u0301"


def test_shows_and_themes_are_suggested_best_first():
    lexicon = lexicon_of(
        document(name="A Train", themes=["trains"]), document(name="Train Town"), themes=[TRAINS]
    )

    found = lexicon.suggest("train", 8)

    assert [(each.kind, each.text) for each in found] == [
        (SuggestionKind.SHOW, "A Train"),
        (SuggestionKind.SHOW, "Train Town"),
        (SuggestionKind.THEME, "Trains"),
    ]
    assert [each.slug for each in lexicon.suggest("locomotives", 8)] == ["trains"]


def test_a_theme_without_shows_is_not_suggested():
    lexicon = lexicon_of(themes=[TRAINS])
    assert texts(lexicon, "tra") == []

    lexicon.put(document(id=1, name="One", themes=["trains"]))
    assert texts(lexicon, "tra") == ["Trains"]

    lexicon.remove(1)
    assert texts(lexicon, "tra") == []


def test_a_theme_that_is_gone_is_not_suggested():
    lexicon = lexicon_of(document(id=1, name="One", themes=["trains"]), themes=[TRAINS])

    lexicon.set_themes([])

    assert texts(lexicon, "tra") == []


def test_a_renamed_theme_is_suggested_by_its_new_name():
    lexicon = lexicon_of(document(id=1, name="One", themes=["trains"]), themes=[TRAINS])

    lexicon.set_themes([Theme(slug="trains", name="Railways")])

    assert texts(lexicon, "rail") == ["Railways"]
    assert texts(lexicon, "tra") == []


def test_a_changed_show_is_suggested_by_its_new_name_once():
    lexicon = lexicon_of(document(id=1, name="Old Pig"), document(id=1, name="New Pig"))

    assert texts(lexicon, "pig") == ["New Pig"]
    assert texts(lexicon, "old") == []
    assert len(lexicon) == 1


def test_there_are_no_more_than_asked_for():
    lexicon = lexicon_of(*(document(name=f"Pig {number}") for number in range(30)))

    assert len(texts(lexicon, "pig", 8)) == 8


def test_errors_are_forgiven_only_where_nothing_is_found_without():
    lexicon = lexicon_of(document(name="Peter"), document(name="Pater"))

    assert texts(lexicon, "peter") == ["Peter"]
    assert texts(lexicon, "pxter") == ["Pater", "Peter"]


def test_shows_are_known_by_their_labels():
    lexicon = lexicon_of(
        document(id=1, themes=["trains"]), document(id=2, themes=["music", "trains"])
    )

    assert lexicon.labelled("trains") == {1, 2}
    assert lexicon.labelled("music") == {2}
    assert lexicon.labelled("none") == set()
