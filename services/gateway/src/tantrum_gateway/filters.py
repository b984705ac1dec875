"""The parameters that select shows, and the proto filter that they become."""

from __future__ import annotations

from typing import Final

from tvtantrum.catalog.v1 import filter_pb2, show_pb2

from tantrum_gateway.codec import LEVELS, SENSES
from tantrum_gateway.parameters import Choice, Kind, Parameter, Query, Slug, Text, Truth, Whole
from tantrum_gateway.queries import Arguments

UNKNOWN: Final = "unknown"
"""As a filter, the token of an unknown level."""

_LEVEL_BY_TOKEN: Final = {
    token or UNKNOWN: show_pb2.Level.ValueType(number) for number, token in enumerate(LEVELS)
}
_FIELD_BY_RANGE: Final = {
    "minAge": "min_age",
    "maxAge": "max_age",
    "minStimulation": "min_stimulation",
    "maxStimulation": "max_stimulation",
    "minYear": "min_release_year",
    "maxYear": "max_release_year",
    "minMinutes": "min_episode_minutes",
    "maxMinutes": "max_episode_minutes",
}
_FIELD_BY_TEXTS: Final = {
    "theme": "themes",
    "platform": "platforms",
    "animationStyle": "animation_styles",
    "creator": "creators",
}
_TRUTHS: Final = ("ongoing", "youtube", "featured")


def _one(name: str, kind: Kind, doc: str, *, field: str, at_most: int = 1) -> Parameter:
    return Parameter(name=name, kind=kind, doc=doc, field=f"filter.{field}", at_most=at_most)


def _range(name: str, kind: Kind, doc: str) -> Parameter:
    return _one(name, kind, doc, field=_FIELD_BY_RANGE[name])


_AGE: Final = Whole(at_least=0, at_most=18)
_STIMULATION: Final = Whole(at_least=1, at_most=5)
_YEAR: Final = Whole(at_least=0, at_most=9_999)
_MINUTES: Final = Whole(at_least=0, at_most=10_000)

TEXT: Final = Parameter(
    name="q",
    kind=Query(),
    default="",
    field="filter.text",
    doc="Plain substring of name, description or creator, without regard to case.",
)

CONDITIONS: Final = (
    _range("minAge", _AGE, "Lower end of the ages wanted; a show matches when its ages overlap."),
    _range("maxAge", _AGE, "Upper end of the ages wanted."),
    _range("minStimulation", _STIMULATION, "Lowest stimulation wanted."),
    _range("maxStimulation", _STIMULATION, "Highest stimulation wanted."),
    _one(
        "theme",
        Slug(),
        "Slug of a theme; a show needs all of several, unless `themeMatch=any`.",
        field="themes",
        at_most=50,
    ),
    Parameter(
        name="themeMatch",
        kind=Choice(tokens=("all", "any")),
        default="all",
        field="filter.theme_match",
        doc="Whether a show needs all of the themes or any of them.",
    ),
    _one("platform", Slug(), "Slug of a platform; any of them.", field="platforms", at_most=50),
    *(
        _one(
            sense,
            Choice(tokens=(*_LEVEL_BY_TOKEN,)),
            "Level of this sense; any of them. `unknown` stands for shows without one.",
            field=f"senses.{sense}",
            at_most=6,
        )
        for sense in SENSES
    ),
    _one(
        "animationStyle",
        Text(),
        "Substring of the animation style; any of them.",
        field="animation_styles",
        at_most=20,
    ),
    _one("creator", Text(), "Substring of the creator; any of them.", field="creators", at_most=20),
    _range("minYear", _YEAR, "Earliest year of the first episode."),
    _range("maxYear", _YEAR, "Latest year of the first episode."),
    _range("minMinutes", _MINUTES, "Shortest episode in minutes."),
    _range("maxMinutes", _MINUTES, "Longest episode in minutes."),
    _one("ongoing", Truth(), "Whether new episodes are still made.", field="ongoing"),
    _one("youtube", Truth(), "Whether it is a YouTube channel.", field="youtube"),
    _one("featured", Truth(), "Whether it is the featured show.", field="featured"),
)


def conditions(arguments: Arguments) -> filter_pb2.ShowFilter:
    """Return the filter of all `CONDITIONS` that *arguments* hold."""
    selected = filter_pb2.ShowFilter()
    for name, field in _FIELD_BY_RANGE.items():
        if (number := arguments.get(name)) is not None:
            setattr(selected, field, number)
    for name, field in _FIELD_BY_TEXTS.items():
        getattr(selected, field).extend(arguments.get(name, ()))
    for name in _TRUTHS:
        if (truth := arguments.get(name)) is not None:
            setattr(selected, name, truth)
    if arguments.get("themeMatch") == "any":
        selected.theme_match = filter_pb2.MATCH_ANY
    for number, sense in enumerate(SENSES, start=1):
        if levels := arguments.get(sense):
            selected.senses.add(
                sense=show_pb2.Sense.ValueType(number),
                levels=[_LEVEL_BY_TOKEN[level] for level in levels],
            )
    return selected
