"""An address that stays while what is behind it moves, as a DNS name or a proxy does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.doubles.accepting import accepting

CHUNK = 1 << 16


@dataclass
class MovingName:
    """New connections go to `behind`; those that stand stay where they are."""

    behind: int
    port: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def connect(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.behind))
        self._sockets += [client, server]
        for pair in ((client, server), (server, client)):
            self._threads.append(threading.Thread(target=_pump, args=pair))
            self._threads[-1].start()

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def moving_name(behind: int) -> Iterator[MovingName]:
    """The relay on a free port of 127.0.0.1."""
    name = MovingName(behind)
    try:
        with accepting(name.connect) as name.port:
            yield name
    finally:
        name.close()
