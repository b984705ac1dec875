"""`tantrum-operator pooler-agent`: what runs beside PgBouncer in a pooler's pod."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tantrum_kit import lifecycle, logs

from tantrum_operator.pgbouncer.agent.agent import started
from tantrum_operator.pgbouncer.agent.console import Address
from tantrum_operator.pgbouncer.agent.files import Files
from tantrum_operator.pgbouncer.agent.server import serving
from tantrum_operator.pgbouncer.protocol import AGENT_PORT, AGENT_USER


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the program."""
    parser = subparsers.add_parser(
        "pooler-agent", help="run beside PgBouncer in a pooler's pod; its Deployment says how"
    )
    parser.add_argument("--folder", type=Path, required=True, help="shared with PgBouncer")
    parser.add_argument("--given", type=Path, required=True, help="what Kubernetes mounts")
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--pgbouncer-port", type=int, default=6432)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - the operator comes from outside
    parser.add_argument("--port", type=int, default=AGENT_PORT)
    parser.add_argument("--log-format", choices=["json", "console"], default="json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    logs.configure(log_format=arguments.log_format)
    asyncio.run(_serve(arguments))
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    token = arguments.token_file.read_text().strip()
    address = Address(
        host="127.0.0.1", port=arguments.pgbouncer_port, user=AGENT_USER, password=token
    )
    files = Files(arguments.folder, arguments.given, token=token)
    with lifecycle.stop_signal() as stopped:
        async with (
            started(address, files) as agent,
            serving(agent, host=arguments.host, port=arguments.port, token=token),
        ):
            await stopped.wait()
