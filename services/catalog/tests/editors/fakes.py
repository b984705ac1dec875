"""Doubles of what editors need: a hasher that notes what it was asked, and a clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

START = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@dataclass
class FakeClock:
    time: dt.datetime = START

    def now(self) -> dt.datetime:
        return self.time

    def advance(self, **by: float) -> None:
        self.time += dt.timedelta(**by)


@dataclass
class FakeHasher:
    """Prefixes in place of hashing; `$old:` stands for an outdated kind."""

    comparisons: list[str | None] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        return f"$new:{password}"

    async def matches(self, password: str, password_hash: str | None) -> bool:
        self.comparisons.append(password_hash)
        return password_hash is not None and password_hash.partition(":")[2] == password

    def outdated(self, password_hash: str) -> bool:
        return password_hash.startswith("$old:")
