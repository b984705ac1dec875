"""`tantrum-operator replay`: what scalers would have made of a trace."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tantrum_kit.errors import CallerError

from tantrum_operator.budget import pricing
from tantrum_operator.budget import spec as budgets
from tantrum_operator.objects import SCALING_BUDGET, SERVICE_SCALER, Body
from tantrum_operator.scaler import spec as scalers
from tantrum_operator.simulation import manifests, recording
from tantrum_operator.simulation import trace as traces
from tantrum_operator.simulation.comparing import compare
from tantrum_operator.simulation.contestants import objective_of, without_the_unsimulated
from tantrum_operator.simulation.generating import LENGTHS, generate
from tantrum_operator.simulation.manifests import ManifestError
from tantrum_operator.simulation.plotting import plot
from tantrum_operator.simulation.queueing import UnreachableTargetError
from tantrum_operator.simulation.recording import RecordingError
from tantrum_operator.simulation.reporting import Price, report
from tantrum_operator.simulation.service import Service, ServiceError, described, service_from
from tantrum_operator.simulation.trace import Trace, TraceError

_EXPECTED = (
    CallerError,
    ManifestError,
    RecordingError,
    ServiceError,
    TraceError,
    budgets.InvalidSpecError,
    scalers.InvalidSpecError,
    UnreachableTargetError,
)
_DESCRIPTION = """\
Lets a scaler decide over a trace of requests, with a model of the service in between, and
compares it with the HorizontalPodAutoscaler on CPU and on requests and with as many replicas as
the peak needs. Nothing is scaled.
"""
_EXAMPLES = """\
examples:
  tantrum-operator replay --scaler gateway.yaml --generate day --plot day.svg
  tantrum-operator replay --scaler gateway.yaml --trace week.jsonl --budget budget.yaml
  tantrum-operator replay --scaler gateway.yaml \\
      --from-prometheus http://prometheus:9090 --days 14 --record last.jsonl
"""
_TELL_SECONDS = 2.0


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the program."""
    parser = subparsers.add_parser(
        "replay",
        help="compare scalers over a recorded or generated trace",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scaler", metavar="FILE", type=Path, required=True, help="a ServiceScaler; - is stdin"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--trace", metavar="FILE", type=Path, help="replay a trace")
    source.add_argument("--generate", choices=sorted(LENGTHS), help="replay a generated one")
    source.add_argument("--from-prometheus", metavar="URL", help="replay what Prometheus kept")
    parser.add_argument("--seed", type=int, default=1, help="for --generate (default: 1)")
    parser.add_argument(
        "--days", type=_days, default=14, help="for --from-prometheus: up to 90 (default: 14)"
    )
    parser.add_argument(
        "--record", metavar="FILE", type=Path, help="keep the trace that was generated or read"
    )
    parser.add_argument(
        "--service", metavar="NAME=NUMBER", type=_setting, action="append", default=[],
        help="how the service behaves, where the trace does not know it: "
        + ", ".join(described(Service())),
    )  # fmt: skip
    price = parser.add_mutually_exclusive_group()
    price.add_argument(
        "--replica-hour", metavar="AMOUNT", type=_amount, default=Decimal("0.01"),
        help="price of a replica for an hour (default: 0.01)",
    )  # fmt: skip
    price.add_argument("--budget", metavar="FILE", type=Path, help="a ScalingBudget with prices")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw it too, as SVG")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison, and return the exit status."""
    try:
        sys.stdout.write(_compared(arguments))
    except _EXPECTED as error:
        sys.stderr.write(f"tantrum-operator replay: {error}\n")
        return 1
    return 0


def _compared(arguments: argparse.Namespace) -> str:
    body = manifests.the_one([arguments.scaler], SERVICE_SCALER)
    raw, left_out = without_the_unsimulated(body["spec"])
    if left_out:
        _tell(f"Left out, since the simulation has no figures for them: {', '.join(left_out)}")
    spec = scalers.parsed(raw)
    price = _price(arguments, spec.target_ref.name)
    trace = _trace(arguments, spec)
    service = service_from({**described(trace.service), **dict(arguments.service)})
    trace = replace(trace, service=service)
    if arguments.record is not None:
        traces.write(trace, arguments.record)
    runs = compare(trace, spec, progress=_Progress())
    if arguments.plot is not None:
        plot(trace, runs, arguments.plot)
    return report(trace, runs, objective_of(spec), price)


def _trace(arguments: argparse.Namespace, spec: scalers.ScalerSpec) -> Trace:
    if arguments.trace is not None:
        return traces.read(arguments.trace)
    if arguments.generate is not None:
        return generate(arguments.generate, seed=arguments.seed)
    _tell(f"Reading {arguments.days} days from {arguments.from_prometheus}")
    return asyncio.run(recording.recorded(arguments.from_prometheus, spec, days=arguments.days))


def _price(arguments: argparse.Namespace, target: str) -> Price:
    if arguments.budget is None:
        return Price(replica_hour=arguments.replica_hour)
    body: Body = manifests.the_one([arguments.budget], SCALING_BUDGET)
    budget = budgets.parse(body["spec"])
    hour = pricing.replica_hour(budget.prices, target, None)
    if hour is None:
        raise ManifestError(f"{arguments.budget}: prices.replicas has no price for {target}")
    return Price(replica_hour=hour, currency=budget.currency)


class _Progress:
    """Tells on standard error how far a long run is, now and then."""

    def __init__(self) -> None:
        self._told_monotonic = time.monotonic()

    def __call__(self, name: str, ratio: float) -> None:
        now = time.monotonic()
        if now - self._told_monotonic >= _TELL_SECONDS:
            self._told_monotonic = now
            _tell(f"{name}: {ratio:.0%}")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"not an amount: {text}") from error
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"not an amount: {text}")
    return amount


def _setting(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        value = float(number)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not NAME=NUMBER: {text}") from error
    return name, int(value) if value.is_integer() else value


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= recording.DAYS_MAX:
        raise argparse.ArgumentTypeError(f"must be 1 to {recording.DAYS_MAX} days: {text}")
    return int(text)
