from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain.order import Direction, Ordering, ShowOrder
from tantrum_catalog.domain.show import Level, Senses

from .make import make_show


def ordered(shows, order, direction=Direction.NATURAL):
    ordering = Ordering(order=order, direction=direction)
    key = lambda show: ordering.sort_key(ordering.cursor_of(show))  # noqa: E731
    return [show.id for show in sorted(shows, key=key)]


def test_years_are_naturally_newest_first_and_the_unknown_are_last_both_ways():
    shows = [
        make_show(show_id=number, release_year=year)
        for number, year in enumerate([None, 1999, 2010, 1999, None], start=1)
    ]

    assert ordered(shows, ShowOrder.RELEASE_YEAR) == [3, 2, 4, 1, 5]
    assert ordered(shows, ShowOrder.RELEASE_YEAR, Direction.ASCENDING) == [2, 4, 3, 1, 5]


def test_interactivity_is_naturally_lowest_first():
    shows = [
        make_show(show_id=number, senses=Senses(interactivity=level))
        for number, level in enumerate([Level.HIGH, None, Level.LOW], start=1)
    ]

    assert ordered(shows, ShowOrder.INTERACTIVITY) == [3, 1, 2]
    assert ordered(shows, ShowOrder.INTERACTIVITY, Direction.DESCENDING) == [1, 3, 2]


def test_popularity_is_the_featured_show_then_the_names():
    shows = [
        make_show(show_id=1, name="B"),
        make_show(show_id=2, name="\u00e4"),
        make_show(show_id=3, name="C", featured=True),
    ]

    assert ordered(shows, ShowOrder.POPULARITY) == [3, 2, 1]
    assert ordered(shows, ShowOrder.POPULARITY, Direction.DESCENDING) == [3, 2, 1]
    assert ordered(shows, ShowOrder.POPULARITY, Direction.ASCENDING) == [1, 2, 3]


@given(st.lists(st.text(alphabet="aAb\u00e9 z", min_size=1).filter(str.strip), max_size=20))
def test_descending_names_are_ascending_ones_reversed_but_for_ties(names):
    shows = [make_show(show_id=number, name=name) for number, name in enumerate(names, start=1)]
    ascending = Ordering(order=ShowOrder.NAME)
    places = [ascending.cursor_of(show)[0] for show in shows]

    down = ordered(shows, ShowOrder.NAME, Direction.DESCENDING)

    expected = sorted(range(len(names)), key=lambda n: places[n], reverse=True)
    assert [places[show_id - 1] for show_id in down] == [places[n] for n in expected]
    assert down == sorted(down, key=lambda i: ([-ord(c) for c in places[i - 1]] + [1], i))
