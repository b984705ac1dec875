"""Calls to catalog and search: bounded by the request's deadline, failing as the kit says."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tantrum_kit import deadline, errors, grpc_client, status
from tvtantrum.catalog.v1 import (
    audit_service_pb2_grpc,
    catalog_service_pb2_grpc,
    editor_service_pb2_grpc,
    idempotency_service_pb2_grpc,
    statistics_service_pb2_grpc,
    vocabulary_service_pb2_grpc,
)
from tvtantrum.search.v1 import search_service_pb2_grpc

from tantrum_gateway import metrics
from tantrum_gateway.guard import Guard, GuardedChannel, LateError, RefusedError

CATALOG_SERVICE: Final = "tvtantrum.catalog.v1.CatalogService"
SEARCH_SERVICE: Final = "tvtantrum.search.v1.SearchService"

_CATALOG_READS: Final = (
    "GetShow", "BatchGetShows", "ListShows", "ListSimilarShows", "GetHome", "ListCategories",
    "GetCategory", "ListCategoryShows", "ListThemes", "ListPlatforms", "ListResearch",
    "GetResearch", "GetImage", "BatchRead", "PreviewCategory",
)  # fmt: skip
_EDITOR_READS: Final = (
    "GetSession", "ListSessions", "GetEditor", "ListEditors", "ListApiTokens", "GetApiToken",
)  # fmt: skip
_RETRIED_OF_CATALOG: Final = {
    CATALOG_SERVICE: _CATALOG_READS,
    "tvtantrum.catalog.v1.AuditService": ("ListAuditEntries",),
    "tvtantrum.catalog.v1.EditorService": _EDITOR_READS,
    # Whoever made something waits for the note of it, so that one must not hang. Repeated after
    # all, it is told to be lost, and it is there.
    "tvtantrum.catalog.v1.IdempotencyService": (
        "BeginRequest",
        "CompleteRequest",
        "AbandonRequest",
    ),
    "tvtantrum.catalog.v1.StatisticsService": ("GetStatistics",),
    "tvtantrum.catalog.v1.VocabularyService": ("GetTheme", "GetPlatform"),
}
_SEARCH_READS: Final = ("SearchShows", "SuggestShows")

_FIRST_SHARE: Final = 0.6
"""Part of a request's time that search gets, so that catalog can still answer in its place."""

_HEALTH_TIMEOUT_SECONDS: Final = 0.5
_NO_DEADLINE_SECONDS: Final = 60.0

_SPOKEN: Final = {"catalog": "The catalogue", "search": "The search"}
"""What people call the upstreams."""

_LATE: Final = "{} did not answer in time; try again."

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request being answered; upstreams log it too."""

ResponseT = TypeVar("ResponseT")
ResponseT_co = TypeVar("ResponseT_co", covariant=True)


class Method(Protocol[ResponseT_co]):
    """A unary method of an asynchronous stub."""

    def __call__(
        self, request: Any, *, timeout: float | None = None, metadata: Any = None
    ) -> Awaitable[ResponseT_co]: ...


@contextlib.contextmanager
def leaving_time() -> Iterator[None]:
    """Leave another upstream the time to answer in the place of the body's."""
    with deadline.running_for(deadline.remaining_seconds(math.inf) * _FIRST_SHARE):
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """Stubs of what the gateway calls."""

    catalog: catalog_service_pb2_grpc.CatalogServiceAsyncStub
    audit: audit_service_pb2_grpc.AuditServiceAsyncStub
    editors: editor_service_pb2_grpc.EditorServiceAsyncStub
    idempotency: idempotency_service_pb2_grpc.IdempotencyServiceAsyncStub
    statistics: statistics_service_pb2_grpc.StatisticsServiceAsyncStub
    vocabularies: vocabulary_service_pb2_grpc.VocabularyServiceAsyncStub
    search: search_service_pb2_grpc.SearchServiceAsyncStub
    catalog_health: Method[health_pb2.HealthCheckResponse]
    search_health: Method[health_pb2.HealthCheckResponse]


@contextlib.asynccontextmanager
async def connected(*, catalog_address: str, search_address: str) -> AsyncIterator[Upstreams]:
    """Yield stubs for both services. Connecting happens in the background and is repeated."""
    async with (
        _guarded("catalog", catalog_address, _RETRIED_OF_CATALOG) as catalog,
        _guarded("search", search_address, {SEARCH_SERVICE: _SEARCH_READS}) as search,
    ):
        yield Upstreams(
            catalog=catalog_service_pb2_grpc.CatalogServiceStub(catalog.channel),
            audit=audit_service_pb2_grpc.AuditServiceStub(catalog.channel),
            editors=editor_service_pb2_grpc.EditorServiceStub(catalog.channel),
            idempotency=idempotency_service_pb2_grpc.IdempotencyServiceStub(catalog.channel),
            statistics=statistics_service_pb2_grpc.StatisticsServiceStub(catalog.channel),
            vocabularies=vocabulary_service_pb2_grpc.VocabularyServiceStub(catalog.channel),
            search=search_service_pb2_grpc.SearchServiceStub(search.channel),
            catalog_health=catalog.health,
            search_health=search.health,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guarded:
    """A channel to an upstream behind its guard, and the way to its health around that."""

    channel: aio.Channel
    health: Method[health_pb2.HealthCheckResponse]


@contextlib.asynccontextmanager
async def _guarded(
    upstream: str, address: str, reads: Mapping[str, Sequence[str]]
) -> AsyncIterator[_Guarded]:
    guard = Guard(upstream, spoken=_SPOKEN[upstream])
    async with grpc_client.channel(address, retried=reads) as channel:
        health = _health(channel)

        async def is_serving() -> bool:
            return not await serving(health)

        asking = asyncio.create_task(guard.run(is_serving))
        guarded = GuardedChannel(
            channel,
            guard,
            reads=[f"/{service}/{one}" for service, methods in reads.items() for one in methods],
        )
        try:
            # It has what stubs use of a channel.
            yield _Guarded(channel=cast("aio.Channel", guarded), health=health)
        finally:
            asking.cancel()
            await asyncio.wait([asking])


async def call(upstream: str, method: Method[ResponseT], request: Any) -> ResponseT:
    """
    Return the answer of *method* within what is left of the request's time.

    Raises:
        CallerError: what the upstream raised. `UnavailableError`, too, where nothing was
            sent, to spare it, and where a read ran out of time.
        AioRpcError: the upstream failed in a way that no kind of error stands for.
    """
    timeout_seconds = deadline.remaining_seconds(_NO_DEADLINE_SECONDS)
    if timeout_seconds <= 0:
        raise _too_late(upstream)
    started_monotonic = asyncio.get_running_loop().time()
    code = "OK"
    try:
        with grpc_client.errors_raised():
            return await method(
                request, timeout=timeout_seconds, metadata=(("x-request-id", request_id.get()),)
            )
    except errors.CallerError as error:
        code = status.code_of(error).name
        # gRPC's own words are no sentences, and have our addresses in them.
        if isinstance(error, LateError):
            code = "DEADLINE_EXCEEDED"
            raise _too_late(upstream) from error
        if isinstance(error, RefusedError):
            code = "REFUSED"
            raise
        if isinstance(error, errors.DeadlineError):
            raise errors.DeadlineError(_LATE.format(_SPOKEN[upstream])) from error
        if isinstance(error, errors.UnavailableError):
            raise errors.UnavailableError(
                f"{_SPOKEN[upstream]} does not answer just now; try again."
            ) from error
        raise
    except BaseException:
        code = "UNKNOWN"
        raise
    finally:
        elapsed_seconds = asyncio.get_running_loop().time() - started_monotonic
        metrics.upstream_called(upstream, code, elapsed_seconds)


def _too_late(upstream: str) -> LateError:
    return LateError(_LATE.format(_SPOKEN[upstream]))


async def serving(check: Method[health_pb2.HealthCheckResponse]) -> str:
    """Return "" if the server behind *check* says that it serves, else what is wrong."""
    try:
        response = await check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_TIMEOUT_SECONDS)
    except aio.AioRpcError as failure:
        return failure.code().name
    if response.status == health_pb2.HealthCheckResponse.SERVING:
        return ""
    return health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)


def _health(channel: aio.Channel) -> Method[health_pb2.HealthCheckResponse]:
    # The published types of this stub have no methods.
    check: Method[health_pb2.HealthCheckResponse] = cast(
        "Any", health_pb2_grpc.HealthStub(channel)
    ).Check
    return check
