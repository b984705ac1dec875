"""
`tantrum-operator vectors FILE`: is the arithmetic the HorizontalPodAutoscaler's?

The file holds cases with the results of another implementation: `cpu`, `value` and
`behavior` are lists of objects, whose times are seconds before the moment of the case.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tantrum_operator.scaler import behavior, utilisation, values

_NOW: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""Any moment does: the cases know only how long before it something was."""

Case = Mapping[str, Any]


class VectorsError(Exception):
    """The file cannot be read as cases; the message says what is wrong with it."""


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the program."""
    parser = subparsers.add_parser(
        "vectors",
        help="compare the scaler's arithmetic with cases computed elsewhere",
        description="Runs every case of FILE, prints each whose result differs, and a count. "
        "Exits with 1 if any differs or FILE cannot be read.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="JSON: cpu, value and behavior")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the cases of the file, and return the exit status."""
    path: Path = arguments.file
    try:
        differing, count = compare(_read(path))
    except VectorsError as error:
        sys.stderr.write(f"tantrum-operator vectors: {path}: {error}\n")
        return 1
    for line in differing:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{count} cases, {len(differing)} differ\n")
    return 1 if differing else 0


def compare(vectors: Mapping[str, Sequence[Case]]) -> tuple[list[str], int]:
    """
    Return a line for each case whose result differs, and how many cases there are.

    Raises `VectorsError` where a case cannot be understood.
    """
    differing, count = [], 0
    for kind, computed in _COMPUTED.items():
        for number, case in enumerate(vectors.get(kind, ())):
            try:
                found = computed(case)
                expected = {name: case[name] for name in found}
            except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
                told = f"{type(error).__name__}: {error}"
                raise VectorsError(f"{kind}[{number}] is not a case ({told})") from error
            count += 1
            if found != expected:
                differing.append(f"{kind}[{number}]: expected {expected}, found {found}")
    return differing, count


def _read(path: Path) -> Mapping[str, Sequence[Case]]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise VectorsError(f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise VectorsError(f"is not JSON ({error})") from error
    if not isinstance(found, dict) or not any(found.get(kind) for kind in _COMPUTED):
        raise VectorsError(f"has no cases: it needs lists named {', '.join(_COMPUTED)}")
    for kind in _COMPUTED:
        if not isinstance(found.get(kind, []), list):
            raise VectorsError(f"{kind} is not a list")
    return found


def _cpu(case: Case) -> Case:
    try:
        found = utilisation.replicas_for_utilisation(
            [_pod(pod) for pod in case["pods"]],
            utilisation.Resource.CPU,
            target_percent=case["targetUtilizationPercent"],
            current=case["currentReplicas"],
            tolerance=_tolerance(case),
            now=_NOW,
        )
    except utilisation.NoFigureError:
        return {"desiredReplicas": None, "utilizationPercent": None, "error": True}
    return {
        "desiredReplicas": found.replicas,
        "utilizationPercent": found.average,
        "error": False,
    }


def _pod(pod: Case) -> utilisation.Pod:
    cpu = utilisation.Resource.CPU
    sampled, requested = pod["usageMillicores"], pod["requestMillicores"]
    return utilisation.Pod(
        name=pod["name"],
        phase=utilisation.Phase(pod["phase"]),
        deleting=pod["deleting"],
        ready=pod["ready"],
        start_time=_before(pod["startedSecondsAgo"]),
        ready_changed_time=_before(pod["readyTransitionSecondsAgo"]),
        request={} if requested is None else {cpu: requested},
        usage={}
        if sampled is None
        else {
            cpu: utilisation.Usage(
                amount=sampled,
                time=_NOW - dt.timedelta(seconds=pod["sampleSecondsAgo"]),
                window_seconds=pod["sampleWindowSeconds"],
            )
        },
    )


def _value(case: Case) -> Case:
    replicas = values.replicas_for_value(
        case["valueMilli"],
        target=case["targetMilli"],
        current=case["currentReplicas"],
        ready=case["readyPods"],
        tolerance=_tolerance(case),
    )
    return {"desiredReplicas": replicas}


def _behavior(case: Case) -> Case:
    found = behavior.damped(
        case["proposedReplicas"],
        current=case["currentReplicas"],
        minimum=case["minReplicas"],
        maximum=case["maxReplicas"],
        behavior=behavior.Behavior(up=_rules(case["scaleUp"]), down=_rules(case["scaleDown"])),
        history=behavior.History(
            recommendations=[
                behavior.Recommendation(time=_NOW - ago, replicas=replicas)
                for ago, replicas in _past(case["recommendations"])
            ],
            ups=_changes(case["scaleUpEvents"]),
            downs=_changes(case["scaleDownEvents"]),
        ),
        now=_NOW,
    )
    return {
        "desiredReplicas": found.replicas,
        "ableToScaleReason": str(found.stability),
        "scalingLimitedReason": str(found.limit),
        "scalingLimited": found.limited,
    }


def _rules(rules: Case) -> behavior.Rules:
    return behavior.Rules(
        window_seconds=rules["stabilizationWindowSeconds"],
        select_policy=behavior.SelectPolicy(rules["selectPolicy"]),
        policies=[
            behavior.Policy(
                type=behavior.PolicyType(policy["type"]),
                value=policy["value"],
                period_seconds=policy["periodSeconds"],
            )
            for policy in rules["policies"]
        ],
    )


def _changes(events: Sequence[Case] | None) -> list[behavior.Change]:
    return [behavior.Change(time=_NOW - ago, replicas=count) for ago, count in _past(events)]


def _past(entries: Sequence[Case] | None) -> list[tuple[dt.timedelta, int]]:
    return [(dt.timedelta(seconds=each["secondsAgo"]), each["replicas"]) for each in entries or ()]


def _before(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else _NOW - dt.timedelta(seconds=seconds)


def _tolerance(case: Case) -> values.Tolerance:
    return values.Tolerance(down=case["scaleDownTolerance"], up=case["scaleUpTolerance"])


_COMPUTED: Final[Mapping[str, Callable[[Case], Case]]] = {
    "cpu": _cpu,
    "value": _value,
    "behavior": _behavior,
}
