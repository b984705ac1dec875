"""Covers: deterministic, small, accessible, and never broken by a name."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_gateway import covers
from tantrum_gateway.covers import lettering, scenes

from .fakes import shipped_shows

SVG = "{http://www.w3.org/2000/svg}"


def subject(**changes) -> covers.Subject:
    return covers.Subject(
        **{"name": "Blue Day", "slug": "blue-day", "stimulation": 2, "themes": (), **changes}
    )


def test_the_covers_of_all_shows_are_small_and_well_formed():
    scenes_used = set()
    for show in shipped_shows():
        themes = tuple(theme.slug for theme in show.themes)
        scenes_used.add(scenes.for_themes(themes))
        svg = covers.drawn(
            subject(name=show.name, slug=show.slug, stimulation=show.stimulation, themes=themes)
        )

        assert len(svg.encode()) <= 6_000
        root = ET.fromstring(svg)  # noqa: S314 - our own
        assert (root.get("role"), root.get("width"), root.get("height")) == ("img", "400", "600")
        assert root.find(f"{SVG}title").text.startswith(show.name)
        assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert len(scenes_used) >= 10


def test_the_same_show_looks_the_same_and_others_differ():
    assert covers.drawn(subject()) == covers.drawn(subject())
    assert covers.drawn(subject()) != covers.drawn(subject(slug="red-day"))


@pytest.mark.parametrize(
    ("stimulation", "colour"),
    [(1, "#22c55e"), (2, "#4ade80"), (3, "#eab308"), (4, "#f97316"), (5, "#ef4444")],
)
def test_stimulation_shows_as_dots_of_its_colour(stimulation, colour):
    svg = covers.drawn(subject(stimulation=stimulation))

    assert svg.count(f'r="14" fill="{colour}"') == stimulation
    assert svg.count('r="14" fill="none"') == 5 - stimulation
    assert f"{stimulation} of 5" in svg


@given(
    name=st.text(st.characters(exclude_categories=["C"]), max_size=200),
    themes=st.lists(st.sampled_from(["music", "animals", "space-travel", "", "-"]), max_size=3),
    stimulation=st.integers(-3, 9),
)
def test_any_name_is_escaped_and_fits(name, themes, stimulation):
    svg = covers.drawn(subject(name=name, themes=tuple(themes), stimulation=stimulation))

    root = ET.fromstring(svg)  # noqa: S314 - our own
    letters = root.find(f"{SVG}text")
    size = int(letters.get("font-size"))
    lines = [line.text or "" for line in letters]
    assert size >= 30
    assert len(lines) <= 4
    assert all(lettering.width(line, size) <= 360 for line in lines)
    assert len(svg.encode()) <= 6_000
