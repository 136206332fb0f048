"""A double at Plivo's edge: a real HTTP server that notes what came and answers as it was told.

Each connection is served by a thread until the client or the script closes it.
"""

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.accepting import accepting


@dataclass(frozen=True)
class Seen:
    """One request as it was on the wire. `connection` counts from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


def answer(
    status: int = 202, body: str | bytes | dict[str, Any] | None = None, **headers: str
) -> bytes:
    """An HTTP answer; header names are written with `_` for `-`."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body or b""
    content = content.encode() if isinstance(content, str) else content
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


DONE = answer(202, {"message": "done", "member_id": "10", "api_id": "a-1"})

Script = Callable[[Seen, socket.socket], None]


def send(content: bytes) -> Script:
    return lambda seen, connection: connection.sendall(content)


def send_and_close(content: bytes) -> Script:
    def run(seen: Seen, connection: socket.socket) -> None:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_RDWR)

    return run


def close(seen: Seen, connection: socket.socket) -> None:
    """Read, then hang up without a word."""
    connection.shutdown(socket.SHUT_RDWR)


def reset(seen: Seen, connection: socket.socket) -> None:
    """Read, then reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def silence(seen: Seen, connection: socket.socket) -> None:
    """Read, and say nothing until the client gives up."""
    connection.recv(1)


@dataclass
class PlivoEdge:
    """`scripts` answer the next requests, one each; then everything is done (202)."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    connections: int = 0
    serving: list[threading.Thread] = field(default_factory=list)

    def answers(self, *answers: bytes) -> None:
        self.scripts += [send(one) for one in answers]

    def wait_until_closed(self) -> None:
        """Until every connection so far was closed by a script."""
        for thread in self.serving:
            thread.join()


@contextmanager
def plivo_edge(tls: ssl.SSLContext | None = None) -> Iterator[PlivoEdge]:
    """The running double, on a free port of 127.0.0.1."""
    edge = PlivoEdge()
    sockets: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        edge.connections += 1
        sockets.append(connection)
        thread = threading.Thread(target=_serve, args=(edge, connection, edge.connections, tls))
        edge.serving.append(thread)
        thread.start()

    try:
        with accepting(serve) as port:
            edge.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
            yield edge
    finally:
        for connection in sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        edge.wait_until_closed()


def _serve(edge: PlivoEdge, raw: socket.socket, number: int, tls: ssl.SSLContext | None) -> None:
    with (
        suppress(OSError),
        tls.wrap_socket(raw, server_side=True) if tls else raw as connection,
        connection.makefile("rb") as stream,
    ):
        while request := _read(stream, number):
            edge.seen.append(request)
            script = edge.scripts.pop(0) if edge.scripts else send(DONE)
            script(request, connection)


def _read(stream: Any, number: int) -> Seen | None:
    first = stream.readline().decode("utf-8", "replace")
    if first.count(" ") != 2:  # no request: a server hangs up
        return None
    method, target, _ = first.split(" ")
    headers: dict[str, str] = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Seen(method, target, headers, body, number)
