from __future__ import annotations

import pytest
from tantrum_catalog.domain.show import Level, Sense, Senses
from tantrum_kit.errors import InvalidInputError

from .make import make_facts


def test_texts_are_trimmed():
    facts = make_facts(name="  A Show ", aliases=(" One ",), creator=" Somebody\t")

    assert (facts.name, facts.aliases, facts.creator) == ("A Show", ("One",), "Somebody")


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        pytest.param({"name": "  "}, ["show.name"], id="blank name"),
        pytest.param({"name": "n" * 201}, ["show.name"], id="long name"),
        pytest.param({"name": "a\nb"}, ["show.name"], id="name of two lines"),
        pytest.param({"description": ""}, ["show.description"], id="no description"),
        pytest.param({"description": "a\x00b"}, ["show.description"], id="NUL"),
        pytest.param({"aliases": ("a", "")}, ["show.aliases[1]"], id="empty alias"),
        pytest.param({"aliases": ("a", "a ")}, ["show.aliases"], id="alias twice"),
        pytest.param({"min_age": -1}, ["show.min_age"], id="before birth"),
        pytest.param({"max_age": 2}, ["show.max_age"], id="ages the wrong way round"),
        pytest.param({"max_age": 19}, ["show.max_age"], id="grown up"),
        pytest.param({"stimulation": 0}, ["show.stimulation"], id="no stimulation"),
        pytest.param({"stimulation": 6}, ["show.stimulation"], id="too much stimulation"),
        pytest.param({"themes": ("a", "a")}, ["show.themes"], id="theme twice"),
        pytest.param({"platforms": ("No Slug",)}, ["show.platforms[0]"], id="platform no slug"),
        pytest.param({"episode_minutes": 0}, ["show.episode_minutes"], id="no minutes"),
        pytest.param({"seasons": 101}, ["show.seasons"], id="too many seasons"),
        pytest.param(
            {"release_year": 2001, "end_year": 2000}, ["show.end_year"], id="ends before it begins"
        ),
        pytest.param(
            {"end_year": 2000, "ongoing": True}, ["show.ongoing"], id="ended and going on"
        ),
        pytest.param(
            {"name": "", "stimulation": 9}, ["show.name", "show.stimulation"], id="all at once"
        ),
    ],
)
def test_every_broken_rule_is_told_with_its_path(changes, paths):
    with pytest.raises(InvalidInputError) as caught:
        make_facts(**changes)

    assert [violation.field for violation in caught.value.violations] == paths


def test_a_level_is_told_by_its_sense():
    senses = Senses(sound_effect_time=Level.MODERATE_HIGH)

    assert senses.level(Sense.SOUND_EFFECT_TIME) is Level.MODERATE_HIGH
    assert senses.level(Sense.MUSIC) is None
    assert Level.MODERATE_HIGH.token == "moderate-high"
