"""Traces from one service into another, and out to a collector."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator

import pytest
from grpc import aio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.trace import SpanKind, StatusCode
from tantrum_kit import errors, grpc_client, tracing

from .echo import NAME, Echo, serving
from .spans import recorded

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
UNRECORDED_CALLER = f"00-{TRACE_ID}-00f067aa0ba902b7-00"


class Traced(Echo):
    """Answers with the id of the trace that it finds itself in."""

    async def behave(self, request):
        return tracing.trace_id().encode()


@contextlib.asynccontextmanager
async def connected(echo: Echo) -> AsyncIterator[aio.Channel]:
    async with (
        serving(echo) as address,
        grpc_client.channel(address, retried={NAME: ["Unary"]}) as channel,
    ):
        yield channel


async def call(channel: aio.Channel) -> bytes:
    with grpc_client.errors_raised():
        return await channel.unary_unary(f"/{NAME}/Unary")(b"", timeout=30)


async def test_a_call_is_a_span_of_its_caller_and_one_of_its_server():
    with recorded() as spans:
        async with connected(Traced()) as channel:
            with tracing.served("the request", CALLER):
                answer = await call(channel)

    request, client, server = (
        spans.named("the request"),
        *(
            next(one for one in spans.all if one.name == f"{NAME}/Unary" and one.kind is kind)
            for kind in (SpanKind.CLIENT, SpanKind.SERVER)
        ),
    )
    assert answer.decode() == TRACE_ID
    assert {f"{one.context.trace_id:032x}" for one in spans.all} == {TRACE_ID}
    assert request.parent.span_id == 0x00F067AA0BA902B7
    assert client.parent.span_id == request.context.span_id
    assert server.parent.span_id == client.context.span_id
    assert server.attributes["rpc.response.status_code"] == "OK"


async def test_a_trace_that_is_not_recorded_keeps_its_id_in_the_next_service():
    with recorded() as spans:
        async with connected(Traced()) as channel:
            with tracing.served("the request", UNRECORDED_CALLER):
                answer = await call(channel)

    assert answer.decode() == TRACE_ID
    assert spans.all == []


async def test_a_failure_of_the_server_marks_its_span_and_its_callers():
    class Gone(Echo):
        async def behave(self, request):
            raise errors.UnavailableError("gone")

    with recorded() as spans:
        async with connected(Gone()) as channel:
            with tracing.served("the request", CALLER), pytest.raises(errors.UnavailableError):
                await call(channel)

    assert {one.status.status_code for one in spans.all if one.name == f"{NAME}/Unary"} == {
        StatusCode.ERROR
    }


@pytest.mark.parametrize(
    ("traceparent", "sampled", "recorded_count"),
    [(CALLER, False, 0), (UNRECORDED_CALLER, True, 1), (CALLER, None, 1), (None, None, 0)],
)
def test_the_callers_flag_counts_only_where_nobody_else_decides(
    traceparent, sampled, recorded_count
):
    with recorded() as spans, tracing.served("the request", traceparent, sampled=sampled):
        pass

    assert len(spans.all) == recorded_count


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "nonsense",
        b"\xff\xfe",
        CALLER.replace("00-", "ff-", 1),
        CALLER.upper(),
        CALLER + "0",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
    ],
)
def test_a_header_that_means_nothing_begins_a_trace(traceparent):
    with tracing.served("the request", traceparent):
        found = tracing.trace_id()

    assert len(found) == 32
    assert found not in ("0" * 32, TRACE_ID)


def test_outside_of_a_trace_nothing_is_carried():
    with tracing.called("something") as span:
        assert span is None
        assert tracing.traceparent() == ""
        assert tracing.trace_id() == ""


def test_a_sampler_picks_its_ratio():
    random.seed(5)
    sampler = tracing.sampler(0.01)

    picked = sum(next(sampler) for _ in range(100_000))

    assert 850 < picked < 1_150


@pytest.mark.parametrize(("ratio", "picked"), [(0.0, 0), (1.0, 1_000)])
def test_a_sampler_picks_nothing_or_all(ratio, picked):
    sampler = tracing.sampler(ratio)

    assert sum(next(sampler) for _ in range(1_000)) == picked


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """An OTLP receiver that keeps what comes."""

    def __init__(self):
        self.spans = asyncio.Queue()

    async def Export(self, request, context):  # noqa: N802 - named as in the proto
        for resource in request.resource_spans:
            [service] = [
                one.value.string_value
                for one in resource.resource.attributes
                if one.key == "service.name"
            ]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    await self.spans.put((service, span.name, span.trace_id.hex()))
        return trace_service_pb2.ExportTraceServiceResponse()


async def test_spans_come_to_a_collector_before_the_process_ends():
    collector = Collector()
    server = aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async with tracing.exporting(f"http://127.0.0.1:{port}", service="tantrum-test"):
        with tracing.served("the request", CALLER):
            pass
    arrived = collector.spans.get_nowait()
    await server.stop(0)

    assert arrived == ("tantrum-test", "the request", TRACE_ID)


async def test_a_collector_that_is_gone_costs_no_request():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with tracing.exporting(f"http://127.0.0.1:{port}", service="tantrum-test"):
            with tracing.served("the request", CALLER):
                assert tracing.trace_id() == TRACE_ID


async def test_without_a_collector_nothing_is_recorded():
    async with tracing.exporting(None, service="tantrum-test"):
        with tracing.served("the request", CALLER):
            assert tracing.current() is None
            assert tracing.trace_id() == TRACE_ID
