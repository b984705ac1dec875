"""How long things are watched, and how often they are done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    before_seconds: float
    after_seconds: float
    rounds: int


CI = Pace(before_seconds=8, after_seconds=3, rounds=1)
SOAK = Pace(before_seconds=60, after_seconds=30, rounds=5)
