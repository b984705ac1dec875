"""The command `tantrum-operator`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tantrum_operator.commands import (
    collect,
    plan,
    pooler_agent,
    replay,
    run,
    traces,
    vectors,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that *arguments* name, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="tantrum-operator",
        description="Keeps the platform's replicas, poolers and Redis as custom resources say.",
        epilog="Settings come from the environment: OPERATOR_... as in the README.",
    )
    subparsers = parser.add_subparsers(required=True)
    for command in (run, collect, pooler_agent, replay, traces, plan, vectors):
        command.add_to(subparsers)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


if __name__ == "__main__":
    sys.exit(main())
