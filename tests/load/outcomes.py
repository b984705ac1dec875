"""What came of the load: each request's outcome, and figures over a stretch of time."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

FAILURES_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A show whose creation was acknowledged."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one request or write."""

    what: str
    due_monotonic: float
    """When it was to be sent, by the schedule; all times count from here."""
    seconds: float
    failure: str = ""
    """Why it failed; empty when it was good."""
    new: bool = False
    """Whether it asked for what no cache could have."""
    written: Written | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of the reads or the writes of a stretch of time. Milliseconds are 0 when there were none."""

    count: int
    failed_count: int
    new_ratio: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    gap_seconds: float
    """Longest time without a good answer, the stretch's own ends included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The load of a stretch of time."""

    name: str
    begin_monotonic: float
    end_monotonic: float
    reads: Sequence[Outcome]
    writes: Sequence[Outcome]

    @property
    def read_figures(self) -> Figures:
        return self._figures(self.reads)

    @property
    def write_figures(self) -> Figures:
        return self._figures(self.writes)

    @property
    def failures(self) -> list[Outcome]:
        failed = [one for one in (*self.reads, *self.writes) if one.failure]
        return sorted(failed, key=lambda one: one.due_monotonic)

    @property
    def written(self) -> list[Written]:
        """The shows whose creation was acknowledged."""
        return [one.written for one in self.writes if one.written is not None]

    def _figures(self, outcomes: Sequence[Outcome]) -> Figures:
        times_ms = sorted(one.seconds * 1000 for one in outcomes)
        good = [one.due_monotonic + one.seconds for one in outcomes if not one.failure]
        moments = sorted((self.begin_monotonic, self.end_monotonic, *good))
        return Figures(
            count=len(outcomes),
            failed_count=len(outcomes) - len(good),
            new_ratio=sum(one.new for one in outcomes) / max(1, len(outcomes)),
            p50_ms=_percentile(times_ms, 50),
            p95_ms=_percentile(times_ms, 95),
            p99_ms=_percentile(times_ms, 99),
            max_ms=_percentile(times_ms, 100),
            gap_seconds=max(later - sooner for sooner, later in itertools.pairwise(moments)),
        )


@dataclass
class Event:
    """The load before, during and after something happened. Filled when that is over."""

    name: str
    stretches: list[Stretch] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Acknowledged writes that could not be read back, each with where and why."""

    @property
    def before(self) -> Stretch:
        return self.stretches[0]

    @property
    def during(self) -> Stretch:
        return self.stretches[1]

    @property
    def after(self) -> Stretch:
        return self.stretches[2]

    @property
    def slowdown(self) -> float:
        """The p99 of reads during the event and after it, as a multiple of that before."""
        stretches = (self.during, self.after)
        times_ms = sorted(one.seconds * 1000 for part in stretches for one in part.reads)
        return _percentile(times_ms, 99) / self.before.read_figures.p99_ms

    def assert_no_failures(self) -> None:
        """Raise `AssertionError`, with the first failures named, if anything failed or is lost."""
        failures = [(part, one) for part in self.stretches for one in part.failures]
        if failures:
            raise AssertionError(
                f"{self.name}: {len(failures)} failed\n"
                + "\n".join(_named(part, one) for part, one in failures[:FAILURES_NAMED])
            )
        self.assert_nothing_lost()

    def assert_nothing_lost(self) -> None:
        """Raise `AssertionError` if an acknowledged write could not be read back."""
        if self.lost:
            raise AssertionError(
                f"{self.name}: {len(self.lost)} acknowledged writes are lost\n"
                + "\n".join(f"  {one}" for one in self.lost[:FAILURES_NAMED])
            )

    def table(self) -> str:
        """Return the figures as lines to be printed."""
        head = ("", "seconds", "count", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms", "gap s")
        rows: list[Sequence[str]] = [head]
        for part in self.stretches:
            seconds = part.end_monotonic - part.begin_monotonic
            rows.append((part.name, f"{seconds:.1f}", *_cells(part.read_figures)))
            rows.append(("  writes", "", *_cells(part.write_figures)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in rows
        )


def stretch(
    name: str,
    begin_monotonic: float,
    end_monotonic: float,
    *,
    reads: Iterable[Outcome],
    writes: Iterable[Outcome],
) -> Stretch:
    """Return what was due from *begin_monotonic* until before *end_monotonic*."""

    def due(outcomes: Iterable[Outcome]) -> list[Outcome]:
        return [one for one in outcomes if begin_monotonic <= one.due_monotonic < end_monotonic]

    return Stretch(
        name=name,
        begin_monotonic=begin_monotonic,
        end_monotonic=end_monotonic,
        reads=due(reads),
        writes=due(writes),
    )


def _percentile(ascending: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile; 0 of nothing."""
    if not ascending:
        return 0.0
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


def _cells(figures: Figures) -> list[str]:
    times_ms = (figures.p50_ms, figures.p95_ms, figures.p99_ms, figures.max_ms)
    return [
        str(figures.count),
        str(figures.failed_count),
        *(f"{time_ms:.1f}" for time_ms in times_ms),
        f"{figures.gap_seconds:.2f}",
    ]


def _named(part: Stretch, one: Outcome) -> str:
    when = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=time.monotonic() - one.due_monotonic)
    into_seconds = one.due_monotonic - part.begin_monotonic
    return (
        f"  {when:%H:%M:%S.%f} UTC, {into_seconds:.1f} s into {part.name!r}, "
        f"{one.what}: {one.failure} after {one.seconds:.2f} s"
    )
