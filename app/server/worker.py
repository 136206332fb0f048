"""The web server's worker: gunicorn's threaded worker, with a loop that buffers whole requests.

gunicorn's own threaded worker reads a request in the thread that answers it, so a few clients that
send or close slowly block every callback. Here one loop reads all connections without blocking. A
complete request goes to a thread; a connection whose request is not complete in time is closed.
Why no other server: docs/decisions/0014-web-server.md.
"""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from gunicorn.http import get_parser
from gunicorn.util import write_error
from gunicorn.workers.gthread import ThreadWorker

from app.server.connection import Connection
from app.server.express_lane import ExpressLane
from app.server.malformed import HEAD_TOO_LARGE, TOO_MUCH, refused, status_of
from app.server.request_buffer import LARGEST_HEAD, LARGEST_TRANSCRIPT, RequestBuffer, State
from app.web.express import EXPRESS
from app.web.metrics import COUNTS

READ_AT_ONCE = 128 * 1024
ACCEPT_AT_ONCE = 64
LARGE_TOGETHER = 16 * LARGEST_TRANSCRIPT
"""Bytes that all large bodies together may have: anybody may begin to send one."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class WebWorker(ThreadWorker):
    """Reads in the loop and answers in threads. All times are in seconds."""

    request_seconds = 10.0  # from the first byte of a request to its last
    linger_seconds = 2.0  # for the client to close after our last answer
    patience_seconds = 0.1  # for a client without a request while others wait for a place
    drain_seconds = 0.05  # for the rest of a body that nobody read
    sweep_seconds = 0.5  # between two looks for who took too long
    full_seconds = 0.02  # the same while all places are taken

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._open: set[Connection] = set()
        self._swept = 0.0
        self._express: ExpressLane | None = None

    def run(self) -> None:
        express = self.wsgi.extensions[EXPRESS]
        self._express = ExpressLane(self, express) if express.serves else None
        super().run()

    def get_thread_pool(self) -> "Threads":
        return Threads(self.cfg.threads, self._answer)

    def accept(self, listener: Any) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            if self.nr_conns >= self.worker_connections:
                return  # murder_pending makes room
            try:
                sock, client = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            self.nr_conns += 1
            conn = Connection(self.cfg, sock, client, listener.getsockname())
            conn.wait_for(self.request_seconds)
            self._open.add(conn)
            self._receive(conn)

    def _receive(self, conn: Connection, _fileobj: Any = None) -> None:
        """The client sent something, or closed."""
        if conn.busy:  # the next request already: not before this one is answered
            self._ignore(conn)
            return
        try:
            data = conn.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            self._watch(conn)
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
        elif conn.leaving:
            self._watch(conn)
        else:
            if not conn.buffer.data:
                conn.wait_for(self.request_seconds)
            conn.buffer.add(data)
            self._look(conn)

    def _look(self, conn: Connection) -> None:
        state = conn.buffer.state()
        if conn.buffer.is_large and self._too_much():
            self._refused(conn, 503, "large bodies together have more than is kept for them")
            conn.buffer = RequestBuffer()
            with suppress(OSError):
                conn.sock.send(TOO_MUCH)
            self._linger(conn)
        elif state is State.COMPLETE:
            conn.busy = True
            if self._express is None or not self._express.take(conn):
                self.by_thread(conn)
        elif state is State.MORE:
            if conn.buffer.take_expectation():
                with suppress(OSError):
                    conn.sock.send(CONTINUE)
            self._watch(conn)
        else:
            self._refused(conn, 431, f"the head has more than {LARGEST_HEAD // 1024} KiB")
            with suppress(OSError):
                conn.sock.send(HEAD_TOO_LARGE)
            self._linger(conn)

    def _too_much(self) -> bool:
        large = (conn.buffer for conn in self._open if conn.buffer.is_large)
        return sum(len(buffer.data) for buffer in large) > LARGE_TOGETHER

    def _refused(self, conn: Connection, status: int, reason: str) -> None:
        refused(self.wsgi.extensions[COUNTS], conn.buffer.asked(), status, reason, conn.client[0])

    def by_thread(self, conn: Connection) -> None:
        """Have a thread answer the request in this connection's buffer."""
        self.tpool.submit(conn)

    def _answer(self, conn: Connection) -> None:
        """In a thread: answer one request."""
        if conn.parser is None:
            conn.parser = get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(conn.buffer.data))
        conn.sock.asked = conn.buffer.asked()
        conn.buffer = RequestBuffer()
        conn.served = True
        keep = self.handle(conn)
        conn.sock.setblocking(False)
        more = conn.sock.unsent or conn.parser.unreader.buf.tell()
        if more or not keep or not self.alive or not conn.watched:
            self.method_queue.defer(self.answered, conn, keep)
            return
        conn.wait_for(self.cfg.keepalive)
        conn.busy = False
        if not conn.watched:  # the loop looked away meanwhile
            self.method_queue.defer(self._watch, conn)

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Without gunicorn's own 100: it was sent, or the body came or is refused without it."""
        req._expected_100_continue = False
        return bool(super().handle_request(req, conn))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """What is no request is told and counted by us."""
        status = status_of(exc)
        if status is None:
            super().handle_error(req, client, addr, exc)
            return
        refused(self.wsgi.extensions[COUNTS], client.asked, status, exc, addr[0])
        with suppress(OSError):
            write_error(client, int(status), status.phrase, str(exc))

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """May the connection be used again? Not when much of the body was left unread."""
        deadline = time.monotonic() + self.drain_seconds
        return bool(keepalive and conn.parser.finish_body(deadline=deadline))

    def answered(self, conn: Connection, keep: bool) -> None:
        """In the loop: send the rest of the answer, as slowly as the client reads it; then read
        the next request of the connection, or close it."""
        conn.busy = False
        if conn.sock.unsent:
            conn.wait_for(self.request_seconds)
            self._send_on(conn, keep)
        else:
            self._go_on(conn, keep)

    def _send_on(self, conn: Connection, keep: bool, _fileobj: Any = None) -> None:
        self._unwatch(conn)
        try:
            sent = conn.sock.send_on()
        except OSError:
            self._drop(conn)
            return
        if sent:
            self._go_on(conn, keep)
        else:
            self._watch(conn, selectors.EVENT_WRITE, partial(self._send_on, conn, keep))

    def _go_on(self, conn: Connection, keep: bool) -> None:
        if keep:
            conn.wait_for(self.cfg.keepalive if self.alive else self.linger_seconds)
            if conn.parser is not None:
                conn.buffer.add(conn.parser.unreader.take_buffered())
            self._look(conn)
        else:
            self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        """Shut down our side and let the client close: closing at once may lose our answer."""
        conn.leaving = True
        conn.wait_for(self.linger_seconds)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
        else:
            self._watch(conn)

    def _watch(
        self,
        conn: Connection,
        event: int = selectors.EVENT_READ,
        then: Callable[[Any], None] | None = None,
    ) -> None:
        if not conn.watched and not conn.busy and conn in self._open:
            self.poller.register(conn.sock, event, then or partial(self._receive, conn))
            conn.watched = True

    def _unwatch(self, conn: Connection) -> None:
        if conn.watched:
            self.poller.unregister(conn.sock)
            conn.watched = False

    def _ignore(self, conn: Connection) -> None:
        if conn.watched:
            self._unwatch(conn)
            self._watch(conn)  # in case the thread was done just now

    def _drop(self, conn: Connection) -> None:
        self._unwatch(conn)
        if conn in self._open:
            self._open.remove(conn)
            self.nr_conns -= 1
        conn.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """As gunicorn does, but who waits for a place does not wait for the next event."""
        super().wait_for_and_dispatch_events(self.full_seconds if self._is_full() else timeout)
        if self._express is not None:
            self._express.flush()

    def watch_line(self, number: int, then: Callable[[Any], None]) -> None:
        self.poller.register(number, selectors.EVENT_READ, then)

    def unwatch_line(self, number: int) -> None:
        self.poller.unregister(number)

    def later(self, work: Callable[..., None], *arguments: Any) -> None:
        self.method_queue.defer(work, *arguments)

    def _is_full(self) -> bool:
        return bool(self.nr_conns >= self.worker_connections)

    def murder_pending(self) -> None:
        """Close connections that took too long; while all places are taken, those that have been
        without a request for longest, never answered ones first."""
        now, full = time.monotonic(), self._is_full()
        if now - self._swept < (self.full_seconds if full else self.sweep_seconds):
            return
        self._swept = now
        if self._express is not None:
            self._express.sweep()
        idle = [conn for conn in self._open if not conn.busy]
        for conn in idle:
            if conn.timeout <= now:
                self._drop(conn)
        if not self._is_full():
            return
        waiting = [conn for conn in idle if conn.since <= now - self.patience_seconds]
        waiting.sort(key=lambda conn: (conn.served, conn.since))
        for conn in waiting[:ACCEPT_AT_ONCE]:
            self._drop(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        if force:
            for conn in list(self._open):
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: a connection may finish its request until `deadline`."""
        for conn in self._open:
            conn.timeout = min(conn.timeout, deadline)


class Threads:
    """Threads that answer, first come, first served."""

    def __init__(self, count: int, work: Callable[[Connection], None]) -> None:
        self._queue: SimpleQueue[Connection | None] = SimpleQueue()
        self._work = work
        self._threads = [Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, conn: Connection) -> None:
        self._queue.put(conn)

    def shutdown(self, wait: bool = True) -> None:
        for _ in self._threads:
            self._queue.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _run(self) -> None:
        while (conn := self._queue.get()) is not None:
            self._work(conn)
