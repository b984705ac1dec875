"""Spans in memory, for tests that look at what was recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tantrum_kit import tracing


class Spans:
    """What was recorded so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        [span] = [one for one in self.all if one.name == name]
        return span


@contextlib.contextmanager
def recorded() -> Iterator[Spans]:
    exporter = InMemorySpanExporter()
    with tracing.recording(SimpleSpanProcessor(exporter), service="test"):
        yield Spans(exporter)
