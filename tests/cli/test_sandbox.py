"""`gavel sandbox`: what it cannot do is said in one line."""

import socket

from click.testing import CliRunner

from cli.commands.sandbox import CannotServe
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
