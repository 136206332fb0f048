"""Where traces and errors go, as real HTTP: an OTLP collector, which reads what it gets as the
protocol has it (protobuf), Sentry's envelope endpoint, and a receiver of webhooks."""

import gzip
import json
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

DSN_KEY = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Received:
    """One span. Ids are hex; `parent` is "" for the first of a trace."""

    name: str
    trace: str
    id: str
    parent: str
    process: str
    failed: bool
    attributes: Mapping[str, str]


@dataclass
class Ingest:
    """Everything that came, in its order."""

    url: str = ""
    spans: list[Received] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[Mapping[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        return self.url.replace("://", f"://{DSN_KEY}@") + "/7"

    def forget(self) -> None:
        for found in (self.spans, self.errors, self.webhooks, self.raw):
            found.clear()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.raw.append(body)
        if path == "/v1/traces":
            assert headers["Content-Type"] == "application/x-protobuf"
            self.spans += _spans(body)
        elif path == "/api/7/envelope/":
            assert f"sentry_key={DSN_KEY}" in headers["X-Sentry-Auth"]
            self.errors += _events(body)
        else:
            self.webhooks.append(dict(headers))


def _spans(body: bytes) -> Iterator[Received]:
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    for resource in request.resource_spans:
        of = {one.key: one.value.string_value for one in resource.resource.attributes}
        assert of["service.name"] == "gavel"
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Received(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    of["gavel.process"],
                    span.status.code == 2,
                    {
                        one.key: one.value.string_value or str(one.value.int_value)
                        for one in span.attributes
                    },
                )


def _events(body: bytes) -> Iterator[dict[str, Any]]:
    """Of an envelope: a line for it, then for each item a line of headers and one of content."""
    lines = iter(body.split(b"\n")[1:])
    for header in lines:
        content = next(lines, b"")
        if header and json.loads(header)["type"] == "event":
            yield json.loads(content)


@contextmanager
def ingest() -> Iterator[Ingest]:
    """Running on a free port of 127.0.0.1."""
    made = Ingest()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            match self.headers.get("Content-Encoding"):
                case "gzip":
                    body = gzip.decompress(body)
                case "deflate":
                    body = zlib.decompress(body)
            made.take(self.path, self.headers, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not on the terminal of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
