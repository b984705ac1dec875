"""`tantrum-operator plan --what-if traffic=3x`: which limit binds first."""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from kubernetes.aio.config import ConfigException
from tantrum_kit.errors import CallerError

from tantrum_operator.budget import spec as budgets
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.commands.environment import read as read_settings
from tantrum_operator.objects import PGBOUNCER, SCALING_BUDGET, SERVICE_SCALER, Body
from tantrum_operator.scaler import spec as scalers
from tantrum_operator.settings import ConnectionSettings
from tantrum_operator.simulation import manifests
from tantrum_operator.simulation.manifests import ManifestError
from tantrum_operator.simulation.whatif import FACTOR_MAX, Forecast, Limit, forecast

_DESCRIPTION = """\
Says at which traffic each limit binds: the scalers' maxReplicas, the connections that the
poolers take, and the ceilings of the budgets. Reads ServiceScalers, ScalingBudgets and
PgBouncers of the cluster that the environment names (OPERATOR_NAMESPACE, OPERATOR_KUBECONFIG),
or from files. Writes nothing.
"""
_EXAMPLES = """\
examples:
  tantrum-operator plan --what-if traffic=3x
  tantrum-operator plan --what-if traffic=1.5x --file production/
  kubectl get tss,tsb,tpb -o yaml | tantrum-operator plan --what-if traffic=3x --file -
"""
_TRAFFIC = re.compile(r"traffic=([0-9]+(?:\.[0-9]+)?)x?")


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the program."""
    parser = subparsers.add_parser(
        "plan",
        help="which limit binds first when more comes",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--what-if", metavar="traffic=3x", type=_factor, required=True, dest="factor",
        help="how many times the traffic of now",
    )  # fmt: skip
    parser.add_argument(
        "--file", metavar="PATH", type=Path, action="append", default=[],
        help="a file or a folder of manifests instead of a cluster, - for stdin; may be repeated",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the limits in the order in which they bind, and return the exit status."""
    try:
        bodies = manifests.read(arguments.file) if arguments.file else _of_cluster()
        if bodies is None:
            return 2
        found = forecast(bodies, arguments.factor)
    except (
        CallerError,
        ConfigException,
        ManifestError,
        OSError,
        budgets.InvalidSpecError,
        scalers.InvalidSpecError,
    ) as error:
        sys.stderr.write(f"tantrum-operator plan: {error}\n")
        return 1
    if not found.limits:
        sys.stderr.write("tantrum-operator plan: there is no ServiceScaler to plan for\n")
        return 1
    sys.stdout.write(_told(found))
    return 0


def _of_cluster() -> Sequence[Body] | None:
    settings = read_settings(ConnectionSettings)
    return None if settings is None else asyncio.run(_listed(settings))


async def _listed(settings: ConnectionSettings) -> Sequence[Body]:
    async with connected(settings.kubeconfig) as client:
        cluster = Cluster(client, timeout_seconds=settings.request_timeout_seconds)
        return [
            body
            for namespace in settings.namespaces or ("",)
            for kind in (SERVICE_SCALER, SCALING_BUDGET, PGBOUNCER)
            for body in await cluster.list(kind, namespace)
        ]


def _told(found: Forecast) -> str:
    lines = [_first(found), ""]
    rows = [
        ("limit", "binds at", "now", f"at {found.factor:g}x", "most", ""),
        *(_row(limit) for limit in found.limits),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines += [
        "  ".join(
            cell.rjust(width) if 0 < column <= 4 else cell.ljust(width)  # noqa: PLR2004 - figures
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", *found.notes]).rstrip() + "\n"


def _first(found: Forecast) -> str:
    first = found.limits[0]
    if math.isinf(first.binds_at):
        return f"Nothing binds below {FACTOR_MAX:g} times the traffic of now."
    binds = f"at {first.binds_at:.2f} times the traffic of now"
    if first.holds:
        return f"{found.factor:g} times the traffic fits. First of all {first.name} binds, {binds}."
    broken = sum(not limit.holds for limit in found.limits)
    others = f"; {broken - 1} more would not hold" if broken > 1 else ""
    return (
        f"{found.factor:g} times the traffic does not fit: {first.name} binds first, "
        f"{binds}{others}."
    )


def _row(limit: Limit) -> tuple[str, ...]:
    whole = limit.unit in ("replicas", "connections")
    now, then, most = (
        f"{each:.0f}" if whole else f"{each:.2f}" for each in (limit.now, limit.then, limit.most)
    )
    at = "never" if math.isinf(limit.binds_at) else f"{limit.binds_at:.2f}x"
    verdict = "" if limit.holds else ", does not hold"
    return (limit.name, at, now, then, most, limit.unit + verdict)


def _factor(text: str) -> float:
    found = _TRAFFIC.fullmatch(text)
    if found is None or not 0 < float(found[1]) <= FACTOR_MAX:
        raise argparse.ArgumentTypeError(
            f"must be traffic=3x or so, more than 0 and up to {FACTOR_MAX:g}: {text}"
        )
    return float(found[1])
