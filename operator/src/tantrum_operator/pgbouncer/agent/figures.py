"""
A pooler's figures for Prometheus.

Those of PgBouncer itself have the names that its usual exporter gives them, so that
dashboards and alerts read this in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tantrum_operator.pgbouncer.agent.console import (
    Console,
    ConsoleUnavailableError,
    RefusedError,
    Row,
)
from tantrum_operator.pgbouncer.protocol import AgentState, PausePhase

_POOLS: Final = {
    "cl_active": ("client_active_connections", "Clients that have a server or need none."),
    "cl_waiting": ("client_waiting_connections", "Clients that wait for a server."),
    "sv_active": ("server_active_connections", "Servers that a client has."),
    "sv_idle": ("server_idle_connections", "Servers that are free."),
    "sv_login": ("server_login_connections", "Servers that are being logged in at."),
}
_DATABASES: Final = {
    "current_connections": ("current_connections", "Connections to the server."),
    "max_connections": ("max_connections", "The most connections to the server."),
    "pool_size": ("pool_size", "The most connections to the server for one user."),
}
_STATS: Final = {
    "total_xact_count": ("sql_transactions_pooled", "Transactions.", 1.0),
    "total_query_count": ("queries_pooled", "Queries.", 1.0),
    "total_wait_time": ("client_wait_seconds", "Time that clients waited for a server.", 1e-6),
    "total_query_time": ("queries_duration_seconds", "Time that queries took.", 1e-6),
}


class _Ready(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


async def figures(console: Console, state: AgentState) -> bytes:
    """Return the page that Prometheus reads; without an answer of PgBouncer it says just that."""
    metrics: list[Metric] = []
    try:
        pools = await console.rows("SHOW POOLS")
        databases = await console.rows("SHOW DATABASES")
        stats = await console.rows("SHOW STATS")
    except (ConsoleUnavailableError, RefusedError):
        metrics.append(_gauge("pgbouncer_up", "Whether the console answers.", 0))
    else:
        metrics.append(_gauge("pgbouncer_up", "Whether the console answers.", 1))
        metrics += _of_rows("pgbouncer_pools", ("database", "user"), pools, _POOLS)
        metrics.append(_longest_waits(pools))

        metrics += _of_rows("pgbouncer_databases", ("name", "database"), databases, _DATABASES)
        metrics += _of_stats(stats)
        metrics += _own(state)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready(metrics))
    return generate_latest(registry)


def _own(state: AgentState) -> Iterable[Metric]:
    paused = state.pause is not None and state.pause.phase is not PausePhase.ENDED
    yield _gauge("tantrum_pooler_paused", "Whether a pause is under way.", int(paused))
    in_force = int(state.in_force is not None)
    yield _gauge("tantrum_pooler_in_force", "Whether the settings are as ordered.", in_force)
    yield _gauge(
        "tantrum_pooler_longest_wait_seconds",
        "How long a client has waited for a server.",
        state.longest_wait_seconds,
    )
    up = GaugeMetricFamily(
        "tantrum_pooler_upstream_up", "Whether the server answers.", labels=["database"]
    )
    for upstream in state.upstreams:
        up.add_metric([upstream.database], int(upstream.reachable))
    yield up


def _of_rows(
    prefix: str,
    labels: Sequence[str],
    rows: Sequence[Row],
    names: Mapping[str, tuple[str, str]],
) -> Iterable[Metric]:
    for column, (name, help_text) in names.items():
        family = GaugeMetricFamily(f"{prefix}_{name}", help_text, labels=labels)
        for row in rows:
            family.add_metric([str(row[label] or "") for label in labels], row[column])
        yield family


def _longest_waits(pools: Sequence[Row]) -> Metric:
    family = GaugeMetricFamily(
        "pgbouncer_pools_client_maxwait_seconds",
        "How long the first in the queue has waited.",
        labels=["database", "user"],
    )
    for row in pools:
        seconds = row["maxwait"] + row["maxwait_us"] / 1e6
        family.add_metric([row["database"], row["user"]], seconds)
    return family


def _of_stats(rows: Sequence[Row]) -> Iterable[Metric]:
    for column, (name, help_text, factor) in _STATS.items():
        family = CounterMetricFamily(f"pgbouncer_stats_{name}", help_text, labels=["database"])
        for row in rows:
            family.add_metric([row["database"]], float(row[column]) * factor)
        yield family


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)
