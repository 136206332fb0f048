"""Requests that are read without gunicorn's parser: what is admitted, gunicorn reads alike."""

import socket
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as some

from app.server.usual_request import usual

HEAD = "POST /plivo/conference HTTP/1.1"
HERE = ("127.0.0.1", 8000)


def request(*lines: str, body: str = "a=1", length: str | None = "3", head: str = HEAD) -> bytes:
    told = [] if length is None else [f"Content-Length: {length}"]
    whole = "".join(f"{line}\r\n" for line in [head, "Host: here", *lines, *told])
    return f"{whole}\r\n{body}".encode("latin-1")


def by_gunicorn(data: bytes) -> tuple[dict[str, Any], bool]:
    """Raises ParseException."""
    config = Config()
    config.set("http_parser", "python")
    config.set("forwarder_headers", "")
    read = next(RequestParser(config, iter((data,)), HERE))
    with socket.socket() as sock:
        _, environ = wsgi.create(read, sock, HERE, HERE, config)
    environ["body"] = environ["wsgi.input"].read()
    return environ, not read.should_close()


def agree(data: bytes) -> bool:
    """Is it usual? Then both read the same."""
    found = usual(data)
    if found is None:
        return False
    ours, keeps = found
    theirs, they_keep = by_gunicorn(data)
    body = ours.pop("wsgi.input").read()
    ours = {name: value for name, value in ours.items() if value or name in theirs}
    assert (body, keeps) == (theirs["body"], they_keep)
    assert ours == {name: theirs[name] for name in ours}
    assert {name for name in theirs if name.startswith("HTTP_")} <= ours.keys()
    return True


@pytest.mark.parametrize(
    "data",
    [
        request(),
        request(body="", length="0"),
        request("X-Plivo-Signature-V3: a=,b=", "X-Plivo-Signature-V3-Nonce:  1 \t"),
        request("Content-Type: application/x-www-form-urlencoded; charset=UTF-8"),
        request("connection: Close"),
        request("Connection: keep-alive", "X-Forwarded-Proto: https"),
        request(head="POST /a/b?c=d%20e&f HTTP/1.1"),
        request(head="POST /a? HTTP/1.1"),
        request("Empty:", "Colon: a:b: c"),
    ],
)
def test_what_is_usual_is_read_as_gunicorn_does(data: bytes) -> None:
    assert agree(data)


@pytest.mark.parametrize(
    "data",
    [
        request(length=None),
        request(length="+3"),
        request(length="4"),
        request(length="2"),  # the next request follows already
        request("Content-Length: 3"),
        request("X: 1", "x: 2"),
        request("Transfer-Encoding: chunked"),
        request("Expect: 100-continue"),
        request("Connection: upgrade"),
        request("Connection: close, keep-alive"),
        request("X_Plivo: 1"),
        request("Space : 1"),
        request("A: folded", " line"),
        request("No colon"),
        request("Accent: \u00e9"),
        request("Control: \x01"),
        request(head="GET /a HTTP/1.1"),
        request(head="POST /a HTTP/1.0"),
        request(head="POST http://here/a HTTP/1.1"),
        request(head="POST /a%20b HTTP/1.1"),
        request(head="POST /a?b#c HTTP/1.1"),
        request(head="POST /a  HTTP/1.1"),
        request(*(f"X-{number}: 1" for number in range(64))),
        request("Long: " + "x" * 8190),
        request().replace(b"\r\n", b"\n"),
        b"",
    ],
)
def test_what_is_not_is_left_to_gunicorn(data: bytes) -> None:
    assert usual(data) is None


@given(
    some.lists(
        some.tuples(
            some.sampled_from(["X-A", "Host", "Connection", "Content-Length", "Expect", "X_A", ""]),
            some.sampled_from([": ", ":", " : ", "\t:\t"]),
            some.sampled_from(["1", "3", "close", "keep-alive", "", "a, b", "\u00e9", "a\r\n b"]),
        ),
        max_size=5,
    ),
    some.text("aA/?&%=#;:. +", max_size=8),
)
def test_nothing_is_admitted_that_gunicorn_reads_otherwise(
    fields: list[tuple[str, str, str]], target: str
) -> None:
    lines = [name + colon + value for name, colon, value in fields]
    data = request(*lines, head=f"POST /{target} HTTP/1.1")
    try:
        agree(data)
    except ParseException:  # what gunicorn refuses is not usual
        assert usual(data) is None
