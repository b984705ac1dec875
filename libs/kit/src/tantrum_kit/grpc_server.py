"""
A gRPC server as every service runs it: errors, deadlines, metrics, health, reflection.

Servicers raise `tantrum_kit.errors`; the interceptor alone turns those into
statuses. It also gives each call its deadline (`tantrum_kit.deadline`), counts
and times it, makes unary ones a part of their caller's trace, and binds the ids
of request and trace for the logs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias, cast

import grpc
import prometheus_client
import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from opentelemetry.trace import INVALID_SPAN, Span

from tantrum_kit import deadline, errors, status, tracing
from tantrum_kit.metrics import LATENCY_BUCKETS_SECONDS

log = structlog.get_logger()

Context = aio.ServicerContext[Any, Any]

Admitted: TypeAlias = Callable[
    [str, Mapping[str, str | bytes]], contextlib.AbstractContextManager[None]
]
"""
Takes a method (`package.Service/Method`) and the call's metadata, and lets the call in by
returning what is to be around it, or keeps it out by raising a `CallerError`.
"""


def _everybody(
    method: str, metadata: Mapping[str, str | bytes]
) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


_CALLS = prometheus_client.Counter(
    "tantrum_grpc_calls_total", "gRPC calls served.", ["method", "code"]
)
_DURATION = prometheus_client.Histogram(
    "tantrum_grpc_call_duration_seconds",
    "Time to serve a unary gRPC call.",
    ["method"],
    buckets=LATENCY_BUCKETS_SECONDS,
)
LIVENESS: Final = "liveness"
"""The health of this service is SERVING while the event loop turns, ready or not."""

_SERVERS_FAULTS: Final = (
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
)

_STREAMS = prometheus_client.Gauge(
    "tantrum_grpc_open_streams_count", "Server streams that are open.", ["method"]
)


@contextlib.asynccontextmanager
async def serving(
    address: str,
    *,
    servicers: Callable[[aio.Server], None],
    service_names: Sequence[str],
    ready: Callable[[], Awaitable[bool]],
    drain_seconds: float,
    grace_seconds: float,
    admitted: Admitted = _everybody,
    max_connection_age_seconds: float = 60.0,
    ready_period_seconds: float = 1.0,
) -> AsyncIterator[int]:
    """
    Serve on *address* (`host:port`, port 0 for any) and yield the port it got.

    The function *servicers* adds the services, whose full names are
    *service_names*. Their health, and that of the whole server, is SERVING while
    *ready* says so, and that of `LIVENESS` always; *ready* is asked every
    *ready_period_seconds*, bounded by that time, and a raised error counts as no. On
    exit health turns NOT_SERVING, calls go on as before for *drain_seconds*, so that
    clients can look elsewhere, and calls under way then get *grace_seconds*. What
    *admitted* returns is around each call; an error that it raises is the call's.

    Raises:
        OSError: the address cannot be used; most often, the port is taken.
    """
    server = aio.server(
        interceptors=[_Interceptor(domain=service_names[0], admitted=admitted)],
        options=[
            # Two servers on one port would each get some of the calls.
            ("grpc.so_reuseport", 0),
            ("grpc.max_connection_age_ms", int(max_connection_age_seconds * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            # Our clients ask every two seconds whether a silent server is still there.
            ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
        ],
    )
    servicers(server)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection(
        [*service_names, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}; is the port taken?") from error
    names = ["", *service_names]
    await _tell(health_servicer, names, serving_now=False)
    await _tell(health_servicer, [LIVENESS], serving_now=True)
    await server.start()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(
            _watch_readiness(health_servicer, names, ready, period_seconds=ready_period_seconds)
        )
        try:
            yield port
        finally:
            watching.cancel()
            await health_servicer.enter_graceful_shutdown()
            await asyncio.sleep(drain_seconds)
            await server.stop(grace_seconds)


async def _watch_readiness(
    servicer: health.aio.HealthServicer,
    names: Sequence[str],
    ready: Callable[[], Awaitable[bool]],
    *,
    period_seconds: float,
) -> None:
    was_ready: bool | None = None
    while True:
        try:
            async with asyncio.timeout(period_seconds):
                is_ready = await ready()
        except Exception as error:  # noqa: BLE001 - the top of a background task
            is_ready, reason = False, f"{type(error).__name__}: {error}"
        else:
            reason = ""
        if is_ready != was_ready:
            log.info("readiness_changed", ready=is_ready, reason=reason)
            await _tell(servicer, names, serving_now=is_ready)
            was_ready = is_ready
        # Soon again until the first yes: start-up should not wait for the clock.
        await asyncio.sleep(period_seconds if is_ready else min(0.1, period_seconds))


async def _tell(
    servicer: health.aio.HealthServicer, names: Sequence[str], *, serving_now: bool
) -> None:
    value = (
        health_pb2.HealthCheckResponse.SERVING
        if serving_now
        else health_pb2.HealthCheckResponse.NOT_SERVING
    )
    for name in names:
        await servicer.set(name, value)


class _Interceptor(aio.ServerInterceptor):
    """Turns errors into statuses, and does what every call needs around it."""

    def __init__(self, *, domain: str, admitted: Admitted) -> None:
        self._domain = domain
        self._admitted = admitted

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        # An unknown method has no handler; health and reflection speak for themselves.
        if handler is None or not handler_call_details.method.startswith("/tvtantrum."):
            return handler
        method = handler_call_details.method.removeprefix("/")
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(method, cast("Any", handler.unary_unary)),
                handler.request_deserializer,
                handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, cast("Any", handler.unary_stream)),
                handler.request_deserializer,
                handler.response_serializer,
            )
        raise TypeError(f"{method} takes a stream, which no service here does")

    def _unary(
        self, method: str, behavior: Callable[[Any, Context], Awaitable[Any]]
    ) -> Callable[[Any, Context], Awaitable[Any]]:
        duration = _DURATION.labels(method)

        async def call(request: object, context: Context) -> object:
            started_monotonic = time.monotonic()
            carried = _metadata(context).get(tracing.TRACEPARENT)
            try:
                with tracing.served(method, carried) as span:
                    async with self._around(method, context, span):
                        return await behavior(request, context)
            finally:
                duration.observe(time.monotonic() - started_monotonic)

        return call

    def _stream(
        self, method: str, behavior: Callable[[Any, Context], AsyncIterator[Any]]
    ) -> Callable[[Any, Context], AsyncIterator[Any]]:
        async def call(request: object, context: Context) -> AsyncIterator[object]:
            with _STREAMS.labels(method).track_inprogress():
                async with self._around(method, context):
                    async for response in behavior(request, context):
                        yield response

        return call

    @contextlib.asynccontextmanager
    async def _around(
        self, method: str, context: Context, span: Span = INVALID_SPAN
    ) -> AsyncIterator[None]:
        code = grpc.StatusCode.OK
        metadata = _metadata(context)
        structlog.contextvars.bind_contextvars(
            method=method,
            request_id=metadata.get("x-request-id", ""),
            trace_id=tracing.trace_id(),
        )
        try:
            with (
                self._admitted(method, metadata),
                deadline.running_for(context.time_remaining()),
            ):
                try:
                    yield
                except TimeoutError as error:
                    if not deadline.passed():
                        raise
                    raise errors.DeadlineError("the call's time ran out") from error
        except aio.AbortError:
            raise  # its status is on the wire already
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED
            raise
        except errors.CallerError as error:
            code = status.code_of(error)
            await self._abort(context, error)
        except Exception:
            code = grpc.StatusCode.INTERNAL
            log.exception("call_failed")
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")
        finally:
            _CALLS.labels(method, code.name).inc()
            span.set_attribute("rpc.response.status_code", code.name)
            if code in _SERVERS_FAULTS:
                tracing.failed(span, code.name)
            structlog.contextvars.unbind_contextvars("method", "request_id", "trace_id")

    async def _abort(self, context: Context, error: errors.CallerError) -> NoReturn:
        details = status.details_of(error, domain=self._domain)
        await context.abort(
            status.code_of(error), error.message, trailing_metadata=((status.DETAILS_KEY, details),)
        )
        raise AssertionError("abort always raises")


def _metadata(context: Context) -> dict[str, str]:
    return dict(cast("Any", context.invocation_metadata()) or ())
