"""A line between Gavel and Redis that can be cut, shut for a while, or slow: a TCP relay."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.doubles.accepting import accepting

CHUNK = 1 << 20


@dataclass
class RedisLine:
    """`lose` answers of so many requests that hold `marker`: they are carried out, but the
    connection is cut in place of the answer. `delay` holds such answers back, in seconds. While
    `shut`, nobody gets through, and whoever was connected is cut off. `lost` and `refused`
    count. `watch` is told of every request, and of the port it comes from, before Redis is."""

    port: int = 0
    marker: bytes = b""
    lose: int = 0
    delay: float = 0.0
    shut: bool = False
    lost: int = 0
    refused: int = 0
    refusals: int = 0
    watch: Callable[[bytes, int], None] = lambda _request, _port: None
    _sockets: list[socket.socket] = field(default_factory=list)

    def shut_for(self, refusals: int) -> None:
        """Cut everybody off now, and let them in again after so many tried in vain."""
        self.shut, self.refusals = True, refusals
        for one in list(self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def refuse(self, client: socket.socket) -> None:
        client.close()
        self.refused += 1
        if self.refused == self.refusals:
            self.shut = False

    def relay(self, client: socket.socket, server: socket.socket) -> None:
        """Requests on the one thread that asks and waits; Redis answers one after the other."""
        with client, server, suppress(OSError):
            _, port = client.getpeername()
            while request := client.recv(CHUNK):
                if self.shut:
                    return
                self.watch(request, port)
                server.sendall(request)
                reply = server.recv(CHUNK)
                marked = bool(self.marker) and self.marker in request
                if marked and self.lose > 0:
                    self.lose -= 1
                    self.lost += 1
                    return
                if marked:
                    time.sleep(self.delay)
                client.sendall(reply)


@contextmanager
def redis_line(host: str, port: int) -> Iterator[RedisLine]:
    """The relay on a free port of 127.0.0.1, to the Redis there."""
    line = RedisLine()
    threads: list[threading.Thread] = []

    def connect(client: socket.socket) -> None:
        if line.shut:
            line.refuse(client)
            return
        server = socket.create_connection((host, port))
        line._sockets += [client, server]
        threads.append(threading.Thread(target=line.relay, args=(client, server)))
        threads[-1].start()

    try:
        with accepting(connect) as line.port:
            yield line
    finally:
        for one in line._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
