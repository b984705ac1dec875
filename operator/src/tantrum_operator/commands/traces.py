"""`tantrum-operator traces day|week`: makes a trace to replay."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tantrum_operator.simulation import trace as traces
from tantrum_operator.simulation.generating import LENGTHS, generate
from tantrum_operator.simulation.trace import TraceError

_DESCRIPTION = """\
Makes a trace for `tantrum-operator replay`: the requests of a day or a week at a million
monthly users, with a launch of ten times as many, a slow ramp and a flash of 60 seconds. The
same seed makes the same trace.
"""
_EXAMPLES = """\
examples:
  tantrum-operator traces day > day.jsonl
  tantrum-operator traces week --seed 7 --output week.jsonl
"""


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the program."""
    parser = subparsers.add_parser(
        "traces",
        help="make a trace of a day or a week at a million monthly users",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("length", choices=sorted(LENGTHS), help="how long the trace is")
    parser.add_argument("--seed", type=int, default=1, help="any number (default: 1)")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="where to (default: standard output)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the trace, and return the exit status."""
    made = generate(arguments.length, seed=arguments.seed)
    if arguments.output is None:
        sys.stdout.writelines(traces.lines(made))
        return 0
    try:
        traces.write(made, arguments.output)
    except TraceError as error:
        sys.stderr.write(f"tantrum-operator traces: {error}\n")
        return 1
    return 0
