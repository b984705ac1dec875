"""
A trace: how many requests came to a service, step by step.

As a file it has JSON lines. The first describes the trace, each other one is a step:

    {"format": "tantrum-trace/1", "name": "day", "start": "2026-11-02T00:00:00Z",
     "step_seconds": 15, "service": {"service_seconds": 0.04}}
    {"requests_per_second": 31.2}
    {"requests_per_second": 30.9, "replicas": 3, "over_ratio": 0.012}

`service` says how the service behaves, with defaults for what is left out; `replicas` and
`over_ratio` (the fraction of requests over target) are what was really there, where a trace
was recorded. A step that is missing has null for `requests_per_second`; it is taken to be
as the one before.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tantrum_operator.simulation.service import Service, ServiceError, described, service_from

FORMAT: Final = "tantrum-trace/1"
STEPS_MAX: Final = 500_000
_STEP_FIELDS: Final = {"requests_per_second", "replicas", "over_ratio"}
_HEADER_FIELDS: Final = {"format", "name", "start", "step_seconds", "service"}


class TraceError(Exception):
    """A trace cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """*replicas* and *over_ratio* are what was really there; None where that is not known."""

    requests_per_second: float
    replicas: int | None = None
    over_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    name: str
    start_time: dt.datetime
    step_seconds: float
    service: Service
    steps: Sequence[Step]

    @property
    def hours(self) -> float:
        return len(self.steps) * self.step_seconds / 3600


def lines(trace: Trace) -> Iterator[str]:
    """Yield the lines of *trace* as a file."""
    header = {
        "format": FORMAT,
        "name": trace.name,
        "start": trace.start_time.isoformat().replace("+00:00", "Z"),
        "step_seconds": trace.step_seconds,
        "service": described(trace.service),
    }
    for line in (header, *map(_described, trace.steps)):
        yield json.dumps(line) + "\n"


def write(trace: Trace, path: Path) -> None:
    """Write *trace* to *path*. Raises `TraceError`."""
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(lines(trace))
    except OSError as error:
        raise TraceError(f"{path} cannot be written ({error.strerror})") from error


def read(path: Path) -> Trace:
    """Read the trace in *path*. Raises `TraceError`, which names the line."""
    try:
        with path.open(encoding="utf-8") as file:
            return parse(file)
    except OSError as error:
        raise TraceError(f"{path} cannot be read ({error.strerror})") from error
    except (TraceError, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: {error}") from error


def parse(text: Iterable[str]) -> Trace:
    """Return the trace whose lines *text* has. Raises `TraceError`, which names the line."""
    numbered = ((number, line) for number, line in enumerate(text, 1) if line.strip())
    number, line = next(numbered, (1, ""))
    header = _object(number, line)
    if header.get("format") != FORMAT:
        raise TraceError(f'line {number}: is not the head of a trace ("format": "{FORMAT}")')
    _known(number, header, _HEADER_FIELDS)
    step_seconds = _number(number, header, "step_seconds")
    if step_seconds is None or not 1 <= step_seconds <= 3600:  # noqa: PLR2004 - as it says
        raise TraceError(f"line {number}: step_seconds must be 1 to 3600")
    about = header.get("service", {})
    if not isinstance(about, dict):
        raise TraceError(f"line {number}: service is not a JSON object")
    try:
        service = service_from(about)
        start = dt.datetime.fromisoformat(header["start"]).astimezone(dt.UTC)
    except ServiceError as error:
        raise TraceError(f"line {number}: service: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise TraceError(
            f"line {number}: start must be a time such as 2026-11-02T00:00:00Z"
        ) from error
    return Trace(
        name=str(header.get("name", "trace")),
        start_time=start,
        step_seconds=step_seconds,
        service=service,
        steps=filled(list(_steps(numbered))),
    )


def filled(steps: Iterable[Step | None]) -> list[Step]:
    """Return *steps*, each missing one as that before it. Raises `TraceError` for none at all."""
    done: list[Step] = []
    missing = 0
    for step in steps:
        if step is not None:
            done += [step] * (missing + 1)
            missing = 0
        elif done:
            done.append(Step(requests_per_second=done[-1].requests_per_second))
        else:
            missing += 1
    if not done:
        raise TraceError("there is no step with requests_per_second")
    return done


def _steps(numbered: Iterator[tuple[int, str]]) -> Iterator[Step | None]:
    for count, (number, line) in enumerate(numbered):
        if count >= STEPS_MAX:
            raise TraceError(f"line {number}: a trace has at most {STEPS_MAX} steps")
        found = _object(number, line)
        _known(number, found, _STEP_FIELDS)
        requests = _number(number, found, "requests_per_second")
        if requests is None:
            yield None
            continue
        replicas = _number(number, found, "replicas")
        yield Step(
            requests_per_second=requests,
            replicas=None if replicas is None else round(replicas),
            over_ratio=_number(number, found, "over_ratio", most=1.0),
        )


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise TraceError(f"line {number}: is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise TraceError(f"line {number}: is not a JSON object")
    return found


def _known(number: int, found: dict[str, Any], fields: set[str]) -> None:
    if unknown := sorted(set(found) - fields):
        raise TraceError(
            f"line {number}: no such field: {', '.join(unknown)}; "
            f"there are {', '.join(sorted(fields))}"
        )


def _number(number: int, found: dict[str, Any], field: str, *, most: float = 1e9) -> float | None:
    value = found.get(field)
    if value is None:
        return None
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not 0 <= value <= most:
        raise TraceError(f"line {number}: {field} must be a number from 0 to {most:g}")
    return float(value)


def _described(step: Step) -> dict[str, float]:
    known = {
        "requests_per_second": step.requests_per_second,
        "replicas": step.replicas,
        "over_ratio": step.over_ratio,
    }
    return {name: round(value, 6) for name, value in known.items() if value is not None}
