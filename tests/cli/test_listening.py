"""Who can not listen is told the setting that is wrong."""

import socket
from dataclasses import replace

import pytest

from app.settings import Settings
from cli.listening import CannotListen, require_free_for_sandbox, require_free_for_web

FREE = Settings(port=0, sandbox_port=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_is_taken_is_a_matter_of_the_port(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"{host}:{port} .*: set PORT$"):
            require_free_for_web(replace(FREE, host=host, port=port))
        with pytest.raises(CannotListen, match=r"set SANDBOX_PORT$"):
            require_free_for_sandbox(replace(FREE, sandbox_port=port))


@pytest.mark.parametrize("host", ["192.0.2.7", "no-such-host.invalid", "2001:db8::7"])
def test_an_address_that_is_not_ours_is_a_matter_of_the_host(host: str) -> None:
    with pytest.raises(CannotListen, match=r"set HOST$"):
        require_free_for_web(replace(FREE, host=host))


def test_what_is_free_is_free() -> None:
    require_free_for_web(FREE)
    require_free_for_sandbox(FREE)
