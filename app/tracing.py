"""Traces by OpenTelemetry: where `app.logs.span` leads when TRACES_URL is set.

Spans are sent in batches by a thread of the library, at the end of the process, too (its `atexit`).
A collector that is away costs spans, never a callback.
"""

import os
import socket
import sys
from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.logs import Span, trace_with

PATH = "/v1/traces"
EVERY_SECONDS = 1.0
TIMEOUT_SECONDS = 3.0
"""Of one batch with its repeats: the end of a process waits for the last one."""

KINDS = {"receive": SpanKind.SERVER, "decide": SpanKind.INTERNAL}


class TracedSpan(Span):
    """One span of OpenTelemetry."""

    __slots__ = ("_span", "parent", "trace")

    def __init__(self, span: OtelSpan) -> None:
        self._span, of = span, span.get_span_context()
        self.trace = f"{of.trace_id:032x}"
        self.parent = f"00-{self.trace}-{of.span_id:016x}-{of.trace_flags:02x}"

    def end(self, **ids: object) -> None:
        self._span.set_attributes(_attributes(ids))
        error = sys.exception()
        if error is not None:  # its kind alone: texts of others may hold names and numbers
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_attributes(_attributes({"status": getattr(error, "status", None)}))
            self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        self._span.end()


class Tracing:
    """Begins spans. For all threads."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, name: str, parent: str, ids: Mapping[str, object]) -> Span:
        """`parent` may come from outside: what is no `traceparent` begins a new trace."""
        context = self._propagator.extract({"traceparent": parent}, Context())
        kind = KINDS.get(name, SpanKind.CLIENT)
        attributes = _attributes(ids)
        return TracedSpan(self._tracer.start_span(name, context, kind=kind, attributes=attributes))


def start_tracing(url: str, share: float, process: str) -> None:
    """Send this process's spans to the collector at `url`; of traces that begin here only a share,
    of those that begin elsewhere what was decided there."""
    exporter = OTLPSpanExporter(url + PATH, timeout=TIMEOUT_SECONDS)
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create(
            {
                "service.name": "gavel",
                "service.version": version("gavel"),
                "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
                "gavel.process": process,
            }
        ),
    )
    batches = BatchSpanProcessor(exporter, schedule_delay_millis=EVERY_SECONDS * 1000)
    provider.add_span_processor(batches)
    trace_with(Tracing(provider.get_tracer("gavel")).begin)


def _attributes(ids: Mapping[str, object]) -> dict[str, str | int]:
    return {
        f"gavel.{name}": value if isinstance(value, int) else str(value)
        for name, value in ids.items()
        if value not in (None, "")
    }
