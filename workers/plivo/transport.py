"""One request over HTTP, its failures translated once.

What urllib3 does with a kept connection that the server closed: before it uses one, it looks
whether the socket is readable, and opens a new one if so; nothing is lost then. Only when the
server closes in the moment our request is under way do we see a reset, and nobody can know whether
the request was read first. urllib3 sends nothing twice here (no retries are configured), nor do we.
The moment can be avoided: servers close after a fixed idle time, so a call that must not be
repeated only uses a connection that was busy within `FRESH_SECONDS` before.
"""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from app.fetching.pools import pools_of
from workers.conference.errors import PlivoError, Sent
from workers.plivo.endpoints import ApiRequest
from workers.plivo.responses import Answer

FRESH_SECONDS = 1.5
"""Idle time after which a call that must not be repeated gets a new connection. Shorter than the
shortest idle timeout in common use (gunicorn's 2 s)."""

IDLE_SECONDS = 30.0
"""The same for calls that are safe to repeat: half of the usual 60 s of load balancers."""

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of an answer that are read; a list of 50,000 conferences fits."""

_CHUNK = 64 * 1024


class Transport:
    """Sends requests for one account over kept connections. Safe for threads."""

    def __init__(
        self,
        url: str,
        auth_id: str,
        auth_token: str,
        timeout: tuple[float, float],
        fresh_seconds: float,
    ) -> None:
        """`timeout`: seconds to connect, and to wait for each part of the answer; the whole
        answer may take twice the latter. Reads the proxies of the environment, once."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("PLIVO_API_URL must be an http or https URL with a host")
        origin = f"{parts.scheme}://{parts.netloc}"
        self._pools = pools_of(origin)
        self._pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._base = f"{parts.path.rstrip('/')}/v1/Account/{auth_id}"
        self._open: Callable[..., BaseHTTPResponse]
        self._open = self._pools.connection_from_url(origin).urlopen
        if isinstance(self._pools, ProxyManager):  # it may want whole addresses
            self._base, self._open = origin + self._base, self._pools.urlopen
        self._timeout = Timeout(connect=timeout[0], read=timeout[1])
        self._longest = 2 * timeout[1]
        self._fresh_seconds = fresh_seconds
        self._headers = {
            "User-Agent": "gavel",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": "Basic " + b64encode(f"{auth_id}:{auth_token}".encode()).decode(),
        }
        self._secret = auth_token.encode()

    def send(self, request: ApiRequest, *, repeatable: bool) -> Answer:
        """Send it once and read the answer. Raises PlivoError when there is none."""
        _this_thread.begun = False
        _this_thread.longest_idle = IDLE_SECONDS if repeatable else self._fresh_seconds
        body = None if request.body is None else json.dumps(request.body).encode()
        headers = self._headers if body is None else {**self._headers, **_JSON}
        try:
            response = self._open(
                request.method,
                self._base + request.path,
                body=body,
                headers=headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer = _read(response, time.monotonic() + self._longest)
        except (HTTPError, OSError, ValueError) as error:
            sent: Sent = "maybe" if _this_thread.begun else "no"
            raise _translated(request, error, sent) from None
        if self._secret in answer.body:  # errors quote bodies, and are logged
            return replace(answer, body=answer.body.replace(self._secret, b"***"))
        return answer

    def close(self) -> None:
        """Close the kept connections; nothing can be sent after it."""
        self._pools.clear()


_JSON: Mapping[str, str] = {"Content-Type": "application/json"}


class _ThisThread(threading.local):
    """`begun`: has anything of the request left that this thread is sending? `longest_idle`: how
    many seconds the connection for it may have been idle."""

    begun = False
    longest_idle = IDLE_SECONDS


_this_thread = _ThisThread()


class _Connection(HTTPConnection):
    """Notes when a request begins to leave, and is gone when it was idle for too long."""

    used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Asked before a kept connection is used again."""
        idle = time.monotonic() - self.used_at
        return idle <= _this_thread.longest_idle and super().is_connected

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            _this_thread.begun = False  # a proxy was asked for a tunnel, no more
            self.used_at = time.monotonic()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _this_thread.begun = True
        super().send(data)

    def getresponse(self) -> Any:
        response = super().getresponse()
        self.used_at = time.monotonic()
        return response


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _read(response: BaseHTTPResponse, deadline: float) -> Answer:
    """The answer, as much of its body as is allowed and comes in time. An answer that breaks off
    is still one: its status has been said."""
    body, whole = b"", False
    try:
        while len(body) <= LARGEST_BODY and time.monotonic() < deadline:
            part = response.read1(_CHUNK, decode_content=False)
            if not part:
                whole = True
                break
            body += part
    except (HTTPError, OSError):
        whole = False
    if whole:
        response.release_conn()
    else:
        response.close()
    retry_after, date = response.headers.get("Retry-After"), response.headers.get("Date")
    return Answer(response.status, body[:LARGEST_BODY], retry_after, whole, date)


def _translated(request: ApiRequest, error: Exception, sent: Sent) -> PlivoError:
    happened = "Plivo could not be reached" if sent == "no" else "no answer came"
    cause = _root(error)
    detail = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    reason = type(cause).__name__ + (f", {detail}" if detail else "")
    text = f"{request.method} {request.path}: {happened} ({reason})"
    return PlivoError(text, kind="temporary", sent=sent)


def _root(error: BaseException) -> BaseException:
    """The cause that says most: the operating system's own, else the innermost."""
    causes = _causes(error)
    return next((one for one in reversed(causes) if isinstance(one, OSError)), causes[-1])


def _causes(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from, and what it carries, outermost first."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or one in found:
            continue
        found.append(one)
        waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
    return found
