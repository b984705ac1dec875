"""
What visitors ask: mostly what others have asked too, and every third time what nobody ever has.

The latter are cache misses by force. They are valid, and differ in what a cache goes by: the
fields of a show that are wanted, an upper year and length that all shows pass, letters typed.
"""

from __future__ import annotations

import itertools
import json
import random
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

NEW_EVERY: Final = 3
"""Of so many questions one is new."""

_PAGE: Final = 100
_FAMOUS: Final = 60
"""So many shows are visited again and again."""

_SENSES: Final = ("dialogue", "sceneFrequency", "soundEffects", "musicTempo", "interactivity")
_LEVELS: Final = ("low", "low-moderate", "moderate", "moderate-high", "high")
# Later and longer than any show, so that the same shows come.
_YEARS: Final = range(2030, 9_999)
_MINUTES: Final = range(601, 9_999)


@dataclass(frozen=True, slots=True)
class Question:
    """One request's path with its query, and whether it was never asked before."""

    path: str
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What there is to ask for."""

    shows: list[tuple[str, str]]
    """Slug and name."""
    fields: list[str]
    """Of a show, as `fields=` takes them."""
    categories: list[str]
    research: list[str]
    themes: list[str]
    platforms: list[str]


def learn(edge_url: str, *, timeout_seconds: float = 10) -> Catalogue:
    """Return what the product at *edge_url* has. Raises `OSError` when it does not answer."""

    def get(path: str) -> Any:
        with urllib.request.urlopen(edge_url + path, timeout=timeout_seconds) as reply:
            return json.load(reply)

    def pages(path: str, what: str) -> Iterator[Mapping[str, Any]]:
        token = ""
        while True:
            page = get(f"{path}?pageSize={_PAGE}&pageToken={token}")
            yield from page[what]
            token = page["nextPageToken"]
            if not token:
                return

    def slugs(what: str) -> list[str]:
        return [one["slug"] for one in pages(f"/v1/{what}", what)]

    shows = list(pages("/v1/shows", "shows"))
    return Catalogue(
        shows=[(show["slug"], show["name"]) for show in shows],
        fields=list(shows[0]),
        categories=slugs("categories"),
        research=slugs("research"),
        themes=slugs("themes"),
        platforms=slugs("platforms"),
    )


class Traffic:
    """
    An endless mix of questions, the same each time but for what is new.

    That depends on *serial*, a number that grows faster than questions are asked, so that
    no run repeats the questions of another.
    """

    def __init__(self, catalogue: Catalogue, *, serial: int | None = None) -> None:
        self._catalogue = catalogue
        self._random = random.Random(1)
        self._serial = itertools.count(time.time_ns() // 1_000_000 if serial is None else serial)
        self._lists = [self._conditions() for _ in range(40)]
        self._known, self._known_weights = _split(
            {
                self._home: 8,
                self._category: 8,
                self._list: 22,
                self._show: 26,
                self._similar: 8,
                self._suggestion: 10,
                self._search: 12,
                self._research: 4,
                self._vocabulary: 2,
            }
        )
        self._fresh, self._fresh_weights = _split(
            {
                self._new_home: 2,
                self._new_category: 6,
                self._new_list: 30,
                self._new_show: 30,
                self._new_similar: 8,
                self._new_suggestion: 10,
                self._new_search: 14,
            }
        )

    def __iter__(self) -> Iterator[Question]:
        for number in itertools.count():
            new = number % NEW_EVERY == 0
            kinds = self._fresh if new else self._known
            weights = self._fresh_weights if new else self._known_weights
            [kind] = self._random.choices(kinds, weights)
            yield Question(kind(), new)

    def _home(self) -> str:
        return "/v1/home"

    def _category(self) -> str:
        return f"/v1/categories/{self._random.choice(self._catalogue.categories)}/shows"

    def _list(self) -> str:
        return f"/v1/shows?{self._random.choice(self._lists)}"

    def _show(self) -> str:
        return f"/v1/shows/{self._famous()[0]}"

    def _similar(self) -> str:
        return f"/v1/shows/{self._famous()[0]}/similar"

    def _suggestion(self) -> str:
        name = self._famous()[1]
        return f"/v1/suggest?q={quote(name[: self._random.randint(2, 6)].strip())}"

    def _search(self) -> str:
        name = self._famous()[1]
        # As people type: without capitals, and at times without a letter.
        cut = len(name) // 2 if len(name) % 2 else len(name)
        return f"/v1/search?q={quote((name[:cut] + name[cut + 1 :]).lower())}"

    def _research(self) -> str:
        return f"/v1/research/{self._random.choice(self._catalogue.research)}"

    def _vocabulary(self) -> str:
        return self._random.choice(("/v1/themes", "/v1/platforms", "/v1/research"))

    def _new_home(self) -> str:
        return f"/v1/home?{self._new_fields()}"

    def _new_category(self) -> str:
        return f"{self._category()}?{self._new_fields()}"

    def _new_list(self) -> str:
        return f"/v1/shows?{self._conditions()}&{self._new_limits()}"

    def _new_show(self) -> str:
        return f"/v1/shows/{self._any()[0]}?{self._new_fields()}"

    def _new_similar(self) -> str:
        return f"/v1/shows/{self._any()[0]}/similar?{self._new_fields()}"

    def _new_suggestion(self) -> str:
        number, letters = next(self._serial), ""
        for _ in range(7):
            number, letter = divmod(number, 26)
            letters += chr(ord("a") + letter)
        return f"/v1/suggest?q={quote(self._any()[1][:3].strip())}{letters}"

    def _new_search(self) -> str:
        [word] = self._random.choices(self._any()[1].split())
        return f"/v1/search?q={quote(word.lower())}&{self._new_limits()}"

    def _new_fields(self) -> str:
        fields = self._catalogue.fields
        # An odd factor reorders the numbers without meeting one twice.
        chosen = next(self._serial) * 0x9E3779B1 % 2 ** len(fields)
        names = [name for bit, name in enumerate(fields) if chosen >> bit & 1]
        return f"fields={','.join(names or fields[:1])}"

    def _new_limits(self) -> str:
        longer, length = divmod(next(self._serial), len(_MINUTES))
        return f"maxMinutes={_MINUTES[length]}&maxYear={_YEARS[longer % len(_YEARS)]}"

    def _conditions(self) -> str:
        """Return what a list is narrowed down to: one to three conditions."""
        chance = self._random
        oldest = chance.randint(3, 9)
        offered = [
            f"minAge={oldest - 2}&maxAge={oldest}",
            f"maxStimulation={chance.randint(1, 5)}",
            f"theme={chance.choice(self._catalogue.themes)}",
            f"platform={chance.choice(self._catalogue.platforms)}",
            f"{chance.choice(_SENSES)}={chance.choice(_LEVELS)}",
            f"orderBy={chance.choice(('name', 'stimulation', 'releaseYear'))}",
        ]
        return "&".join(chance.sample(offered, chance.randint(1, 3)))

    def _famous(self) -> tuple[str, str]:
        # The n-th most famous gets 1/n of the visits of the first.
        rank = int(min(_FAMOUS, len(self._catalogue.shows)) ** self._random.random())
        return self._catalogue.shows[rank - 1]

    def _any(self) -> tuple[str, str]:
        return self._random.choice(self._catalogue.shows)


def _split(
    weight_by_kind: Mapping[Callable[[], str], int],
) -> tuple[list[Callable[[], str]], list[int]]:
    return list(weight_by_kind), list(weight_by_kind.values())
