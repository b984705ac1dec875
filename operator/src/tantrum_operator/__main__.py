"""The command `tantrum-operator`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that *arguments* name, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="tantrum-operator",
        description="Keeps the platform's replicas, poolers and Redis as custom resources say.",
    )
    parser.parse_args(arguments)
    parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
