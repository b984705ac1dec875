"""Which changes touch what, told one by one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_gateway.dependencies import (
    ANYTHING,
    CATALOGUE,
    Change,
    Dependencies,
    History,
    ShowChange,
    touches,
)
from tantrum_gateway.l2 import AnySelector
from tantrum_gateway.selectors import FieldsSelector, FilterSelector, facts_of
from tantrum_gateway.word_selectors import Form, SearchSelector, SuggestionSelector, Word
from tvtantrum.catalog.v1 import filter_pb2, show_pb2

from .fakes import make_show, matching

NAME = filter_pb2.SHOW_ORDER_NAME
STIMULATION = filter_pb2.SHOW_ORDER_STIMULATION


def changed(before: show_pb2.Show | None, after: show_pb2.Show | None) -> Change:
    one = ShowChange(
        before=facts_of(before) if before else None, after=facts_of(after) if after else None
    )
    return Change(revision=2, shows=(one,))


def selector(*, order: int = NAME, **conditions) -> FilterSelector:
    wanted = filter_pb2.ShowFilter(**conditions)
    return FilterSelector(wanted.SerializeToString(), order)


@pytest.mark.parametrize(
    ("before", "after", "conditions", "touched"),
    [
        # It stays where it is.
        ({}, {"description": "Other."}, {}, False),
        ({}, {"stimulation": 3}, {}, False),
        ({}, {"seasons": 9}, {"min_stimulation": 1}, False),
        # It moves.
        ({}, {"name": "Other"}, {}, True),
        ({}, {"stimulation": 3}, {"order": STIMULATION}, True),
        # It comes, goes, or neither.
        ({"stimulation": 2}, {"stimulation": 3}, {"max_stimulation": 2}, True),
        ({"stimulation": 3}, {"stimulation": 2}, {"max_stimulation": 2}, True),
        ({"stimulation": 3}, {"stimulation": 4}, {"max_stimulation": 2}, False),
        ({"stimulation": 3}, {"stimulation": 3, "name": "Other"}, {"max_stimulation": 2}, False),
        ({}, {"themes": [show_pb2.Label(slug="space")]}, {"themes": ["space"]}, True),
        ({}, {"themes": [show_pb2.Label(slug="space")]}, {"themes": ["music"]}, False),
        ({"max_age": 6}, {"max_age": None}, {"min_age": 9}, True),
        # Texts are the catalogue's to judge.
        ({}, {"description": "Other."}, {"text": "zebra"}, True),
        ({}, {"stimulation": 4}, {"text": "zebra"}, False),
        (None, {"creator": "X"}, {"creators": ["zebra"]}, True),
        # It is made or removed.
        (None, {}, {}, True),
        ({}, None, {}, True),
        (None, {"stimulation": 5}, {"max_stimulation": 4}, False),
        ({"stimulation": 5}, None, {"max_stimulation": 4}, False),
    ],
)
def test_a_change_touches_a_list_that_may_have_to_be_another(before, after, conditions, touched):
    change = changed(
        None if before is None else make_show(**before),
        None if after is None else make_show(**after),
    )

    assert touches(change, selector(**conditions)) is touched


def test_fields_are_touched_by_name_and_by_coming_and_going():
    of_names = FieldsSelector(frozenset({"name"}))

    assert touches(changed(make_show(), make_show(name="Other")), of_names)
    assert not touches(changed(make_show(), make_show(description="Other.")), of_names)
    assert touches(changed(None, make_show()), of_names)
    assert touches(changed(make_show(), None), FieldsSelector(frozenset()))
    assert touches(Change(revision=2, shows_unknown=True), of_names)


def found_by(*texts: str, **conditions) -> SearchSelector:
    words = (Word(required=True, forms=(Form(text, beginning=True, errors=1),)) for text in texts)
    return SearchSelector(tuple(words), selector(**conditions).filter)


@pytest.mark.parametrize(
    ("before", "after", "touched"),
    [
        # No word of the query fits.
        ({}, {"description": "Of trains."}, False),
        ({"name": "Quiet Bears"}, {"name": "Loud Bears"}, False),
        (None, {"name": "Trains"}, False),
        # It comes, goes, or moves.
        (None, {"name": "Zebra Gardens"}, True),
        ({"name": "A zebra", "description": "A garden."}, None, True),
        ({"name": "Zebra gardens"}, {"name": "Zebra gardens", "featured": True}, True),
        ({"name": "Zebra gardens"}, {"name": "Zebra gardens", "stimulation": 2}, True),
        ({"name": "Zebra gardens"}, {"name": "Zebra gardens", "seasons": 9}, False),
        # By a theme, and by an error.
        ({"name": "Zebra"}, {"name": "Zebra", "description": "Sow grdens."}, True),
        ({"name": "Zebra"}, {"name": "Zebra", "themes": [show_pb2.Label(slug="plants")]}, True),
        # The search may not know the word any more, or know it now.
        ({}, {"description": "A zebra."}, True),
        # Its filter lets the show in neither before nor after.
        ({"stimulation": 5}, {"stimulation": 5, "aliases": ["Other"]}, False),
    ],
)
def test_a_change_touches_what_was_found_if_the_words_may_find_the_show(before, after, touched):
    sides = [
        None if side is None else facts_of(make_show(**{"stimulation": 1, **side}))
        for side in (before, after)
    ]
    titles = {"nature": ("Nature",), "plants": ("Plants", "Gardens")}
    change = ShowChange(before=sides[0], after=sides[1], theme_titles=titles)

    assert found_by("zebra", "garden", max_stimulation=1).touched_by(change) is touched


def test_without_the_words_or_the_themes_any_change_of_a_text_touches_what_was_found():
    sides = facts_of(make_show()), facts_of(make_show(description="Of trains."))
    known = ShowChange(before=sides[0], after=sides[1], theme_titles={"nature": ("Nature",)})
    unknown = ShowChange(before=sides[0], after=sides[1])

    assert found_by().touched_by(known)
    assert found_by("zebra").touched_by(unknown)
    assert not found_by("zebra").touched_by(known)


labels = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True)
shows = st.builds(
    lambda ages, themes, **fields: make_show(
        min_age=min(ages),
        max_age=max(ages),
        themes=[show_pb2.Label(slug=slug) for slug in themes],
        **fields,
    ),
    ages=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    themes=labels,
    stimulation=st.integers(1, 5),
    senses=st.builds(show_pb2.Senses, music=st.integers(0, 5)),
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "min_age": st.integers(0, 9),
        "max_age": st.integers(0, 9),
        "min_stimulation": st.integers(1, 5),
        "max_stimulation": st.integers(1, 5),
        "themes": labels,
        "theme_match": st.sampled_from([filter_pb2.MATCH_ALL, filter_pb2.MATCH_ANY]),
        "senses": st.just(
            [filter_pb2.SenseCondition(sense=show_pb2.SENSE_MUSIC, levels=[0, 1, 2])]
        ),
    },
)


@given(shows, shows, filters)
def test_a_show_that_enters_or_leaves_a_list_touches_it(before, after, conditions):
    wanted = filter_pb2.ShowFilter(**conditions)
    selected = [bool(matching([show], wanted)) for show in (before, after)]

    assert touches(changed(before, after), selector(**conditions)) is (selected[0] != selected[1])


@given(filters, st.frozensets(st.sampled_from(["name", "themes"])))
def test_selectors_come_back_from_redis_as_they_were(conditions, fields):
    forms = (Form("blue", beginning=False, errors=1), Form("bluesky", beginning=True, errors=0))
    words = (Word(required=True, forms=forms), Word(required=False, forms=()))
    kept = [
        selector(**conditions),
        FieldsSelector(fields),
        SearchSelector(words, selector(**conditions).filter),
        SuggestionSelector(words),
    ]

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=list[AnySelector]) == kept


def on(*tags: str) -> Dependencies:
    return Dependencies(tags=frozenset(tags))


def test_an_answer_holds_until_a_change_touches_it():
    history = History()
    history.start(10)
    for revision, tag in ((11, "a"), (12, "b"), (13, "a")):
        history.add(Change(revision=revision, tags=frozenset({tag, CATALOGUE})))

    assert [history.holds(on("a"), revision) for revision in range(9, 15)] == [
        False, False, False, False, True, True,
    ]  # fmt: skip
    assert history.holds(on("b"), 12)
    assert not history.holds(on("b"), 11)
    assert history.holds(on("c"), 10)
    assert not history.holds(on("c"), 9)
    assert not history.holds(ANYTHING, 12)
    assert history.holds(ANYTHING, 13)


def test_what_is_forgotten_holds_no_more():
    history = History(at_most=2)
    history.start(0)
    for revision in (1, 2, 3):
        history.add(Change(revision=revision, tags=frozenset({f"t{revision}"})))

    assert not history.holds(on("x"), 0)
    assert history.holds(on("x"), 1)
    assert not history.holds(on("t3"), 2)


def test_after_a_change_of_anything_only_what_is_newer_holds():
    history = History()
    history.start(0)
    history.add(Change(revision=1, everything=True))

    assert not history.holds(on(), 0)
    assert history.holds(on(), 1)
