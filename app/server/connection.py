"""One client of the web server, and its socket that waits for nobody."""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn

from app.server.request_buffer import RequestBuffer


class BufferedSocket(socket.socket):
    """A socket that never waits, for a thread: what the client does not take at once is `unsent`,
    for the loop to send.

    The request is complete, so only a malformed one, or gunicorn discarding an unread body, reads
    on: that raises TimeoutError, and gunicorn then does not use the connection again.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.unsent = b""
        self.asked = ("", "")  # method and path of the request at which a thread is at work
        self.answering = False  # is a thread at work on it?

    def setblocking(self, flag: bool) -> None:
        self.answering = flag
        super().setblocking(False)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        if self.answering:
            raise TimeoutError("what has not come yet is not waited for")
        return super().recv(bufsize, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send what the client takes now. One answer is all that can be left: the next request of
        a connection is not looked at before."""
        self.unsent += bytes(data)
        self.send_on()

    def send_on(self) -> bool:
        """Send what is unsent, as much as the client takes now; says whether that was all."""
        with suppress(BlockingIOError):
            while self.unsent:
                self.unsent = self.unsent[self.send(self.unsent) :]
        return not self.unsent


class Connection(TConn):
    """One client. `timeout` is the moment when we stop to wait for it."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        buffered = BufferedSocket(sock.family, sock.type, sock.proto, fileno=sock.detach())
        super().__init__(cfg, buffered, client, server)
        self.since = time.monotonic()
        self.data_ready = True  # it is, whenever a thread sees this connection
        self.buffer = RequestBuffer()
        self.watched = False  # does the loop look at it?
        self.busy = False  # is a thread at work on it?
        self.served = False  # was a request of it answered?
        self.leaving = False  # do we only wait for the other side to close?

    def wait_for(self, seconds: float) -> None:
        """Give the client this many seconds from now on."""
        self.since = time.monotonic()
        self.timeout = self.since + seconds
