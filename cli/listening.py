"""Whether the places where Gavel listens are free."""

import errno
import socket

from app.domain.addresses import host_and_port
from app.errors import GavelError
from app.settings import Settings

_OF_THE_PORT = {errno.EADDRINUSE, errno.EACCES}


class CannotListen(GavelError):
    """An address can not be listened on: the message names the setting that decides it."""


def require_free_for_web(settings: Settings) -> None:
    """Raises CannotListen unless HOST and PORT can be listened on."""
    _require_free(settings.host, settings.port, "PORT")


def require_free_for_sandbox(settings: Settings) -> None:
    """Raises CannotListen unless SANDBOX_PORT can be listened on."""
    _require_free("127.0.0.1", settings.sandbox_port, "SANDBOX_PORT")


def _require_free(host: str, port: int, port_setting: str) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        setting = port_setting if error.errno in _OF_THE_PORT else "HOST"
        raise CannotListen(
            f"{host_and_port(host, port)} can not be listened on ({error.strerror}): set {setting}"
        ) from None


def listens(port: int) -> bool:
    """Does somebody take connections on this port of 127.0.0.1?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
