from __future__ import annotations

import pytest
from tantrum_catalog.domain.condition import EVERY_SHOW, AgesEqual, holds
from tantrum_catalog.domain.filter import Match, SenseWanted, ShowFilter
from tantrum_catalog.domain.show import Level, Sense, Senses
from tantrum_kit.errors import InvalidInputError

from .make import make_show

SHOW = make_show(
    name="\u00c9lan Vital 100%",
    description="Songs_and more",
    creator="Somebody Else",
    animation_style="2D Animation",
    min_age=3,
    max_age=6,
    stimulation=2,
    senses=Senses(music=Level.LOW),
    themes=("music", "nature"),
    platforms=("tv",),
    release_year=2001,
    ongoing=True,
)

MATCHING = [
    {},
    {"text": "\u00e9LAN"},
    {"text": "0%"},
    {"text": "songs_a"},
    {"text": "else"},
    {"min_age": 6},
    {"max_age": 3},
    {"min_age": 4, "max_age": 4},
    {"min_stimulation": 2, "max_stimulation": 2},
    {"themes": ("music", "nature")},
    {"themes": ("music", "stem"), "theme_match": Match.ANY},
    {"platforms": ("youtube", "tv")},
    {"senses": (SenseWanted(sense=Sense.MUSIC, levels=frozenset([Level.LOW, Level.HIGH])),)},
    {"senses": (SenseWanted(sense=Sense.DIALOGUE, levels=frozenset(), unknown=True),)},
    {"animation_styles": ("3d", "2D")},
    {"creators": ("SOMEBODY",)},
    {"min_release_year": 2001, "max_release_year": 2001},
    {"ongoing": True, "youtube": False, "featured": False},
]
OTHER = [
    {"text": "elan"},
    {"text": "100_"},
    {"text": "2d"},
    {"min_age": 7},
    {"max_age": 2},
    {"min_stimulation": 3},
    {"max_stimulation": 1},
    {"themes": ("music", "stem")},
    {"themes": ("no such theme",)},
    {"platforms": ("youtube",)},
    {"senses": (SenseWanted(sense=Sense.MUSIC, levels=frozenset([Level.HIGH])),)},
    {"senses": (SenseWanted(sense=Sense.DIALOGUE, levels=frozenset(Level)),)},
    {"animation_styles": ("3d",)},
    {"creators": ("nobody",)},
    {"min_release_year": 2002},
    {"min_episode_minutes": 1},
    {"max_episode_minutes": 600},
    {"ongoing": False},
    {"featured": True},
    {"text": "vital", "ongoing": False},
]


@pytest.mark.parametrize("wanted", MATCHING, ids=str)
def test_a_show_that_meets_every_field_matches(wanted):
    assert holds(ShowFilter(**wanted).condition(), SHOW)


@pytest.mark.parametrize("wanted", OTHER, ids=str)
def test_a_show_that_misses_one_field_does_not_match(wanted):
    assert not holds(ShowFilter(**wanted).condition(), SHOW)


def test_an_empty_filter_is_no_condition():
    assert ShowFilter().condition() == EVERY_SHOW


def test_a_show_without_an_upper_end_suits_all_older_ages():
    show = make_show(min_age=8, max_age=None)

    assert holds(ShowFilter(min_age=18).condition(), show)
    assert not holds(ShowFilter(max_age=7).condition(), show)
    assert holds(AgesEqual(min_age=8, max_age=None), show)
    assert not holds(AgesEqual(min_age=8, max_age=18), show)


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ({"text": "t" * 201}, ["filter.text"]),
        ({"text": "a\x00"}, ["filter.text"]),
        ({"min_age": 19}, ["filter.min_age"]),
        ({"min_age": 5, "max_age": 4}, ["filter.max_age"]),
        ({"min_stimulation": 0, "max_age": -1}, ["filter.min_stimulation", "filter.max_age"]),
        ({"min_release_year": 2, "max_release_year": 1}, ["filter.max_release_year"]),
        ({"themes": tuple(map(str, range(51)))}, ["filter.themes"]),
        ({"creators": ("",)}, ["filter.creators[0]"]),
        (
            {"senses": (SenseWanted(sense=Sense.MUSIC, levels=frozenset()),)},
            ["filter.senses[0].levels"],
        ),
        (
            {"senses": 2 * (SenseWanted(sense=Sense.MUSIC, levels=frozenset(Level)),)},
            ["filter.senses[1].sense"],
        ),
    ],
    ids=str,
)
def test_every_wrong_field_is_told_with_its_path(wanted, paths):
    with pytest.raises(InvalidInputError) as caught:
        ShowFilter(**wanted)

    assert sorted(v.field for v in caught.value.violations) == sorted(paths)
