"""Connections that go straight to the API: a request leaves in one piece, and its answer is read.

urllib3 opens a connection: addresses, TLS, certificates. An answer of the usual form is read here,
by two regular expressions that admit nothing else; one of any other form (in chunks, until the end
of the connection, no HTTP at all) is read by `http.client` from the same bytes
(docs/decisions/0202).
"""

import re
import select
import time
import weakref
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection

from app.fetching import tls
from workers.plivo.responses import Answer

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of an answer that are read; a list of 50,000 conferences fits."""

LARGEST_HEAD = 64 * 1024
CHUNK = 64 * 1024

_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) [\t -~]*\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)*)\r\n"
)
_FIELD = re.compile(
    rb"^(content-length|transfer-encoding|connection|retry-after|date):[\t ]*(.*?)[\t ]*\r$",
    re.IGNORECASE | re.MULTILINE,
)
_LENGTH = re.compile(rb"[0-9]{1,7}")
_WITHOUT_BODY = (204, 304)


class Line:
    """One connection, for one request after the other. Not safe for threads. `usable`: the last
    answer was read to its end, and the server keeps the connection."""

    def __init__(
        self, connection: HTTPConnection, read_seconds: float, over: Callable[["Line"], None]
    ) -> None:
        """Connects. `over` is told when a request has its answer, or never will. Raises what
        urllib3 does, and OSError."""
        connection.connect()
        self._over = over
        self._connection = connection
        self._sock: Any = connection.sock
        self._sock.settimeout(read_seconds)
        self._poll = select.poll()
        self._poll.register(self._sock, select.POLLIN)
        self._longest = 2 * read_seconds
        self.used_at = time.monotonic()
        self.usable = True

    def is_quiet(self) -> bool:
        """Nothing has come unasked, which is what the end of a connection looks like, too."""
        return not self._poll.poll(0)

    def ask(self, method: str, packed: bytes) -> Answer:
        """Send a request and read its answer. An answer that breaks off in its body is still one:
        its status has been said. Raises OSError or HTTPException when there is none."""
        self.usable = False
        try:
            return self._answer(method, packed)
        finally:
            self._over(self)

    def close(self) -> None:
        self._connection.close()

    def _answer(self, method: str, packed: bytes) -> Answer:
        self._sock.sendall(packed)
        deadline = time.monotonic() + self._longest
        data, end = b"", -1
        while end < 0 and len(data) < LARGEST_HEAD:
            part = self._sock.recv(CHUNK)
            data += part
            end = data.find(b"\r\n\r\n")
            if not data:
                raise RemoteDisconnected("the server closed the connection without an answer")
            if not part:
                break
            if time.monotonic() > deadline:
                raise TimeoutError
        self.used_at = time.monotonic()
        found = _usual(data[: end + 4])
        if found is None:
            return self._unusual(method, data, deadline)
        status, length, keeps, told = found
        body, whole = self._body(data[end + 4 :], length, deadline)
        self.usable = whole and keeps and len(body) == length
        return Answer(status, body[:length], told.get(b"retry-after"), whole, told.get(b"date"))

    def _body(self, begun: bytes, length: int, deadline: float) -> tuple[bytes, bool]:
        if len(begun) >= length:
            return begun, True
        parts, got = [begun], len(begun)
        try:
            while got < length and time.monotonic() < deadline:
                part = self._sock.recv(CHUNK)
                if not part:
                    break
                parts.append(part)
                got += len(part)
        except OSError:
            pass
        return b"".join(parts), got >= length

    def _unusual(self, method: str, data: bytes, deadline: float) -> Answer:
        source: Any = _Source(self._sock.recv, data)
        response = HTTPResponse(source, method=method)
        response.begin()
        body, whole = b"", False
        try:
            while len(body) <= LARGEST_BODY and time.monotonic() < deadline:
                part = response.read1(CHUNK)
                if not part:
                    whole = not response.length
                    break
                body += part
        except (HTTPException, OSError):
            whole = False
        self.usable = whole and not response.will_close and not source.data
        retry_after, date = response.getheader("Retry-After"), response.getheader("Date")
        return Answer(response.status, body[:LARGEST_BODY], retry_after, whole, date)


def _usual(head: bytes) -> tuple[int, int, bool, dict[bytes, str]] | None:
    """Status, length of the body, whether the connection is kept, and what else was told; None for
    a head that says more than once or otherwise how its body ends."""
    if not (parts := _HEAD.fullmatch(head)):
        return None
    said = [(name.lower(), value) for name, value in _FIELD.findall(parts[2])]
    told = dict(said)
    if len(told) != len(said) or b"transfer-encoding" in told:
        return None
    status = int(parts[1])
    length = told.get(b"content-length", b"0" if status in _WITHOUT_BODY else b"")
    if not _LENGTH.fullmatch(length) or int(length) > LARGEST_BODY:
        return None
    if status in _WITHOUT_BODY and int(length):
        return None
    keeps = told.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    return status, int(length), keeps, {name: value.decode() for name, value in said}


class _Source:
    """What has come and what is still to come, as the file that `http.client` reads."""

    def __init__(self, recv: Callable[[int], bytes], data: bytes) -> None:
        self._recv, self.data = recv, data
        self._ended = False

    def makefile(self, _mode: str) -> "_Source":
        return self

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self.data and len(self.data) < limit and self._more():
            pass
        return self._take(min(self.data.find(b"\n") + 1 or limit, limit))

    def read(self, size: int) -> bytes:
        while len(self.data) < size and self._more():
            pass
        return self._take(size)

    def read1(self, size: int) -> bytes:
        if size and not self.data:
            self._more()
        return self._take(size)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _more(self) -> bool:
        part = b"" if self._ended else self._recv(CHUNK)
        self._ended = not part
        self.data += part
        return bool(part)

    def _take(self, size: int) -> bytes:
        taken, self.data = self.data[:size], self.data[size:]
        return taken


class Direct:
    """Kept connections to one origin. Safe for threads."""

    def __init__(self, origin: str, timeout: tuple[float, float], most: int) -> None:
        parts = urlsplit(origin)
        self._host, self._port = parts.hostname or "", parts.port
        self._context = tls.trusted() if parts.scheme == "https" else None
        self._timeout, self._most = timeout, most
        self._kept: list[Line] = []
        weakref.finalize(self, _close_all, self._kept)
        probe = self._connection()
        host = probe.host if probe.host.isascii() else probe.host.encode("idna").decode()
        host = f"[{host.partition('%')[0]}]" if ":" in host else host
        self.host = host if probe.port == probe.default_port else f"{host}:{probe.port}"

    def take(self, longest_idle: float) -> Line:
        """A connection that was used so lately, or a new one. Raises what `Line` does."""
        try:
            line = self._kept.pop()
        except IndexError:
            return self._new()
        if time.monotonic() - line.used_at <= longest_idle and line.is_quiet():
            return line
        line.close()
        return self._new()

    def close(self) -> None:
        _close_all(self._kept)

    def _give_back(self, line: Line) -> None:
        if line.usable and len(self._kept) < self._most:
            self._kept.append(line)
        else:
            line.close()

    def _new(self) -> Line:
        connection = self._connection()
        try:
            return Line(connection, self._timeout[1], self._give_back)
        except BaseException:
            connection.close()
            raise

    def _connection(self) -> HTTPConnection:
        if self._context is None:
            return HTTPConnection(self._host, self._port, timeout=self._timeout[0])
        return HTTPSConnection(
            self._host, self._port, timeout=self._timeout[0], ssl_context=self._context
        )


def _close_all(kept: list[Line]) -> None:
    while kept:
        kept.pop().close()
