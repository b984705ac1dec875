"""Seeded random shows and conditions, for comparing stores with the oracle."""

from __future__ import annotations

import random

from tantrum_catalog.domain.catalogue import NewShow
from tantrum_catalog.domain.condition import (
    AgesEqual,
    AgesOverlap,
    AllOf,
    AnyOf,
    Between,
    Condition,
    Flag,
    FlagField,
    HasAll,
    HasAny,
    LabelField,
    NumberField,
    SenseIn,
    TextContains,
    TextField,
)
from tantrum_catalog.domain.show import Level, Sense, Senses

from .make import make_new_show

WORDS = [
    "Peppa", "peppa", "PEPPA", "Élan", "élan", "ÉLAN", "elan", "100%", "a_b", "a%b", "back\\slash",
    "İstanbul", "ΣΟΦΟΣ", "σοφος", "Straße", "STRASSE", "Māori", "ñandú", "it's", "x", "日本",
]  # fmt: skip
THEMES = ["music", "nature", "stem", "nothing"]
PLATFORMS = ["tv", "youtube", "nowhere"]


def random_shows(chooser: random.Random, count: int) -> list[NewShow]:
    """Shows with ids from 1, whose values collide often."""
    return [_show(chooser, number) for number in range(1, count + 1)]


def random_condition(chooser: random.Random, depth: int = 2) -> Condition:
    """Any condition, nested up to *depth*."""
    kinds = [_text, _overlap, _ages, _between, _labels, _sense, _flag]
    if depth:
        kinds += [_nested, _nested]
    return chooser.choice(kinds)(chooser, depth)


def _show(chooser, number):
    low = chooser.randint(0, 8)
    first_year = chooser.choice([None, 1999, 2005, 2006])
    return make_new_show(
        number,
        name=_words(chooser),
        description=_words(chooser),
        creator=chooser.choice(["", _words(chooser)]),
        animation_style=chooser.choice(["", _words(chooser)]),
        min_age=low,
        max_age=chooser.choice([None, low, low + 2, 18]),
        stimulation=chooser.randint(1, 5),
        senses=Senses(**{sense.value: chooser.choice([None, *Level]) for sense in Sense}),
        themes=tuple(chooser.sample(THEMES[:3], chooser.randint(0, 3))),
        platforms=tuple(chooser.sample(PLATFORMS[:2], chooser.randint(0, 2))),
        episode_minutes=chooser.choice([None, 7, 11, 22]),
        release_year=first_year,
        ongoing=chooser.random() < 0.5,
        youtube=chooser.random() < 0.5,
        featured=number == 5,
    )


def _words(chooser):
    return " ".join(chooser.choices(WORDS, k=chooser.randint(1, 3)))


def _text(chooser, depth):
    fields = chooser.sample(list(TextField), chooser.randint(1, 4))
    word = chooser.choice([*WORDS, "", "%", "_", "\\"])
    start = chooser.randint(0, max(0, len(word) - 2))
    return TextContains(fields=tuple(fields), text=word[start:])


def _overlap(chooser, depth):
    ends = [None, *range(19)]
    return AgesOverlap(min_age=chooser.choice(ends), max_age=chooser.choice(ends))


def _ages(chooser, depth):
    return AgesEqual(min_age=chooser.randint(0, 8), max_age=chooser.choice([None, 4, 6, 18]))


def _between(chooser, depth):
    ends = [None, None, 1, 2, 4, 7, 11, 22, 1999, 2005, 2006, -(2**31), 2**31 - 1]
    return Between(
        field=chooser.choice(list(NumberField)),
        minimum=chooser.choice(ends),
        maximum=chooser.choice(ends),
    )


def _labels(chooser, depth):
    field, slugs = chooser.choice([(LabelField.THEMES, THEMES), (LabelField.PLATFORMS, PLATFORMS)])
    kind = chooser.choice([HasAll, HasAny])
    return kind(field=field, slugs=tuple(chooser.sample(slugs, chooser.randint(0, len(slugs)))))


def _sense(chooser, depth):
    return SenseIn(
        sense=chooser.choice(list(Sense)),
        levels=frozenset(chooser.sample(list(Level), chooser.randint(0, 3))),
        unknown=chooser.random() < 0.3,
    )


def _flag(chooser, depth):
    return Flag(field=chooser.choice(list(FlagField)), value=chooser.random() < 0.5)


def _nested(chooser, depth):
    parts = tuple(random_condition(chooser, depth - 1) for _ in range(chooser.randint(0, 3)))
    return chooser.choice([AllOf, AnyOf])(parts)
