"""The command `tantrum-stack`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from tantrum_stack import ledger, stack
from tantrum_stack.console import Console
from tantrum_stack.data_folder import DataFolder
from tantrum_stack.errors import StackError
from tantrum_stack.settings import Settings, read_settings

_NOT_RUNNING = 3  # as init scripts say it


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 after an orderly stop, 1 after a failure that was said."""
    parser = argparse.ArgumentParser(
        prog="tantrum-stack", description="Runs the whole product on this machine."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="{run,status}")
    verbs.add_parser(
        "run",
        help="start everything, and stop it at Ctrl-C",
        description="Settings: TANTRUM_PORT (8080), TANTRUM_DATA (.tantrum), DATABASE_URL "
        "and REDIS_URL to use servers of your own; README.md has the services' own.",
    )
    verbs.add_parser("status", help="show what runs; exit code 3 when nothing does")
    chosen = parser.parse_args(arguments)
    console = Console()
    try:
        settings = read_settings()
        if chosen.verb == "status":
            return _status(settings, console)
        asyncio.run(stack.run(settings, console))
    except StackError as error:
        console.warn(str(error))
        return 1
    return 0


def _status(settings: Settings, console: Console) -> int:
    folder = DataFolder(settings.data)
    run = ledger.read(folder.state)
    if run is None or not any(run.living(entry) for entry in run.parts):
        console.say("TV Tantrum does not run here; `make run` starts it.")
        return _NOT_RUNNING
    console.say(f"TV Tantrum runs at {run.address or '(it is starting)'}")
    for entry in run.parts:
        state = f"process {entry.pid}" if run.living(entry) else "ended"
        console.say(f"  {entry.name:<10} {state:<16} {folder.logs / entry.name}.log")
    console.say(f"  stop it with Ctrl-C, or: kill {run.supervisor}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
