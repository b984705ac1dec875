"""Which requests are limited together, and how many of them there may be."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from tantrum_gateway.answers import Headers

_HEADERS_KEPT: Final = 4_096
_BLOCKS_OF_QUOTA: Final = 10
_SMALLEST_BLOCK: Final = 10


class LimitClass(StrEnum):
    """What is limited together."""

    READ = "read"
    SEARCH = "search"
    SUGGEST = "suggest"
    GRAPHQL = "graphql"
    WRITE = "write"
    SIGN_IN = "sign-in"


CLASSES: Final = tuple(LimitClass)
"""In order: the place of a class is its index wherever there is a list by class."""

UNLIMITED: Final = len(CLASSES)
"""The index of what no limit holds for."""

_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_READ: Final = CLASSES.index(LimitClass.READ)
_WRITE: Final = CLASSES.index(LimitClass.WRITE)
_SIGN_IN: Final = CLASSES.index(LimitClass.SIGN_IN)
_SIGN_IN_PATH: Final = "/v1/admin/session"
_INDEX_BY_PATH: Final = {
    "/livez": UNLIMITED,
    "/readyz": UNLIMITED,
    "/v1/search": CLASSES.index(LimitClass.SEARCH),
    "/v1/suggest": CLASSES.index(LimitClass.SUGGEST),
    "/api/search": CLASSES.index(LimitClass.SEARCH),
    "/graphql": CLASSES.index(LimitClass.GRAPHQL),
}


def index_of(method: str, path: str) -> int:
    """Return the index of the class of a request to the decoded *path*; `UNLIMITED` for probes."""
    index = _INDEX_BY_PATH.get(path)
    if index is not None:
        return index
    if method in _SAFE:
        return _READ
    if method == "POST" and path == _SIGN_IN_PATH:
        return _SIGN_IN
    return _WRITE


class Rule:
    """
    A quota in a window: a bucket of *quota* tokens that fills within *window_seconds*.

    Whoever waited may take all of it at once, and afterwards quota / window a second.
    """

    def __init__(self, limit_class: LimitClass, *, quota: int, window_seconds: int) -> None:
        self.limit_class = limit_class
        self.quota = quota
        self.window_seconds = window_seconds
        self.block = max(math.ceil(quota / _BLOCKS_OF_QUOTA), min(quota, _SMALLEST_BLOCK))
        """How many tokens a gateway holds, at most, for one key."""
        self.low = self.block // 2
        """It asks for more where it holds no more than that."""
        self._policy = (
            b"ratelimit-policy",
            f'"{limit_class}";q={quota};w={window_seconds}'.encode(),
        )
        self.headers = functools.lru_cache(_HEADERS_KEPT)(self._headers)
        """`RateLimit` and `RateLimit-Policy` where a number of tokens remains."""

    def _headers(self, remaining: int) -> Headers:
        remaining = max(0, min(remaining, self.quota))
        full_after_seconds = math.ceil((self.quota - remaining) * self.window_seconds / self.quota)
        value = f'"{self.limit_class}";r={remaining};t={full_after_seconds}'
        return [(b"ratelimit", value.encode()), self._policy]


def rules(limits: Mapping[LimitClass, str | None]) -> list[Rule | None]:
    """Return the rule of each class, and of `UNLIMITED`, from texts such as `3000/60`."""
    made: list[Rule | None] = []
    for limit_class in CLASSES:
        text = limits[limit_class]
        if text is None:
            made.append(None)
        else:
            quota, _, window_seconds = text.partition("/")
            made.append(Rule(limit_class, quota=int(quota), window_seconds=int(window_seconds)))
    return [*made, None]
