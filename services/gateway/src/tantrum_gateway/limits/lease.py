"""
The tokens of one key in one class that this gateway may give out by itself.

A hit takes one on granian's thread while the event loop adds some: each is a
single addition to a slot, which nothing can interrupt under the GIL.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tantrum_gateway.answers import Headers
from tantrum_gateway.limits.rules import Rule

_SHORTEST_WAIT_SECONDS: Final = 0.1
"""Who has used up the limit costs Redis no more than ten questions a second."""

_MARGIN_SECONDS: Final = 0.1
"""Who waits as long as it was told finds its token here already."""

_UNLIMITED: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What Redis answered."""

    tokens: int
    left_tokens: float
    """Negative where gateways had given out more on credit than there was."""


class Lease:
    """
    Tokens in hand, and what is known of the bucket that they come from.

    It begins with a block on credit, so that nobody's first request waits. Who makes few
    requests lives on that; the first who needs more has the block charged as well.
    """

    __slots__ = (
        "_level",
        "_level_monotonic",
        "_quota",
        "asked",
        "beyond",
        "due_monotonic",
        "headers",
        "key",
        "left",
        "low",
        "owed",
        "rule",
        "target",
    )

    def __init__(self, key: str, rule: Rule, *, gateways: int, now_monotonic: float) -> None:
        self.key = key
        self.rule = rule
        self.headers: Callable[[int], Headers] = rule.headers
        self.left = rule.block
        """Tokens in hand."""
        self.low = rule.low
        self.beyond = rule.quota - rule.block
        """Tokens elsewhere, as far as is known."""
        self.owed = rule.block
        """Tokens had on credit, that Redis has not charged yet."""
        self.target = rule.block
        """Tokens to have in hand; more than a block where one request costs more."""
        self.asked = False
        self._level = rule.quota / gateways - rule.block
        self._level_monotonic = now_monotonic
        self._quota = float(rule.quota)
        self.due_monotonic = 0.0
        """When there is any hope of more."""

    def take(self, cost: int) -> bool:
        """Take *cost* tokens, if there are so many in hand."""
        if self.left < cost:
            return False
        self.left -= cost
        return True

    def should_ask(self) -> bool:
        """Say whether it is low, and nobody has asked yet."""
        return not self.asked and self.left <= self.low

    def charged(self, grant: Grant, now_monotonic: float) -> None:
        """Take over what Redis has granted."""
        self.asked = False
        self.owed = 0
        self.left += grant.tokens
        self.beyond = math.floor(grant.left_tokens)
        self._quota = float(self.rule.quota)
        self._look_again(grant.left_tokens, now_monotonic)

    def fill_alone(self, gateways: int, now_monotonic: float) -> None:
        """Fill from this gateway's share of the limit, one of *gateways* equal ones."""
        share = max(1.0, self.rule.quota / gateways)
        passed_seconds = now_monotonic - self._level_monotonic
        level = min(share, self._level + passed_seconds * share / self.rule.window_seconds)
        tokens = max(0, min(self.target - self.left, math.floor(level)))
        self.left += tokens
        self._level = level - tokens
        self._level_monotonic = now_monotonic
        self.beyond = math.floor(self._level)
        self._quota = share

    def wait_seconds(self, cost: int) -> int:
        """Return after how many seconds, at least one, a refused request may come again."""
        missing = cost - self.left - self.beyond
        return max(1, math.ceil(missing * self.rule.window_seconds / self._quota + _MARGIN_SECONDS))

    def _look_again(self, level: float, now_monotonic: float) -> None:
        """Put off the next question until there is something to get."""
        wait_seconds = 0.0
        if self.left <= self.low:
            missing = 1.0 - level
            wait_seconds = missing * self.rule.window_seconds / self._quota
            wait_seconds = max(wait_seconds, _SHORTEST_WAIT_SECONDS)
        self.due_monotonic = now_monotonic + wait_seconds


class Unlimited(Lease):
    """Of a key or a class that has no limit."""

    __slots__ = ()

    def __init__(self) -> None:
        self.left = _UNLIMITED
        self.low = self.beyond = 0
        self.headers = _no_headers

    def take(self, cost: int) -> bool:
        return True


def _no_headers(remaining: int) -> Headers:
    return []
