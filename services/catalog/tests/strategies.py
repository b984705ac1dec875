"""Hypothesis strategies for what the catalogue holds."""

from __future__ import annotations

from hypothesis import strategies as st
from tantrum_catalog.domain.filter import Match, SenseWanted, ShowFilter
from tantrum_catalog.domain.order import Direction, Ordering, ShowOrder
from tantrum_catalog.domain.research import ResearchFacts
from tantrum_catalog.domain.show import Level, Sense, Senses, ShowFacts

PRINTED = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
LEVELS = st.none() | st.sampled_from(Level)
THEMES = st.lists(st.sampled_from(["music", "nature", "stem"]), unique=True).map(tuple)
PLATFORMS = st.lists(st.sampled_from(["tv", "youtube"]), unique=True).map(tuple)


def lines(at_least=0, at_most=20):
    """One line, trimmed."""
    texts = st.text(PRINTED, min_size=at_least, max_size=at_most).map(str.strip)
    return texts.filter(lambda text: len(text) >= at_least)


def several(at_most=3):
    return st.lists(lines(1), unique=True, max_size=at_most).map(tuple)


def senses():
    return st.builds(Senses, **{sense.value: LEVELS for sense in Sense})


@st.composite
def facts(draw):
    low, high = sorted([draw(st.integers(0, 18)), draw(st.integers(0, 18))])
    years = sorted([draw(st.integers(1900, 2100)), draw(st.integers(1900, 2100))])
    end_year = draw(st.sampled_from([None, years[1]]))
    return ShowFacts(
        name=draw(lines(1)),
        aliases=draw(several()),
        description=draw(lines(1)),
        min_age=low,
        max_age=draw(st.sampled_from([None, high])),
        stimulation=draw(st.integers(1, 5)),
        senses=draw(senses()),
        animation_style=draw(lines()),
        themes=draw(THEMES),
        platforms=draw(PLATFORMS),
        episode_minutes=draw(st.none() | st.integers(1, 600)),
        creator=draw(lines()),
        release_year=draw(st.sampled_from([None, years[0]])),
        end_year=end_year,
        ongoing=end_year is None and draw(st.booleans()),
        seasons=draw(st.none() | st.integers(1, 100)),
        youtube=draw(st.booleans()),
    )


def research():
    return st.builds(
        ResearchFacts,
        title=lines(1),
        headline=lines(),
        summary=lines(1),
        key_findings=several(),
        detail=lines(),
        category=lines(1),
        authors=several(),
        source=lines(),
        publish_date=st.sampled_from(["", "2011", "2011-09", "2011-09-12"]),
        doi=st.sampled_from(["", "10.1000/182", "10.1111/j.1467-8624.2009.01337.x"]),
        original_url=st.sampled_from(["", "https://example.com/a?b=c#d", "http://example.com"]),
        image_url=st.sampled_from(["", "https://example.com/a.png", "/images/a.png"]),
    )


def orderings():
    return st.builds(
        Ordering, order=st.sampled_from(ShowOrder), direction=st.sampled_from(Direction)
    )


@st.composite
def filters(draw):
    def ends(lower, upper):
        pair = sorted([draw(st.integers(lower, upper)), draw(st.integers(lower, upper))])
        return [draw(st.sampled_from([None, end])) for end in pair]

    wanted = draw(st.lists(st.sampled_from(Sense), unique=True, max_size=2))
    ages, stimulation, years, minutes = ends(0, 18), ends(1, 5), ends(1990, 2020), ends(1, 60)
    return ShowFilter(
        text=draw(st.sampled_from(["", "", "a", "e", "%"])),
        min_age=ages[0],
        max_age=ages[1],
        min_stimulation=stimulation[0],
        max_stimulation=stimulation[1],
        themes=draw(THEMES),
        theme_match=draw(st.sampled_from(Match)),
        platforms=draw(PLATFORMS),
        senses=tuple(
            SenseWanted(
                sense=sense,
                levels=draw(st.frozensets(st.sampled_from(Level))),
                unknown=True,
            )
            for sense in wanted
        ),
        creators=draw(several(2)),
        min_release_year=years[0],
        max_release_year=years[1],
        min_episode_minutes=minutes[0],
        max_episode_minutes=minutes[1],
        ongoing=draw(st.none() | st.booleans()),
        youtube=draw(st.none() | st.booleans()),
        featured=draw(st.none() | st.booleans()),
    )
