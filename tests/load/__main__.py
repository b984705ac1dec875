"""
Loads a product that runs, by hand: `python -m tests.load http://127.0.0.1:8080`.

While something happens to it (`--event 'kubectl delete pod …'`), or just for a while.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import threading
import time

import structlog

from .generator import Plan, running


def main() -> None:
    options = _options()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    plan = Plan(
        edge_url=options.edge,
        api_token=os.environ.get("TANTRUM_API_TOKEN", ""),
        requests_per_second=options.rate,
        writes_per_second=options.writes,
        before_seconds=options.before,
        after_seconds=options.after,
    )
    began_monotonic, began_cpu = time.monotonic(), time.process_time()
    with running(plan) as load, load.event(options.event or f"{options.during:g} s") as event:
        if options.event:
            subprocess.run(options.event, shell=True, check=True)  # noqa: S602 - as asked for
        else:
            threading.Event().wait(options.during)
    cpu_ratio = (time.process_time() - began_cpu) / (time.monotonic() - began_monotonic)
    print(f"the generator took {cpu_ratio:.1%} of a core")
    try:
        event.assert_no_failures()
    except AssertionError as error:
        sys.exit(str(error))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load",
        description="Load TV Tantrum at fixed times, without retries, and say what failed.",
        epilog="Writes shows too where TANTRUM_API_TOKEN holds an API token that may.",
    )
    parser.add_argument("edge", metavar="URL", help="http://host:port of edge or gateway")
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    parser.add_argument("--writes", type=float, default=2, help="new shows a second")
    parser.add_argument("--before", type=float, default=10, help="seconds before the event")
    parser.add_argument("--during", type=float, default=20, help="seconds, when there is no event")
    parser.add_argument("--event", default="", metavar="COMMAND", help="what happens meanwhile")
    parser.add_argument("--after", type=float, default=5, help="seconds after the event")
    return parser.parse_args()


if __name__ == "__main__":
    main()
