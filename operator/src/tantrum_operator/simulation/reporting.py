"""The comparison as text."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tantrum_operator.simulation.comparing import Run
from tantrum_operator.simulation.contestants import Objective
from tantrum_operator.simulation.trace import Trace

_COLUMNS: Final = 72
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_HEADINGS: Final = (
    "",
    "replicas",
    "replica hours",
    "cost",
    "minutes over target",
    "requests over",
    "p95",
    "changes of direction",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    replica_hour: Decimal
    currency: str = "USD"


def report(trace: Trace, runs: Sequence[Run], objective: Objective, price: Price) -> str:
    """Return what *runs* came to: a table, and the replicas over time."""
    rates = [step.requests_per_second for step in trace.steps]
    target_ms = objective.target_seconds * 1000
    came = (
        f"Trace {trace.name}: {trace.hours:g} h in steps of {trace.step_seconds:g} s, "
        f"{min(rates):.0f} to {max(rates):.0f} requests/s, {sum(rates) / len(rates):.0f} on average"
    )
    wanted = (
        f"Target: at most {objective.allowed_ratio:.0%} of requests over {target_ms:.0f} ms; "
        f"a replica starts in {trace.service.startup_seconds:g} s and answers up to "
        f"{trace.service.capacity:.0f} requests/s"
    )
    return "\n".join([came, wanted, "", *_table(runs, price), "", *_over_time(trace, runs)]) + "\n"


def _table(runs: Sequence[Run], price: Price) -> list[str]:
    rows = [_HEADINGS, *(_row(run, price) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _row(run: Run, price: Price) -> tuple[str, ...]:
    long = math.isinf(run.p95_seconds)
    return (
        run.name,
        f"{min(run.replicas)} to {max(run.replicas)}",
        f"{run.replica_hours:.1f}",
        f"{run.cost(price.replica_hour):.2f} {price.currency}",
        f"{run.minutes_over:.0f}",
        f"{run.over_ratio:.2%}",
        "> 10 s" if long else f"{run.p95_seconds * 1000:.0f} ms",
        f"{run.turns}",
    )


def _over_time(trace: Trace, runs: Sequence[Run]) -> list[str]:
    """Draw the most replicas within each column's time, all to one scale."""
    width = max(len(run.name) for run in runs)
    most = max(max(run.replicas) for run in runs)
    rates = [step.requests_per_second for step in trace.steps]
    minutes = trace.hours * 60 / min(_COLUMNS, len(rates))
    return [
        f"Replicas over time, a column for {minutes:.0f} min; the highest is {most}",
        *(f"{run.name.ljust(width)}  {_drawn(run.replicas, most)}" for run in runs),
        f"{'requests/s'.ljust(width)}  {_drawn(rates, max(rates))}",
    ]


def _drawn(values: Sequence[float], most: float) -> str:
    columns = min(_COLUMNS, len(values))
    edges = [round(column * len(values) / columns) for column in range(columns + 1)]
    highest = [max(values[start:end]) for start, end in itertools.pairwise(edges)]
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[math.ceil(steps * value / most) if most else 0] for value in highest)
