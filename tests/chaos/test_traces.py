"""One request is one trace, through all processes that it touches and into the database."""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from tantrum_stack.ports import free_ports

from .links import HOST
from .product import running

pytestmark = pytest.mark.integration

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-00"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """A collector of OpenTelemetry that keeps what comes, as (service, span)."""

    def __init__(self):
        self.spans = queue.Queue()

    def Export(self, request, context):  # noqa: N802 - named as in the proto
        for resource in request.resource_spans:
            [service] = [
                one.value.string_value
                for one in resource.resource.attributes
                if one.key == "service.name"
            ]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.put((service, span))
        return trace_service_pb2.ExportTraceServiceResponse()


@contextlib.contextmanager
def collecting(port):
    collector = Collector()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    server.add_insecure_port(f"{HOST}:{port}")
    server.start()
    try:
        yield collector
    finally:
        server.stop(0).wait()


def test_a_sampled_request_is_one_trace_from_the_gateway_into_postgresql():
    [port] = free_ports(1)
    with (
        collecting(port) as collector,
        running(otlp_endpoint=f"http://{HOST}:{port}", trace_sample_ratio=1) as product,
    ):
        answer = product.http.get(
            f"{product.url}/v1/shows?maxStimulation=3", headers={"traceparent": TRACEPARENT}
        )
        found = {}
        while not any(name.startswith("postgresql WITH") for _, name in found):
            service, span = collector.spans.get(timeout=60)
            if span.trace_id.hex() == TRACE_ID:
                found[service, span.name] = span
        for name in ("gateway", "catalog"):  # they send what is left when they end
            product.parts[name].stop()
        while not collector.spans.empty():
            service, span = collector.spans.get()
            if span.trace_id.hex() == TRACE_ID:
                found[service, span.name] = span

    assert answer.status_code == 200
    method = "tvtantrum.catalog.v1.CatalogService/ListShows"
    request = found["tantrum-gateway", "GET /v1/shows"]
    called = found["tantrum-gateway", method]
    served = found["tantrum-catalog", method]
    statement = found["tantrum-catalog", "postgresql WITH"]
    assert called.parent_span_id == request.span_id
    assert served.parent_span_id == called.span_id
    assert statement.parent_span_id == served.span_id
    assert "$1" in str(statement.attributes)
