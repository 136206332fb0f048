"""`gavel sandbox`: what it cannot do is said in one line."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner

from cli.commands.sandbox import CannotPlay, CannotServe
from cli.main import gavel


def told(*arguments: str) -> str:
    """What the error says; main() prints it behind `gavel: `."""
    done = CliRunner().invoke(gavel, ["sandbox", *arguments])
    assert isinstance(done.exception, CannotServe), done.exception
    return str(done.exception)


def test_a_switch_that_does_not_exist_is_named() -> None:
    assert "nonsense: no such switch" in told("--switch", "nonsense=1")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in told("--port", str(port))


class Page(BaseHTTPRequestHandler):
    """A web server that is no sandbox."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    do_GET = do_DELETE = do_POST

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def other_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def cannot_play(url: str) -> str:
    done = CliRunner().invoke(gavel, ["sandbox", "play", "quiet-call", "--sandbox", url])
    assert isinstance(done.exception, CannotPlay), done.exception
    return str(done.exception)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no host", "127.0.0.1:1"])
def test_a_sandbox_that_does_not_answer_is_named(url: str) -> None:
    assert f"{url}: start `gavel up`" in cannot_play(url)


def test_what_answers_and_is_no_sandbox_is_named(other_server: str) -> None:
    assert f"what answers at {other_server} is no sandbox" in cannot_play(other_server)
