"""
Traces of requests across services: W3C Trace Context in, on and out, OTLP to a collector.

Whether a trace is recorded is decided once, at the head: the gateway draws, and every
service behind it does as the flag of its caller says. All calls carry the ids of their
trace, recorded or not, so that logs name the same one everywhere; a span costs something
only where it is recorded. Without a collector none is.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import random
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode

TRACEPARENT: Final = "traceparent"
"""Name of the header, and of the metadata of a gRPC call."""

# Later versions may add more behind.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
_RECORDED: Final = trace.TraceFlags(trace.TraceFlags.SAMPLED)
_NOT_RECORDED: Final = trace.TraceFlags(trace.TraceFlags.DEFAULT)
_FLUSH_SECONDS: Final = 2.0
_MAX_TEXT_LENGTH: Final = 2_000

_tracer: trace.Tracer | None = None
"""Makes the spans of this process; None as long as nobody wants any."""


@contextlib.asynccontextmanager
async def exporting(endpoint: str | None, *, service: str) -> AsyncIterator[None]:
    """
    Send the spans of the body to *endpoint* (`http://host:4317`, OTLP over gRPC) as *service*'s.

    None records nothing. A collector that does not answer costs spans, never a request;
    on exit it gets two seconds for the last ones.
    """
    if endpoint is None:
        yield
        return
    # It takes a fifth of a second and 15 MB, which only those pay who want it.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=_FLUSH_SECONDS))
    try:
        with recording(processor, service=service):
            yield
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(processor.shutdown), _FLUSH_SECONDS + 1)


@contextlib.contextmanager
def recording(processor: SpanProcessor, *, service: str) -> Iterator[None]:
    """Hand the spans of the body to *processor*, whose end is the caller's."""
    global _tracer  # noqa: PLW0603 - as a process's metrics are
    provider = TracerProvider(
        sampler=ALWAYS_ON,  # who asks for a span has decided
        resource=Resource.create({"service.name": service}),
        span_limits=SpanLimits(max_attribute_length=_MAX_TEXT_LENGTH),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("tantrum")
    try:
        yield
    finally:
        _tracer = None


def sampler(ratio: float) -> Iterator[bool]:
    """
    Pick a *ratio* (0 to 1) of what it is asked about, at random, without an end.

    To be used by one thread.
    """
    while ratio <= 0:
        yield False
    while ratio >= 1:
        yield True
    while True:
        # One draw for many, since this is on the way of every request.
        draw = 1.0 - random.random()  # noqa: S311 - no secret
        passed_count = math.floor(math.log(draw) / math.log(1.0 - ratio))
        yield from itertools.repeat(False, passed_count)  # noqa: FBT003 - its own signature
        yield True


@contextlib.contextmanager
def served(
    name: str,
    traceparent: str | bytes | None,
    *,
    sampled: bool | None = None,
    begun_seconds_ago: float = 0.0,
) -> Iterator[Span]:
    """
    Go on, in the body, with the caller's trace, or begin one where it sent none.

    With *sampled* None it is recorded if the caller's flag says so; else as *sampled*
    says, as where callers are strangers, who might flood the collector or hide.
    """
    caller = _caller(traceparent)
    if sampled is None:
        sampled = caller.trace_flags.sampled
    span: Span
    if sampled and _tracer is not None:
        parent = trace.set_span_in_context(NonRecordingSpan(caller)) if caller.is_valid else None
        span = _tracer.start_span(
            name,
            context=parent,
            kind=SpanKind.SERVER,
            start_time=time.time_ns() - int(begun_seconds_ago * 1e9),
        )
    else:
        span = NonRecordingSpan(
            SpanContext(
                trace_id=caller.trace_id or random.getrandbits(128),
                span_id=random.getrandbits(64),
                is_remote=False,
                trace_flags=_NOT_RECORDED,
            )
        )
    with _current(span):
        yield span


@contextlib.contextmanager
def called(name: str, **attributes: str | float) -> Iterator[Span | None]:
    """Record the body as a call to something else; yields None where its trace is not recorded."""
    if _tracer is None or not trace.get_current_span().is_recording():
        yield None
        return
    span = _tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
    with _current(span):
        try:
            yield span
        except Exception as error:
            failed(span, type(error).__name__)
            raise


def note_call(
    name: str, *, parent: Span, elapsed_seconds: float, failure: str = "", **attributes: str
) -> None:
    """Record a call within *parent* that has just ended, well unless *failure* says how not."""
    if _tracer is None:
        return
    end_ns = time.time_ns()
    span = _tracer.start_span(
        name,
        context=trace.set_span_in_context(parent),
        kind=SpanKind.CLIENT,
        attributes=attributes,
        start_time=end_ns - int(elapsed_seconds * 1e9),
    )
    if failure:
        failed(span, failure)
    span.end(end_ns)


def failed(span: Span, why: str) -> None:
    """Mark *span* as one of a failure."""
    span.set_status(Status(StatusCode.ERROR, why))


def current() -> Span | None:
    """Return the span that is recorded here; None where none is."""
    span = trace.get_current_span()
    return span if span.is_recording() else None


def traceparent() -> str:
    """Return what a call from here carries as `TRACEPARENT`; empty outside of any trace."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def trace_id() -> str:
    """Return the id of the trace that this is part of, for logs; empty outside of any."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


@contextlib.contextmanager
def _current(span: Span) -> Iterator[None]:
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        yield


def _caller(traceparent: str | bytes | None) -> SpanContext:
    """Return what the caller's header says; an invalid context where that is nothing."""
    if isinstance(traceparent, bytes):
        traceparent = traceparent.decode("latin-1")
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return trace.INVALID_SPAN_CONTEXT
    context = SpanContext(
        trace_id=int(found[1], 16),
        span_id=int(found[2], 16),
        is_remote=True,
        trace_flags=_RECORDED if int(found[3], 16) & _RECORDED else _NOT_RECORDED,
    )
    return context if context.is_valid else trace.INVALID_SPAN_CONTEXT
