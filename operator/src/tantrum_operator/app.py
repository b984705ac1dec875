"""Builds the operator, and lets it run from its start to its end, in order."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import prometheus_client
import structlog
from kubernetes.aio.client import ApiClient
from prometheus_client.registry import Collector
from tantrum_kit import lifecycle
from tantrum_kit.errors import CallerError, PreconditionFailedError

from tantrum_operator import health
from tantrum_operator.cluster import Cluster, connected
from tantrum_operator.handlers import Watch
from tantrum_operator.leadership import Elector, Timing
from tantrum_operator.loop import Loop
from tantrum_operator.objects import GROUP, VERSION
from tantrum_operator.pgbouncer.agents import Agents
from tantrum_operator.pgbouncer.reconciler import PgBouncerReconciler
from tantrum_operator.prometheus import Prometheus, asking
from tantrum_operator.reconciling import Reconciler
from tantrum_operator.recorder import Recorder
from tantrum_operator.rediscache.reconciler import RedisCacheReconciler
from tantrum_operator.reporter import Reporter
from tantrum_operator.scaler.reconciler import ScalerReconciler
from tantrum_operator.settings import Settings
from tantrum_operator.simulation.adviser import AdvisedReconciler

_POLL_SECONDS: Final = 1.0
_METRICS_SECONDS: Final = 5.0
"""For whatever measures: a pass over scalers goes on without what is late."""

_SILENT_SECONDS: Final = 120.0
"""An attempt may take 60 s and comes every 15 s: whoever is silent for longer hangs."""

Build = Callable[[Cluster, Settings], Sequence[Reconciler]]
log = structlog.get_logger()


def reconcilers(
    cluster: Cluster, settings: Settings, *, metrics: Prometheus | None
) -> Sequence[Reconciler]:
    """Return what acts on the kinds that *settings* name; *metrics* is None without Prometheus."""
    scalers = ScalerReconciler(cluster, metrics, metrics_seconds=_METRICS_SECONDS)
    built: Sequence[Reconciler] = (
        scalers if metrics is None else AdvisedReconciler(scalers, metrics),
        PgBouncerReconciler(
            cluster,
            Agents(),
            agent_image=settings.image,
            now=lambda: dt.datetime.now(dt.UTC),
        ),
        RedisCacheReconciler(cluster),
    )
    return [each for each in built if settings.kind_names & {kind.name for kind in each.kinds}]


def collect_rarely() -> None:
    """
    Let Python look for reference cycles some forty times less often.

    Each look at a namespace reads lists of thousands of small objects, none in a cycle; the
    search through them took half of the time of reading them.
    """
    gc.freeze()
    gc.set_threshold(30_000, 20, 20)


async def run(settings: Settings, build: Build | None = None) -> None:
    """
    Wait for leadership, act, and end in order at SIGTERM or SIGINT.

    Raises `LeadershipLostError`, and `CallerError` when the start fails.
    """
    collect_rarely()
    async with (
        connected(settings.kubeconfig, identity=settings.identity) as client,
        asking(settings.prometheus_url, timeout_seconds=_METRICS_SECONDS) as metrics,
    ):
        chosen = build or functools.partial(reconcilers, metrics=metrics)
        await _Operator(settings, client, chosen).run()


class _Operator:
    def __init__(self, settings: Settings, client: ApiClient, build: Build) -> None:
        self._settings = settings
        # The Lease's own client asks nobody: who does not lead must be able to take it.
        leases = Cluster(client, timeout_seconds=settings.lease_request_timeout_seconds)
        self._elector = Elector(
            leases,
            namespace=settings.namespace,
            name=settings.lease_name,
            identity=settings.identity,
            timing=Timing(
                lease_seconds=settings.lease_seconds,
                renew_deadline_seconds=settings.lease_renew_deadline_seconds,
                retry_seconds=settings.lease_retry_seconds,
            ),
        )
        self._cluster = Cluster(
            client,
            timeout_seconds=settings.request_timeout_seconds,
            may_write=self._elector.may_write,
        )
        recorder = Recorder(self._cluster, instance=settings.identity)
        self._loop = Loop(
            self._cluster,
            Reporter(self._cluster, recorder),
            period_seconds=settings.period_seconds,
        )
        self._reconcilers = build(self._cluster, settings)
        self._watch = Watch(client, self._reconcilers, settings.namespaces, self._loop.wake)
        self._leads = False

    async def run(self) -> None:
        with _registered(self._loop.freshness):
            async with health.serving(
                self._settings.http_host,
                self._settings.http_port,
                alive=self._why_not_alive,
                ready=self._why_not_ready,
            ) as port:
                await self._until_served()
                watching = self._watch.start()
                try:
                    with lifecycle.stop_signal() as stopped:
                        log.info(
                            "operator_started", identity=self._settings.identity, http_port=port
                        )
                        await self._lead_until(stopped, watching)
                finally:
                    self._watch.stop()

    async def _lead_until(self, stopped: asyncio.Event, watching: asyncio.Future[None]) -> None:
        """Lead as soon as that is possible, until somebody wants an end or something fails."""
        stop: asyncio.Future[Any] = asyncio.create_task(stopped.wait())
        leading: asyncio.Future[Any] = asyncio.create_task(self._lead())
        try:
            done, _ = await asyncio.wait(
                [stop, leading, watching], return_when=asyncio.FIRST_COMPLETED
            )
            if leading not in done:
                log.info("operator_stopping")
                await self._loop.stop(within_seconds=self._settings.shutdown_grace_seconds)
        finally:
            for task in (stop, leading):
                task.cancel()
            await asyncio.wait([stop, leading])
            await self._elector.release()
        for ended in (leading, watching):
            if ended.done() and not ended.cancelled():
                ended.result()

    async def _lead(self) -> None:
        await self._elector.acquire()
        self._leads = True
        both = [
            asyncio.create_task(self._elector.hold()),
            asyncio.create_task(self._loop.run()),
        ]
        try:
            [first, *_], _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            first.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.wait(both)

    async def _until_served(self) -> None:
        wanted = {kind.plural for each in self._reconcilers for kind in each.kinds}
        deadline = time.monotonic() + self._settings.start_timeout_seconds
        while True:
            try:
                missing = wanted - await self._cluster.served(f"{GROUP}/{VERSION}")
                why = (
                    f"the cluster does not serve {', '.join(sorted(missing))} of {GROUP}/{VERSION}"
                )
            except CallerError as error:
                missing, why = wanted, str(error)
            if not missing:
                return
            if time.monotonic() > deadline:
                raise PreconditionFailedError(
                    f"{why}: apply the chart's folder crds/ with `kubectl apply --server-side`"
                )
            await asyncio.sleep(_POLL_SECONDS)

    def _why_not_alive(self) -> str:
        age = self._loop.freshness.beat_age_seconds
        return (
            f"nothing was attempted for {age:.0f} s"
            if self._leads and age > _SILENT_SECONDS
            else ""
        )

    def _why_not_ready(self) -> str:
        age = self._elector.contact_age_seconds
        return (
            f"no word about the Lease for {age:.0f} s"
            if age > 3 * self._settings.lease_seconds
            else ""
        )


@contextlib.contextmanager
def _registered(collector: Collector) -> Iterator[None]:
    prometheus_client.REGISTRY.register(collector)
    try:
        yield
    finally:
        prometheus_client.REGISTRY.unregister(collector)
