"""The express lane of the web server: callbacks that the loop answers itself, without a thread.

A callback that waits for a thread waits for the interpreter, too, and for the threads before it; in
the loop, all that have come are stored together, in one round trip. What is not a callback of the
usual kind, and what could not be stored at once, goes to a thread as ever.
"""

from functools import partial
from typing import Any, Protocol

from gunicorn.util import http_date

from app.server.connection import Connection
from app.server.line import Line, Loop
from app.server.request_buffer import RequestBuffer
from app.server.usual_request import usual
from app.web.express import SCRIPT, Begun, Expresses

TOGETHER = 16
"""So many leave at once, without the rest of the round: the first of a burst need not wait for all
to be read."""


class Worker(Loop, Protocol):
    """What the lane needs of the web server's worker."""

    cfg: Any
    alive: bool

    def by_thread(self, conn: Connection) -> None:
        """Have a thread answer the request in this connection's buffer."""

    def answered(self, conn: Connection, keep: bool) -> None:
        """The answer was sent, but for what is unsent."""


class ExpressLane:
    """In the loop alone."""

    def __init__(self, worker: Worker, express: Expresses) -> None:
        self._worker, self._express = worker, express
        self._line = Line(express.redis, SCRIPT, worker, spaces=express.spaces)
        self._line.open()
        self._asked = 0

    def take(self, conn: Connection) -> bool:
        """Answer this complete request as soon as it is stored; False: a thread shall."""
        if not self._line.is_open:
            return False
        if conn.buffer.is_large:  # it would keep all others waiting
            return False
        found = usual(conn.buffer.data)
        express = self._express.of(found[0]) if found is not None else None
        begun = express.begin(found[0]) if found is not None and express is not None else None
        if found is None or begun is None:
            return False
        keep = self._worker.alive and found[1]
        then = partial(self._stored, conn, begun, keep)
        self._line.ask(begun.arguments(), then, begun.by.tagging)
        self._asked += 1
        if self._asked >= TOGETHER:
            self.flush()
        return True

    def flush(self) -> None:
        """A round of the loop is over."""
        if self._asked:
            self._asked = 0
            self._line.flush()

    def sweep(self) -> None:
        self._line.sweep()

    def _stored(self, conn: Connection, begun: Begun, keep: bool, stored: Any) -> None:
        body = begun.by.end(begun, stored)
        if body is None:
            self._worker.by_thread(conn)
            return
        conn.buffer = RequestBuffer()
        conn.served = True
        head = (
            f"HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: {http_date()}\r\n"
            f"Connection: {'keep-alive' if keep else 'close'}\r\n"
            f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            conn.sock.sendall(head.encode() + body)
        except OSError:
            keep = False
        self._worker.answered(conn, keep)
