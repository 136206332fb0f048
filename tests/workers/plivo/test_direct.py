"""Answers over connections that go straight to the API: what is read, and which are used again.

What `http.client` makes of the same bytes is the standard; no byte may be read that belongs to
another answer.
"""

import socket
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.doubles import plivo_edge as script
from tests.doubles.plivo_edge import PlivoEdge, Seen, plivo_edge
from tests.workers.plivo.builders import AUTH_ID, AUTH_TOKEN
from workers.conference.errors import PlivoError
from workers.plivo.endpoints import ApiRequest
from workers.plivo.responses import Answer
from workers.plivo.transport import Transport

OK = "HTTP/1.1 200 OK\r\n"
REQUEST = ApiRequest("POST", "/Conference/a/Member/all/Mute/")


def transport(url: str, read: float = 5.0) -> Transport:
    return Transport(url, AUTH_ID, AUTH_TOKEN, (1.0, read), 1.5)


def asked(edge: PlivoEdge, *answers: bytes) -> tuple[Answer, int]:
    """The first answer, and over how many connections it and the next one came."""
    edge.answers(*answers)
    line = transport(edge.url)
    found = line.send(REQUEST, repeatable=True)
    line.send(REQUEST, repeatable=True)
    line.close()
    return found, edge.connections


@pytest.mark.parametrize(
    ("told", "status", "body", "connections"),
    [
        (f"{OK}Content-Length: 2\r\n\r\nhi", 200, b"hi", 1),
        (f"{OK}content-length:2\r\nConnection: Keep-Alive\r\n\r\nhi", 200, b"hi", 1),
        (f"{OK}Content-Length: 2\r\nConnection: close\r\n\r\nhi", 200, b"hi", 2),
        (f"{OK}Content-Length: 2\r\n\r\nhi and more", 200, b"hi", 2),
        (f"{OK}Content-Length: 2\r\nContent-Length: 9\r\n\r\nhi", 200, b"hi", 1),
        (f"{OK}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, b"", 1),
        (f"{OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n", 200, b"hi", 1),
        (f"{OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n{OK}", 200, b"hi", 2),
        (f"{OK}A: folded\r\n Content-Length: 9\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", 1),
        (f"{OK}Content-Length: 2\r\nA: caf\u00e9\r\n\r\nhi", 200, b"hi", 1),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, b"", 1),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, b"", 1),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi", 204, b"", 2),
        ("HTTP/1.1 304\r\n\r\n", 304, b"", 1),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", 2),
        (f"HTTP/1.1 100 Continue\r\n\r\n{OK}Content-Length: 2\r\n\r\nhi", 200, b"hi", 1),
    ],
)
def test_a_connection_is_used_again_when_its_answer_has_ended(
    edge: PlivoEdge, told: str, status: int, body: bytes, connections: int
) -> None:
    found, used = asked(edge, told.encode("latin-1"))
    assert (found.status, found.body, found.whole, used) == (status, body, True, connections)


@pytest.mark.parametrize(
    "end", ["", "Content-Length: x\r\n", "Content-Length: -1\r\n", "Connection: close\r\n"]
)
def test_without_a_length_the_end_of_the_connection_ends_the_answer(
    edge: PlivoEdge, end: str
) -> None:
    edge.scripts.append(script.send_and_close(f"{OK}{end}\r\nto the end".encode()))
    found = transport(edge.url).send(REQUEST, repeatable=True)
    assert (found.body, found.whole) == (b"to the end", True)


@pytest.mark.parametrize(
    "told",
    [
        f"{OK}Content-Length: 9\r\n\r\nhi",
        f"{OK}Content-Length: 99999999\r\n\r\nhi",
        f"{OK}Transfer-Encoding: chunked\r\n\r\n9\r\nhi",
        f"{OK}Transfer-Encoding: chunked\r\n\r\nno number\r\nhi",
    ],
)
def test_an_answer_that_breaks_off_is_not_whole(edge: PlivoEdge, told: str) -> None:
    edge.scripts.append(script.send_and_close(told.encode()))
    found, used = asked(edge)
    assert (found.status, found.whole, used) == (200, False, 2)


@pytest.mark.parametrize("told", ["", "HTTP/1.1", OK, f"{OK}Content-Len", f"X{OK}\r\n"])
def test_half_a_head_is_no_answer(edge: PlivoEdge, told: str) -> None:
    edge.scripts.append(script.send_and_close(told.encode()))
    line = transport(edge.url)
    if told in (OK, f"{OK}Content-Len"):  # `http.client` takes the end for the end of the head
        assert line.send(REQUEST, repeatable=True).status == 200
    else:
        with pytest.raises(PlivoError) as failed:
            line.send(REQUEST, repeatable=True)
        assert (failed.value.kind, failed.value.sent) == ("temporary", "maybe")


def test_what_else_the_head_tells_is_kept(edge: PlivoEdge) -> None:
    head = f"{OK}retry-after:  7 \r\nDATE: Tue, 01 Dec 2026 10:00:00 GMT\r\nContent-Length: 0\r\n"
    found, _ = asked(edge, f"{head}\r\n".encode())
    assert (found.retry_after, found.date) == ("7", "Tue, 01 Dec 2026 10:00:00 GMT")


def test_what_comes_unasked_is_no_answer_to_the_next_request(edge: PlivoEdge) -> None:
    sent = threading.Event()

    def answer_and_more(seen: Seen, connection: socket.socket) -> None:
        connection.sendall(f"{OK}Content-Length: 2\r\n\r\nhi".encode())
        answered.wait()
        connection.sendall(f"{OK}Content-Length: 5\r\n\r\nwrong".encode())
        sent.set()

    answered = threading.Event()
    edge.scripts += [answer_and_more, script.send(f"{OK}Content-Length: 5\r\n\r\nright".encode())]
    line = transport(edge.url)
    line.send(REQUEST, repeatable=True)
    answered.set()
    sent.wait()
    assert line.send(REQUEST, repeatable=True).body == b"right"
    line.close()


def test_a_head_that_never_ends_is_given_up(edge: PlivoEdge) -> None:
    def endless(seen: Seen, connection: socket.socket) -> None:
        while True:  # until the client closes
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 65_536)

    edge.scripts.append(endless)
    with pytest.raises(PlivoError) as failed:
        transport(edge.url).send(REQUEST, repeatable=True)
    assert failed.value.sent == "maybe"


def test_a_request_is_one_piece(edge: PlivoEdge) -> None:
    line = transport(edge.url)
    speak = ApiRequest("POST", "/Conference/a/Member/1/Speak/", {"text": "héllo"})
    line.send(speak, repeatable=False)
    line.send(REQUEST, repeatable=True)
    line.send(ApiRequest("GET", "/Conference/"), repeatable=True)
    line.close()
    first, second, third = edge.seen
    assert first.json() == {"text": "héllo"}
    assert first.headers["content-type"] == "application/json"
    assert first.headers["host"] == edge.url.removeprefix("http://")
    assert second.headers["content-length"] == "0"
    assert "content-length" not in third.headers


@pytest.mark.parametrize("path", ["/a b", "/a\r\nHost: elsewhere", "/a\u00e9"])
def test_an_address_that_would_be_more_than_one_is_not_sent(edge: PlivoEdge, path: str) -> None:
    with pytest.raises(PlivoError) as failed:
        transport(edge.url).send(ApiRequest("GET", path), repeatable=True)
    assert (failed.value.sent, edge.connections) == ("no", 0)


@settings(max_examples=25)
@given(some.lists(some.integers(1, 80), max_size=3), some.sampled_from(["length", "chunked"]))
def test_an_answer_may_come_in_any_pieces(cuts: list[int], how: str) -> None:
    framed = "Content-Length: 5\r\n\r\nhello"
    if how == "chunked":
        framed = "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    told = f"{OK}Date: today\r\n{framed}".encode()
    bounds = [0, *sorted(min(cut, len(told)) for cut in cuts), len(told)]

    def in_pieces(seen: Seen, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin, end in pairwise(bounds):
            connection.sendall(told[begin:end])

    with plivo_edge() as edge:
        edge.scripts.append(in_pieces)
        found, used = asked(edge)
    assert (found.body, found.whole, used) == (b"hello", True, 1)
