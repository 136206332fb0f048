"""A service for the sandbox to call: keeps what it is sent, answers what it is told."""

import http.server
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from tests.waiting import until


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    fields: dict[str, str]
    headers: dict[str, str]
    body: str

    @property
    def action(self) -> str:
        return self.fields.get("ConferenceAction", "")


@dataclass
class Reply:
    """What to answer to a path; `after` seconds."""

    status: int = 200
    body: str = ""
    after: float = 0.0


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of callers who gave up: tests of time-outs make them do so."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@dataclass
class Service:
    """`with Service() as service:` listens on `service.url` of 127.0.0.1. `story` says in which
    order callbacks came and were answered."""

    received: list[Received] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def __enter__(self) -> Self:
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                came, reply = service.take(self)
                time.sleep(reply.after)
                service.story.append(f"{came.action} answered")
                body = service.files.get(self.path, reply.body.encode())
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reply(self, path: str, *replies: Reply) -> None:
        """Answers in order; the last one is repeated."""
        self.replies[path] = list(replies)

    def answer_xml(self, path: str, xml: str) -> None:
        self.reply(path, Reply(body=f"<Response>{xml}</Response>"))

    def take(self, handler: http.server.BaseHTTPRequestHandler) -> tuple[Received, Reply]:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length).decode()
        parts = urlsplit(handler.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        form = "json" not in (handler.headers.get("Content-Type") or "")
        pairs = dict(parse_qsl(body, keep_blank_values=True)) if form else json.loads(body)
        fields = query if handler.command == "GET" else pairs
        headers = dict(handler.headers.items())
        came = Received(handler.command or "", parts.path, query, fields, headers, body)
        self.story.append(f"{came.action} came")
        self.received.append(came)
        replies = self.replies.get(parts.path, [Reply(body="<Response/>")])
        return came, replies.pop(0) if len(replies) > 1 else replies[0]

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    def actions(self, path: str = "/events") -> list[str]:
        return [one.action for one in self.at(path)]

    def wait(self, path: str, count: int = 1) -> list[Received]:
        """At least so many requests to this path."""
        self.wait_until(lambda: len(self.at(path)) >= count)
        return self.at(path)

    def wait_for(self, action: str, path: str = "/events") -> Received:
        """The newest callback with this ConferenceAction."""
        self.wait_until(lambda: action in self.actions(path))
        return [one for one in self.at(path) if one.action == action][-1]

    def wait_until(self, done: Callable[[], bool]) -> None:
        until(done, lambda: f"there came {[(one.path, one.fields) for one in self.received]}")
