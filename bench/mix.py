"""
What the visitors of a day ask for, in the shares that the gateway is measured under.

Of 100 requests 20 are for the home page, 25 for a list (60 combinations of filters), 30 for a
show, 10 suggestions and 10 searches (200 terms), 3 for a category, 2 for research. Shows,
filters and terms follow Zipf's law with exponent 1: the n-th gets 1/n of the first.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from tests.load.traffic import Catalogue

_SHARES: Final = {
    "home": 20,
    "list": 25,
    "show": 30,
    "suggest": 10,
    "search": 10,
    "category": 3,
    "research": 2,
}
_FILTERS: Final = 60
_TERMS: Final = 200
_LEVELS: Final = ("low", "low-moderate", "moderate", "moderate-high", "high")


def paths(catalogue: Catalogue, *, seed: int = 1) -> Iterator[str]:
    """Yield paths without end; the same *seed* yields the same ones."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    popular = random.Random(2)  # noqa: S311 - as above; what is popular does not depend on *seed*
    shows = popular.sample(catalogue.shows, len(catalogue.shows))
    words = [quote(word.lower()) for _, name in shows for word in name.split()]
    terms = list(dict.fromkeys(words))[:_TERMS]
    paths_by_kind = {
        "home": ["/v1/home"],
        "list": [f"/v1/shows?{one}" for one in _filters(catalogue, popular)],
        "show": [f"/v1/shows/{slug}" for slug, _ in shows],
        "suggest": [f"/v1/suggest?q={term}" for term in terms],
        "search": [f"/v1/search?q={term}" for term in terms],
        "category": [f"/v1/categories/{slug}/shows" for slug in catalogue.categories],
        "research": [f"/v1/research/{slug}" for slug in catalogue.research],
    }
    weights_by_kind = {
        kind: list(itertools.accumulate(1 / rank for rank in range(1, len(these) + 1)))
        for kind, these in paths_by_kind.items()
    }
    kinds, shares = list(_SHARES), list(_SHARES.values())
    while True:
        [kind] = chance.choices(kinds, shares)
        [path] = chance.choices(paths_by_kind[kind], cum_weights=weights_by_kind[kind])
        yield path


def _filters(catalogue: Catalogue, chance: random.Random) -> list[str]:
    """Return so many different combinations of one to three conditions."""
    found: dict[str, None] = {}
    while len(found) < _FILTERS:
        oldest = chance.randint(3, 9)
        offered = [
            f"minAge={oldest - 2}&maxAge={oldest}",
            f"maxStimulation={chance.randint(1, 5)}",
            f"theme={chance.choice(catalogue.themes)}",
            f"platform={chance.choice(catalogue.platforms)}",
            f"dialogue={chance.choice(_LEVELS)}",
            f"musicTempo={chance.choice(_LEVELS)}",
        ]
        found["&".join(chance.sample(offered, chance.randint(1, 3)))] = None
    return list(found)
