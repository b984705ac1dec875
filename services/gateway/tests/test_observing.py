"""What the gateway tells of requests: traces, lines in the log, Server-Timing."""

from __future__ import annotations

import contextlib

import structlog
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from tantrum_kit import errors, tracing

from .conftest import eventually, sited

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
RECORDED = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
UNRECORDED = f"00-{TRACE_ID}-00f067aa0ba902b7-00"


@contextlib.contextmanager
def recorded():
    exporter = InMemorySpanExporter()
    with tracing.recording(SimpleSpanProcessor(exporter), service="test"):
        yield exporter


def lines(logs):
    return [one for one in logs if one["event"] == "request_answered"]


async def test_a_sampled_request_is_one_trace_into_the_upstream():
    with recorded() as exporter:
        async with sited(trace_sample_ratio=1) as site:
            await site.get("/v1/shows/bluey?fields=name", traceparent=UNRECORDED)

    by_name = {(one.name, one.kind): one for one in exporter.get_finished_spans()}
    request = by_name["GET /v1/shows/{idOrSlug}", SpanKind.SERVER]
    called = by_name["tvtantrum.catalog.v1.CatalogService/GetShow", SpanKind.CLIENT]
    served = by_name["tvtantrum.catalog.v1.CatalogService/GetShow", SpanKind.SERVER]
    assert f"{request.context.trace_id:032x}" == TRACE_ID
    assert called.parent.span_id == request.context.span_id
    assert served.parent.span_id == called.context.span_id
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["url.path"] == "/v1/shows/bluey"


async def test_a_hit_that_is_sampled_is_traced_too():
    with recorded() as exporter:
        async with sited(trace_sample_ratio=1) as site:
            for _ in range(2):
                await site.get("/v1/shows/bluey")

    sources = [
        one.attributes["tantrum.source"]
        for one in exporter.get_finished_spans()
        if one.name == "GET /v1/shows/{idOrSlug}"
    ]
    assert sources == ["miss", "l1"]


async def test_a_stranger_cannot_have_its_requests_recorded():
    with recorded() as exporter:
        async with sited(trace_sample_ratio=0) as site:
            await site.get("/v1/shows/bluey", traceparent=RECORDED)

    assert exporter.get_finished_spans() == ()


async def test_a_failed_request_has_one_line_in_the_log():
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as logs:
        async with sited() as site:
            site.catalog.error = errors.UnavailableError("away")
            answer = await site.get("/v1/shows/bluey", traceparent=RECORDED, x_request_id="mine")

    [line] = lines(logs)
    assert answer.status_code == 503
    assert line["log_level"] == "warning"
    assert line["route"] == "/v1/shows/{idOrSlug}"
    assert line["code"] == 503
    assert line["request_id"] == "mine"
    assert line["trace_id"] == TRACE_ID
    assert [list(one) for one in line["upstream_ms"]] == [["catalog"]]


async def test_a_request_that_is_well_has_no_line_in_the_log():
    with structlog.testing.capture_logs() as logs:
        async with sited(slow_request_seconds=60) as site:
            await site.get("/v1/shows/bluey")

    assert lines(logs) == []


async def test_a_slow_request_has_a_line_in_the_log():
    with structlog.testing.capture_logs() as logs:
        async with sited(slow_request_seconds=1e-9) as site:
            await site.get("/v1/shows/bluey")
            await eventually(lambda: [one for one in lines(logs) if one["source"] == "miss"])


async def test_a_hit_that_is_sampled_has_a_line_in_the_log():
    with structlog.testing.capture_logs() as logs:
        async with sited(trace_sample_ratio=1) as site:
            await site.get("/v1/shows/bluey")
            await site.get("/v1/shows/bluey", traceparent=UNRECORDED, x_request_id="mine")
            await eventually(lambda: len(lines(logs)) > 1)

    line = lines(logs)[-1]
    assert (line["source"], line["code"], line["method"]) == ("l1", 200, "GET")
    assert (line["path"], line["route"]) == ("/v1/shows/bluey", "/v1/shows/{idOrSlug}")
    assert (line["request_id"], line["trace_id"]) == ("mine", TRACE_ID)


async def test_a_hit_that_is_slow_has_a_line_in_the_log():
    with structlog.testing.capture_logs() as logs:
        async with sited(slow_request_seconds=1e-9) as site:
            for _ in range(2):
                await site.get("/v1/shows/bluey")
            await eventually(lambda: [one for one in lines(logs) if one["source"] == "l1"])


async def test_server_timing_has_a_part_for_each_call(site):
    answer = await site.get("/v1/shows/bluey", x_server_timing="1")

    timing = answer.headers["server-timing"]
    assert [part.partition(";")[0] for part in timing.split(", ")] == ["cache", "catalog", "total"]
    assert timing.startswith('cache;desc="miss"')
