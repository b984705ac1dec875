"""Decides whether a request may go on: by what is in hand here, and nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tantrum_gateway import metrics
from tantrum_gateway.answers import Headers
from tantrum_gateway.limits.lease import Lease, Unlimited
from tantrum_gateway.limits.rules import CLASSES, UNLIMITED, LimitClass, Rule, rules

Leases = list[Lease | None]
"""The leases of one key by the index of their class; None for those never asked for."""

_UNLIMITED: Final = Unlimited()
UNLIMITED_LEASES: Final[Leases] = [_UNLIMITED] * (UNLIMITED + 1)
"""Of whom no limit holds for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a request may go on."""

    allowed: bool
    headers: Headers
    """`RateLimit` and `RateLimit-Policy`; empty where there is no limit."""
    retry_after_seconds: int
    """0 where it is allowed."""


class Limiter:
    """
    Keeps a lease for each key, of those that were seen lately.

    Memory is bounded: there are two generations of at most *max_keys* keys. When the
    young one is full, or a window has passed, the old one is forgotten, and whoever comes
    again from it begins anew. Any thread may take; see `lease`.
    """

    def __init__(
        self,
        limits: Mapping[LimitClass, str | None],
        *,
        max_keys: int,
        now_monotonic: Callable[[], float],
    ) -> None:
        self._rules: Sequence[Rule | None] = rules(limits)
        self._max_keys = max_keys
        self._now_monotonic = now_monotonic
        self._period_seconds = max((rule.window_seconds for rule in self._rules if rule), default=1)
        self._turned_monotonic = now_monotonic()
        self._young: dict[str, Leases] = {}
        self._old: dict[str, Leases] = {}
        self.turn = 0
        """Counts the generations. What remembers leases forgets them when it changes."""
        self.shared = False
        """Whether blocks come from Redis; else from this gateway's own share of each limit."""
        self.gateways = 1
        """How many gateways share the limits, as far as Redis has ever said."""
        self.wanted: deque[Lease] = deque()
        """Leases that want a block."""
        self.on_wanted: Callable[[], object] = lambda: None
        """Called, on any thread, when there is one more."""

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, limit_class: LimitClass, key: str, cost: int = 1) -> Verdict:
        """
        Take *cost* tokens of *key*, such as `session:…`, if there are so many.

        A cost above the whole quota is never allowed.
        """
        lease = self.lease(self.leases_of(key), CLASSES.index(limit_class), key)
        allowed = self.take_from(lease, cost)
        return Verdict(
            allowed=allowed,
            headers=lease.headers(lease.left + lease.beyond),
            retry_after_seconds=0 if allowed else lease.wait_seconds(cost),
        )

    def leases_of(self, key: str) -> Leases:
        """Return the leases of *key*, and count it as seen."""
        leases = self._young.get(key)
        if leases is None:
            if len(self._young) >= self._max_keys:
                self._turn()
            leases = self._old.get(key) or [None] * (UNLIMITED + 1)
            self._young[key] = leases
        return leases

    def lease(self, leases: Leases, index: int, key: str) -> Lease:
        """Return the lease of *key* in a class, made the first time."""
        lease = leases[index]
        if lease is None:
            rule = self._rules[index]
            lease = _UNLIMITED
            if rule is not None:
                lease = Lease(
                    key, rule, gateways=self.gateways, now_monotonic=self._now_monotonic()
                )
            leases[index] = lease
        return lease

    def take_from(self, lease: Lease, cost: int = 1) -> bool:
        """Take *cost* tokens, and see to it that there will be more."""
        if isinstance(lease, Unlimited):
            return True
        lease.target = max(lease.target, min(cost, lease.rule.quota))
        if not self.shared and lease.left - cost <= lease.low:
            lease.fill_alone(self.gateways, self._now_monotonic())
        allowed = lease.take(cost)
        if not allowed:
            metrics.LIMITED_REQUESTS.labels(lease.rule.limit_class).inc()
        if self.shared and (lease.should_ask() or not (allowed or lease.asked)):
            lease.asked = True
            self.wanted.append(lease)
            self.on_wanted()
        return allowed

    def sweep(self) -> None:
        """Forget who was not seen for a whole window, and tell the metrics how many there are."""
        if self._now_monotonic() - self._turned_monotonic >= self._period_seconds:
            self._turn()
        metrics.LIMITED_KEYS.set(len(self))

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self._turned_monotonic = self._now_monotonic()
        self.turn += 1
