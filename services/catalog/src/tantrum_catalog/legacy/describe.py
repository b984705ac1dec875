"""
A short description of a show, written from its facts and nothing else.

One sentence says what the show is and is about, one how stimulating it is, and
a third, where there is room, what parents may want to know. The shape of each
is chosen by the slug: the same show is always described in the same words, and
shows side by side in different ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from tantrum_catalog.domain.show import Sense
from tantrum_catalog.legacy.levels import known_levels
from tantrum_catalog.legacy.names import without_years
from tantrum_catalog.legacy.phrases import (
    BUSY,
    CAUTIONS,
    COMMON_TOPICS,
    FREQUENT_TOPICS,
    QUIET,
    TOPICS,
    related,
)
from tantrum_catalog.legacy.show import NormalShow
from tantrum_catalog.legacy.styles import Making, making_of

SHORTEST_CHARACTERS = 60
LONGEST_CHARACTERS = 300
"""Exceeded only by a show whose own name is extremely long."""

_BUCKET_MINUTES = frozenset({15, 30})
"""The old application's defaults for a length it did not know."""

_CALM = 2
_LIVELY = 4


def describe(show: NormalShow) -> str:
    """
    Describe *show* in two or three sentences of 60 to 300 characters together.

    Uses its name, ages, themes, senses, stimulation, making, platforms and
    minutes; its slug chooses the words. Its own description is not looked at.
    """
    words = _Words(show)
    caution = words.caution()
    for topic_count, sense_count in ((3, 3), (3, 2), (2, 2), (2, 1), (1, 1)):
        sentences = [words.what(topic_count), words.stimulation(sense_count)]
        # A caution is worth more than a third sense, the minutes are not.
        endings = [[caution]] if caution else [[words.minutes()], []]
        for ending in endings:
            text = " ".join(sentence for sentence in [*sentences, *ending] if sentence)
            if len(text) <= LONGEST_CHARACTERS:
                return text
    return f"{words.what(0)} {words.stimulation(0)}"


class _Words:
    """The sentences about one show."""

    def __init__(self, show: NormalShow) -> None:
        self._show = show
        self._name = without_years(show.name)
        self._topics = _topics(show)

    def what(self, topic_count: int) -> str:
        topics = _listed(self._topics[:topic_count])
        if not topics:
            shapes: Sequence[str] = _WHAT_ALONE
        elif topic_count > 1 and len(self._topics) > 1:
            shapes = _WHAT + _WHAT_MANY
        else:
            shapes = _WHAT
        kind = self._kind()
        return self._pick("what", shapes).format(
            name=self._name,
            kind=kind,
            Kind=_capital(kind),
            ages=self._ages(),
            Ages=self._ages_first(),
            topics=topics,
            Topics=_capital(topics),
        )

    def stimulation(self, sense_count: int) -> str:
        lead, against = self._senses(sense_count)
        score = self._show.stimulation
        if lead:
            # A colon announces more than one thing.
            shapes = _STIMULATION[score] + (_STIMULATION_LISTED[score] if len(lead) > 1 else ())
            text = self._pick("stimulation", shapes).format(senses=_listed(lead))
            turns: Sequence[str] = _AGAINST
        else:
            text = self._pick("stimulation", _STIMULATION_ALONE[score])
            turns = _AGAINST_ALONE
        if against:
            text += self._pick("against", turns).format(against=_listed(against))
        return f"{text}."

    def caution(self) -> str:
        cautions = [CAUTIONS[t.slug] for t in self._show.themes if t.slug in CAUTIONS]
        if not cautions:
            return ""
        return self._pick("caution", _CAUTION).format(cautions=_listed(cautions[:3]))

    def minutes(self) -> str:
        minutes = self._show.episode_minutes
        if minutes is None or minutes in _BUCKET_MINUTES:
            return ""
        shapes: Sequence[str] = _SHORT_EPISODES if minutes <= _SHORT_MINUTES else _EPISODES
        return self._pick("minutes", shapes).format(minutes=minutes)

    def _senses(self, count: int) -> tuple[list[str], list[str]]:
        """What goes with the score, and one thing that goes against it."""
        levels = known_levels(self._show.senses)
        quiet = {s: QUIET[s][levels[s]] for s in QUIET if levels.get(s) in QUIET[s]}
        busy = {s: BUSY[s][levels[s]] for s in BUSY if levels.get(s) in BUSY[s]}
        if self._show.stimulation <= _CALM:
            return _without_echo(quiet)[:count], _against(busy, quiet)[: count > 1]
        if self._show.stimulation >= _LIVELY:
            return _without_echo(busy)[:count], _against(quiet, busy)[: count > 1]
        # In the middle nothing goes against the score; both ends are worth telling.
        return [*_without_echo(busy)[: count - 1], *_without_echo(quiet)[:1]][:count], []

    def _kind(self) -> str:
        show = self._show
        if show.seasons is None and any(p.slug == "youtube" for p in show.platforms):
            noun = "show on YouTube"
        else:
            noun = self._pick("noun", ("series", "show"))
        kind = f"{_ADJECTIVES[making_of(show.animation_style)]} {noun}".strip()
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"

    def _ages(self) -> str:
        low, high = self._show.min_age, self._show.max_age
        if high is None or low in (0, high):
            return _lower(self._ages_first())
        shapes = (
            f"ages {low} to {high}",
            f"children from {low} to {high}",
            f"children aged {low} to {high}",
            f"{low}- to {high}-year-olds",
        )
        return self._pick("ages", shapes)

    def _ages_first(self) -> str:
        """The ages as the first words of a sentence, which is no place for a digit."""
        low, high = self._show.min_age, self._show.max_age
        if high is None:
            return "All ages" if low == 0 else f"Ages {low} and up"
        if low == high:
            return f"Children aged {low}"
        if low == 0:
            return f"Children up to age {high}"
        return f"Children from {low} to {high}"

    def _pick(self, purpose: str, shapes: Sequence[str]) -> str:
        key = f"{purpose}/{self._show.slug}".encode()
        return shapes[zlib.crc32(key) % len(shapes)]


_SHORT_MINUTES = 12
_PAIR = 2

_ADJECTIVES = {
    Making.STOP_MOTION: "stop-motion",
    Making.PUPPETRY: "puppet",
    Making.COMPUTER_ANIMATION: "computer-animated",
    Making.DRAWN_ANIMATION: "2D-animated",
    Making.ANIMATION: "animated",
    Making.LIVE_ACTION: "live-action",
    Making.LIVE_ACTION_AND_ANIMATION: "part live-action, part animated",
    Making.UNKNOWN: "",
}

_WHAT = (
    "{name} is {kind} for {ages}, with {topics} among its themes.",
    "Made for {ages}, {name} is {kind} that touches on {topics}.",
    "{Kind} for {ages}, {name} makes room for {topics}.",
    "Interested in {topics}? {name} is {kind} for {ages}.",
    "{name} takes in {topics}; it is {kind} for {ages}.",
    "For {ages}, {name} is {kind} that deals with {topics}.",
    "{name} brings {topics} to {ages} through {kind}.",
    "{Ages} will find {topics} in {name}, {kind}.",
    "With {topics} among its themes, {name} is {kind} for {ages}.",
    "{Kind} that explores {topics}, {name} is meant for {ages}.",
    "{name}, {kind} for {ages}, draws on {topics}.",
    "Meant for {ages}, {name} is {kind} with an eye to {topics}.",
)

_WHAT_MANY = (
    "{name} mixes {topics} in {kind} for {ages}.",
    "{Topics} come together in {name}, {kind} for {ages}.",
)

_WHAT_ALONE = (
    "{name} is {kind} for {ages}.",
    "{Kind} for {ages}: that is {name} in a few words.",
    "Made for {ages}, {name} is {kind}.",
)

_STIMULATION = {
    1: (
        "It is among the calmest on our scale, with {senses}",
        "It asks little of the senses, with {senses}",
        "Stimulation is as low as it gets here, with {senses}",
    ),
    2: (
        "It stays on the calm side, with {senses}",
        "On the whole it is a gentle watch, with {senses}",
        "It goes easy on the senses, with {senses}",
    ),
    3: (
        "It sits in the middle of our stimulation scale, with {senses}",
        "Neither sleepy nor hectic, it comes with {senses}",
        "The overall feel is balanced, with {senses}",
        "Stimulation is moderate, with {senses}",
    ),
    4: (
        "It is on the lively side, with {senses}",
        "There is a good deal going on, with {senses}",
        "It scores 4 of 5 for stimulation, with {senses}",
    ),
    5: (
        "It is among the most stimulating on our scale, with {senses}",
        "Stimulation is at its highest here, with {senses}",
        "It scores a full 5 of 5 for stimulation, with {senses}",
    ),
}

_STIMULATION_LISTED = {
    1: ("Expect a very quiet watch: {senses}",),
    2: ("Stimulation is fairly low: {senses}", "Expect a gentle watch: {senses}"),
    3: ("Expect something in between: {senses}",),
    4: ("Stimulation is fairly high: {senses}", "Expect an energetic watch: {senses}"),
    5: (
        "Expect a high-energy watch: {senses}",
        "There is much for the senses to take in: {senses}",
    ),
}

_STIMULATION_ALONE = {
    1: ("It is among the calmest on our scale", "Stimulation is as low as it gets here"),
    2: ("It stays on the calm side", "On the whole it is a gentle watch"),
    3: (
        "It sits in the middle of our stimulation scale",
        "Stimulation is moderate all round",
        "It keeps to the middle: neither sleepy nor hectic",
    ),
    4: ("It is on the lively side", "Stimulation is fairly high"),
    5: ("It is among the most stimulating on our scale", "It is a high-energy watch"),
}

_AGAINST = (
    ", though also {against}",
    ", but {against} as well",
    ", set against {against}",
)

_AGAINST_ALONE = (
    ", though with {against}",
    ", even with {against}",
)

_CAUTION = (
    "Worth knowing: it has {cautions}.",
    "Parents may want to know of {cautions}.",
    "It does include {cautions}.",
    "Be ready for {cautions}.",
)

_SHORT_EPISODES = (
    "Episodes are short, at about {minutes} minutes.",
    "At about {minutes} minutes, an episode is over quickly.",
    "One episode takes only about {minutes} minutes.",
    "Its episodes of about {minutes} minutes fit a short break.",
)

_EPISODES = (
    "Episodes run for about {minutes} minutes.",
    "Each episode lasts around {minutes} minutes.",
    "Plan for about {minutes} minutes an episode.",
    "An episode fills about {minutes} minutes.",
)


def _topics(show: NormalShow) -> list[str]:
    """Phrases for what *show* holds, the rarest first, none like another."""
    slugs = [theme.slug for theme in show.themes if theme.slug in TOPICS]
    chosen: list[str] = []
    for slug in sorted(slugs, key=lambda slug: (slug in COMMON_TOPICS, slug in FREQUENT_TOPICS)):
        if not any(related(slug, other) for other in chosen):
            chosen.append(slug)
    return [TOPICS[slug] for slug in chosen]


def _without_echo(phrase_by_sense: Mapping[Sense, str]) -> list[str]:
    """The phrases, but music once: its tempo tells more than its amount."""
    echo = Sense.MUSIC if Sense.MUSIC_TEMPO in phrase_by_sense else None
    return [phrase for sense, phrase in phrase_by_sense.items() if sense != echo]


def _against(phrase_by_sense: Mapping[Sense, str], lead: Mapping[Sense, str]) -> list[str]:
    """The phrases that go against *lead*, without music if music leads already."""
    music = {Sense.MUSIC, Sense.MUSIC_TEMPO}
    echoes = music if music & lead.keys() else set()
    return [phrase for sense, phrase in phrase_by_sense.items() if sense not in echoes]


def _listed(phrases: Sequence[str]) -> str:
    """*phrases* as a list in a sentence that stays clear where one of them holds "and"."""
    double = any(" and " in phrase for phrase in phrases)
    if len(phrases) <= _PAIR:
        return (" as well as " if double else " and ").join(phrases)
    return ", ".join(phrases[:-1]) + (", and " if double else " and ") + phrases[-1]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
