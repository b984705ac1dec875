"""The comparison as a picture: replicas and requests over time, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

import pygal
from pygal.style import Style

from tantrum_operator.simulation.comparing import Run
from tantrum_operator.simulation.trace import Trace, TraceError

T = TypeVar("T", int, float)

_POINTS: Final = 600
"""More than a screen has columns for only make the file large."""
_COLOURS: Final = ("#1f6feb", "#d9480f", "#2b8a3e", "#868e96", "#adb5bd")


def plot(trace: Trace, runs: Sequence[Run], path: Path) -> None:
    """Write *path*, which shows what each run had and what came. Raises `TraceError`."""
    chart = pygal.XY(
        title=f"Trace {trace.name}",
        x_title="hours",
        y_title="replicas",
        stroke_style={"width": 2},
        show_dots=False,
        include_x_axis=True,
        legend_at_bottom=True,
        width=1200,
        height=600,
        style=Style(colors=_COLOURS, background="white", plot_background="white"),
        # Without it the file would load a script from elsewhere.
        js=(),
    )
    for run in runs:
        chart.add(run.name, _steps(trace, _highest(run.replicas)))
    rates = [step.requests_per_second for step in trace.steps]
    points = _highest(rates)
    hours = trace.hours / len(points)
    chart.add(
        "requests/s (right)",
        [(index * hours, rate) for index, rate in enumerate(points)],
        secondary=True,
    )
    try:
        path.write_bytes(chart.render())
    except OSError as error:
        raise TraceError(f"{path} cannot be written ({error.strerror})") from error


def _steps(trace: Trace, counts: Sequence[int]) -> list[tuple[float, int]]:
    """Return the corners of a line that stays until it changes."""
    hours = trace.hours / len(counts)
    points = [(0.0, counts[0])]
    for index, count in enumerate(counts):
        if count != points[-1][1]:
            points += [(index * hours, points[-1][1]), (index * hours, count)]
    return [*points, (trace.hours, counts[-1])]


def _highest(values: Sequence[T]) -> list[T]:
    size = max(1, -(-len(values) // _POINTS))
    return [max(values[start : start + size]) for start in range(0, len(values), size)]
