"""The comparison as a picture: replicas, and beside them the requests, over time, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import leather

from tantrum_operator.simulation.comparing import Run
from tantrum_operator.simulation.trace import Trace, TraceError

_POINTS: Final = 600
"""More than a screen has columns for only make the file large."""

_COLOURS: Final = ("#1f6feb", "#d9480f", "#2b8a3e", "#868e96")
_WIDTH, _HEIGHT = 1600, 560
_LINE_WIDTH: Final = 2
_TICKS_HOURS: Final = (0.25, 1, 4, 24, 168, 1000)
_TICKS_MAX: Final = 12


def plot(trace: Trace, runs: Sequence[Run], path: Path) -> None:
    """Write *path*, which shows what each run had and what came. Raises `TraceError`."""
    grid = leather.Grid()
    grid.add_many([_replicas(trace, runs), _requests(trace)])
    try:
        with path.open("w", encoding="utf-8") as file:
            grid.to_svg(file, width=_WIDTH, height=_HEIGHT)
    except OSError as error:
        raise TraceError(f"{path} cannot be written ({error.strerror})") from error


def _replicas(trace: Trace, runs: Sequence[Run]) -> leather.Chart:
    chart = _chart(trace, f"Trace {trace.name}", "replicas", max(max(run.replicas) for run in runs))
    # The first is what people want to see: it is drawn last, above the others.
    for run, colour in reversed(list(zip(runs, _COLOURS, strict=True))):
        points = _corners(trace, _highest(run.replicas))
        chart.add_line(points, name=run.name, stroke_color=colour, width=_LINE_WIDTH)
    return chart


def _requests(trace: Trace) -> leather.Chart:
    rates = _highest([step.requests_per_second for step in trace.steps])
    chart = _chart(trace, "What came", "requests a second", max(rates))
    hours = trace.hours / len(rates)
    points = [(index * hours, rate) for index, rate in enumerate(rates)]
    chart.add_line(points, name="requests", stroke_color=_COLOURS[0], width=_LINE_WIDTH)
    return chart


def _chart(trace: Trace, title: str, what: str, most: float) -> leather.Chart:
    chart = leather.Chart(title)
    # A little more than nothing, where nothing came at all.
    chart.add_y_scale(0, max(1, most))
    chart.add_x_scale(0, trace.hours)
    every = next(each for each in _TICKS_HOURS if trace.hours / each <= _TICKS_MAX)
    ticks = [tick * every for tick in range(int(trace.hours / every) + 1)]
    chart.add_x_axis(ticks=ticks, name="hours")
    chart.add_y_axis(name=what)
    return chart


def _corners(trace: Trace, counts: Sequence[float]) -> list[tuple[float, float]]:
    """Return the corners of a line that stays until it changes."""
    hours = trace.hours / len(counts)
    points = [(0.0, counts[0])]
    for index, count in enumerate(counts):
        if count != points[-1][1]:
            points += [(index * hours, points[-1][1]), (index * hours, count)]
    return [*points, (trace.hours, counts[-1])]


def _highest(values: Sequence[float]) -> list[float]:
    size = max(1, -(-len(values) // _POINTS))
    return [max(values[start : start + size]) for start in range(0, len(values), size)]
