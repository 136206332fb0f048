"""A TCP server for the doubles: what each connection is for is theirs."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def accepting(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listens on a free port of 127.0.0.1, which it answers. `serve` is called with every
    connection, one after the other, and closes it in its own time."""
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            serve(connection)

    listening = threading.Thread(target=listen)
    listening.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        listening.join()
