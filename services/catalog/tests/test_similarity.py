from __future__ import annotations

from hypothesis import given
from tantrum_catalog.domain.show import Level, Senses
from tantrum_catalog.domain.similarity import likeness_ppm, ranked

from .make import make_facts, make_show
from .strategies import facts

LOUD = Senses(music=Level.HIGH, dialogue=Level.HIGH)
QUIET = Senses(music=Level.LOW, dialogue=Level.LOW)


def test_a_show_is_wholly_like_its_twin():
    one = make_facts(themes=("music", "stem"), senses=LOUD)

    assert likeness_ppm(one, one) == 1_000_000


def test_opposites_have_nothing_in_common():
    one = make_facts(themes=("music",), senses=LOUD, stimulation=5, min_age=0, max_age=3)
    other = make_facts(themes=("stem",), senses=QUIET, stimulation=1, min_age=8, max_age=9)

    assert likeness_ppm(one, other) == 0


@given(facts(), facts())
def test_likeness_is_symmetric_and_bounded(one, other):
    assert 0 <= likeness_ppm(one, other) <= 1_000_000
    assert likeness_ppm(one, other) == likeness_ppm(other, one)


def test_each_part_counts():
    show = make_show(themes=("music", "stem"), senses=LOUD, stimulation=5)
    others = [
        make_show(show_id=2, themes=("music", "stem"), senses=LOUD, stimulation=5, min_age=2),
        make_show(show_id=3, themes=("music", "stem"), senses=LOUD, stimulation=4),
        make_show(show_id=4, themes=("music",), senses=LOUD, stimulation=5),
        make_show(show_id=5, themes=("music", "stem"), senses=QUIET, stimulation=5),
        make_show(show_id=6, themes=(), senses=LOUD, stimulation=5),
        make_show(show_id=7, themes=(), senses=LOUD, stimulation=5),
    ]

    assert [similar.show.id for similar in ranked(show, reversed(others))] == [2, 3, 4, 5, 6, 7]
