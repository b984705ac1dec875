"""Builds the gateway around its settings, serves, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Final

import structlog

from tantrum_gateway import clients, l2, metrics, pages, purging, server, upstreams
from tantrum_gateway.admin.application import admin
from tantrum_gateway.admin.operations import PREFIX
from tantrum_gateway.answering import Answering, Policy
from tantrum_gateway.answers import Answer, Clock
from tantrum_gateway.asgi import Gateway, Page
from tantrum_gateway.bodies import BodyLimits
from tantrum_gateway.clients import ClientFinder
from tantrum_gateway.cors import Cors
from tantrum_gateway.dependencies import Change
from tantrum_gateway.endpoints import ENDPOINTS, Lifetime
from tantrum_gateway.flights import Flights
from tantrum_gateway.front import Bounds, Front
from tantrum_gateway.graphql import graphiql
from tantrum_gateway.graphql.application import GraphqlApplication
from tantrum_gateway.graphql.documents import Documents
from tantrum_gateway.graphql.execution import PATH as GRAPHQL_PATH
from tantrum_gateway.graphql.execution import Executor
from tantrum_gateway.graphql.limits import Limits
from tantrum_gateway.health import HealthPages
from tantrum_gateway.known_shows import KnownShows
from tantrum_gateway.l1 import L1
from tantrum_gateway.limits.limiter import Limiter
from tantrum_gateway.limits.rules import LimitClass
from tantrum_gateway.limits.shared import shared as limits_shared
from tantrum_gateway.mounts import Application
from tantrum_gateway.observing import Observer
from tantrum_gateway.old_api import jpeg_covers, site_texts
from tantrum_gateway.old_api.endpoints import old_endpoints
from tantrum_gateway.old_api.reads import OldReads
from tantrum_gateway.old_api.snapshots import Snapshots
from tantrum_gateway.purging import Purger
from tantrum_gateway.routing import Routes
from tantrum_gateway.settings import Settings
from tantrum_gateway.upkeep import Upkeep
from tantrum_gateway.upstreams import Upstreams
from tantrum_gateway.watch import Watch

log = structlog.get_logger()

_FIXED_MAX_AGE_SECONDS: Final = 300
_SWEEP_PERIOD_SECONDS: Final = 1.0
_COMPRESSING_THREADS: Final = 2


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[int]:
    """
    Serve as *settings* say and yield the port.

    On exit: first be not ready and ask clients to close their connections, for
    the time of the drain; then give requests under way the time of grace; then
    stop.

    Raises:
        OSError: the address cannot be used; most often, the port is taken.
    """
    version = metadata.version("tantrum-gateway")
    l1 = L1(size_bytes=settings.l1_size_bytes, stale_seconds=settings.stale_if_error_seconds)
    clock = Clock()
    limiter = _limiter(settings)
    front = _front(settings, limiter)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    with ThreadPoolExecutor(_COMPRESSING_THREADS, "compress") as threads:
        async with (
            upstreams.connected(
                catalog_address=settings.catalog_address, search_address=settings.search_address
            ) as stubs,
            _background() as tasks,
            l2.connected(
                redis_url, tasks, version=version, stale_seconds=settings.stale_if_error_seconds
            ) as store,
            _purging(settings, tasks) as purger,
            limits_shared(redis_url, limiter, tasks),
            jpeg_covers.drawing() as drawn_cover,
        ):
            shows = KnownShows(stubs)

            def on_change(change: Change) -> None:
                touched = l1.apply(change, now_monotonic=time.monotonic())
                upkeep.outdated(touched)
                if purger is not None:
                    purger.changed(change, [answer for _, answer in touched])

            def on_reset() -> None:
                l1.drop_catalogue()
                store.forget()
                if purger is not None:
                    purger.reset()

            watch = Watch(
                stubs,
                shows,
                on_start=l1.drop_catalogue,
                on_change=on_change,
                on_reset=on_reset,
                now_monotonic=time.monotonic,
                silence_seconds=settings.watch_silence_seconds,
            )
            upkeep = Upkeep(
                l1=l1,
                watch=watch,
                clock=clock,
                threads=threads,
                unwatched_ttl_seconds=settings.unwatched_ttl_seconds,
            )
            upkeep.move_clock()
            for background in (shows.run(), watch.run(), upkeep.run(), _sweep(front)):
                tasks.create_task(background)
            answering = Answering(
                upstreams=stubs,
                l1=l1,
                l2=store,
                flights=Flights(tasks),
                watch=watch,
                policy=_policy(settings),
                now_monotonic=time.monotonic,
            )
            graphql = _graphql(settings, stubs, store, answering, watch, threads=threads)
            old_reads = OldReads(
                Snapshots(
                    Flights(tasks),
                    ttl_seconds=settings.unwatched_ttl_seconds,
                    now_monotonic=time.monotonic,
                ),
                site_url=settings.site_url,
                drawn_cover=drawn_cover,
            )
            gateway: Gateway
            health = HealthPages(
                upstreams=stubs,
                watch=watch,
                l1=l1,
                l2=store,
                version=version,
                draining=lambda: gateway.draining,
                lost_after_seconds=max(
                    settings.stale_if_error_seconds, settings.unwatched_ttl_seconds
                ),
                now_monotonic=time.monotonic,
            )
            gateway = Gateway(
                routes=Routes((*ENDPOINTS, *old_endpoints(old_reads))),
                pages=_pages(health, version, settings),
                mounts={GRAPHQL_PATH: graphql} | _editing(stubs, limiter, watch, settings, version),
                answering=answering,
                l1=l1,
                clock=clock,
                threads=threads,
                front=front,
                body_limits=BodyLimits(
                    size_bytes=settings.max_body_bytes,
                    upload_size_bytes=settings.max_upload_bytes,
                    timeout_seconds=settings.body_timeout_seconds,
                ),
                observer=Observer(
                    sample_ratio=settings.trace_sample_ratio,
                    slow_seconds=settings.slow_request_seconds,
                ),
            )
            with metrics.collecting(l1, watch):
                async with server.listening(
                    gateway,
                    address=settings.http_address,
                    backlog=settings.backlog,
                    max_connections=settings.max_connections,
                    max_head_bytes=settings.max_url_bytes + settings.max_headers_bytes,
                    header_timeout_seconds=settings.header_timeout_seconds,
                    grace_seconds=settings.grace_seconds,
                ) as port:
                    try:
                        yield port
                    finally:
                        await _drain(gateway, settings)


class _EndedError(Exception):
    """Ends a task group whose body is over."""


@contextlib.asynccontextmanager
async def _background() -> AsyncIterator[asyncio.TaskGroup]:
    """
    Yield a group whose tasks are cancelled when the body ends.

    What the body raises comes out as it is, not in a group.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
            raise _EndedError  # noqa: TRY301 - it has to come from inside the group
    except* _EndedError:
        pass
    except* OSError as group:
        raise group.exceptions[0] from group


@contextlib.asynccontextmanager
async def _purging(settings: Settings, tasks: asyncio.TaskGroup) -> AsyncIterator[Purger | None]:
    """Purge the CDN in the background, where there is one."""
    if settings.cloudflare_zone_id is None or settings.cloudflare_api_token is None:
        yield None
        return
    async with purging.connected(
        api_url=settings.cloudflare_api_url,
        zone_id=settings.cloudflare_zone_id,
        token=settings.cloudflare_api_token.get_secret_value(),
        by=settings.cloudflare_purge_by,
        public_url=settings.public_url,
        calls_per_minute=settings.cloudflare_purges_per_minute,
        now_monotonic=time.monotonic,
    ) as purger:
        running = tasks.create_task(purger.run())
        try:
            yield purger
        finally:
            running.cancel()


def _limiter(settings: Settings) -> Limiter:
    limits = {
        LimitClass.READ: settings.limit_read,
        LimitClass.SEARCH: settings.limit_search,
        LimitClass.SUGGEST: settings.limit_suggest,
        LimitClass.GRAPHQL: settings.limit_graphql,
        LimitClass.WRITE: settings.limit_write,
        LimitClass.SIGN_IN: settings.limit_sign_in,
    }
    return Limiter(limits, max_keys=settings.limit_max_clients, now_monotonic=time.monotonic)


def _front(settings: Settings, limiter: Limiter) -> Front:
    finder = ClientFinder(
        trusted=clients.networks(settings.trusted_proxies),
        cloudflare=clients.networks(settings.cloudflare_networks),
    )
    bounds = Bounds(url_bytes=settings.max_url_bytes, headers_bytes=settings.max_headers_bytes)
    return Front(finder=finder, limiter=limiter, cors=Cors(settings.cors_origins), bounds=bounds)


def _policy(settings: Settings) -> Policy:
    cache_control = (
        f"public, max-age={settings.browser_ttl_seconds}, s-maxage={settings.cdn_ttl_seconds}, "
        f"stale-while-revalidate={settings.stale_while_revalidate_seconds}, "
        f"stale-if-error={settings.stale_if_error_seconds}"
    )
    return Policy(
        ttl_seconds={
            Lifetime.SHOWS: settings.shows_ttl_seconds,
            Lifetime.CATEGORIES: settings.categories_ttl_seconds,
            Lifetime.SEARCH: settings.search_ttl_seconds,
            Lifetime.VOCABULARIES: settings.vocabularies_ttl_seconds,
            Lifetime.FOREVER: settings.shows_ttl_seconds,
        },
        absence_ttl_seconds=settings.absence_ttl_seconds,
        stale_while_revalidate_seconds=settings.stale_while_revalidate_seconds,
        stale_if_error_seconds=settings.stale_if_error_seconds,
        cache_control=cache_control,
        request_timeout_seconds=settings.request_timeout_seconds,
        suggest_timeout_seconds=settings.suggest_timeout_seconds,
    )


def _editing(
    stubs: upstreams.Upstreams,
    limiter: Limiter,
    watch: Watch,
    settings: Settings,
    version: str,
) -> dict[str, Application]:
    if settings.service_credential is None:
        return {}
    editing = admin(
        stubs,
        limiter,
        service_credential=settings.service_credential.get_secret_value(),
        identity_ttl_seconds=settings.identity_ttl_seconds,
        timeout_seconds=settings.admin_timeout_seconds,
        revision=lambda: watch.revision,
        version=version,
        now_monotonic=time.monotonic,
    )
    return {PREFIX: editing}


def _graphql(
    settings: Settings,
    stubs: Upstreams,
    store: l2.ReplyStore,
    answering: Answering,
    watch: Watch,
    *,
    threads: ThreadPoolExecutor,
) -> GraphqlApplication:
    documents = Documents(
        limits=Limits(
            max_tokens=settings.graphql_max_tokens,
            max_aliases=settings.graphql_max_aliases,
            max_directives=settings.graphql_max_directives,
            max_depth=settings.graphql_max_depth,
        ),
        introspection=settings.graphql_introspection,
        suggestions=settings.graphql_suggestions,
        persisted_size_bytes=settings.graphql_persisted_size_bytes,
        shared=store,
    )
    return GraphqlApplication(
        documents=documents,
        executor=Executor(
            documents,
            max_cost=settings.graphql_max_cost,
            suggestions=settings.graphql_suggestions,
        ),
        upstreams=stubs,
        answering=answering,
        revision=lambda: watch.revision,
        timeout_seconds=settings.request_timeout_seconds,
        threads=threads,
    )


def _pages(health: HealthPages, version: str, settings: Settings) -> dict[str, Page]:
    fixed = {
        **pages.fixed_pages(
            version=version,
            texts=site_texts.fixed_texts(site_url=settings.site_url, ads_txt=settings.ads_txt),
            max_age_seconds=_FIXED_MAX_AGE_SECONDS,
        ),
        **graphiql.fixed_pages(
            schema=settings.graphql_introspection, max_age_seconds=_FIXED_MAX_AGE_SECONDS
        ),
    }
    return {
        **{path: _always(answer) for path, answer in fixed.items()},
        **pages.html_pages(),
        "/livez": health.live,
        "/readyz": health.ready,
        "/api/health": health.health,
    }


def _always(answer: Answer) -> Page:
    async def page() -> Answer:
        return answer

    return page


async def _sweep(front: Front) -> None:
    while True:
        await asyncio.sleep(_SWEEP_PERIOD_SECONDS)
        front.sweep()


async def _drain(gateway: Gateway, settings: Settings) -> None:
    log.info("drain_started", drain_seconds=settings.drain_seconds)
    gateway.drain()
    await asyncio.sleep(settings.drain_seconds)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gateway.until_idle(), timeout=settings.grace_seconds)
