"""Requests that go through the proxy of the environment: with urllib3 from end to end.

It sends nothing twice here: no retries are configured.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from workers.plivo.direct import CHUNK, LARGEST_BODY
from workers.plivo.responses import Answer


class ByProxy:
    """Kept connections to a proxy, or through it. Safe for threads."""

    def __init__(self, pools: PoolManager, origin: str, timeout: tuple[float, float]) -> None:
        pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._pools, self._origin = pools, origin
        self._timeout = Timeout(connect=timeout[0], read=timeout[1])
        self._longest = 2 * timeout[1]

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        longest_idle: float,
    ) -> Answer:
        """Send it once and read the answer. Raises HTTPError, OSError or ValueError when there is
        none; `has_begun` tells then whether anything has left."""
        _this_thread.begun = False
        _this_thread.longest_idle = longest_idle
        response = self._pools.urlopen(
            method,
            self._origin + target,
            body=body,
            headers=headers,
            timeout=self._timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        return _read(response, time.monotonic() + self._longest)

    def has_begun(self) -> bool:
        """Has anything left of the request that this thread has sent last?"""
        return _this_thread.begun

    def close(self) -> None:
        self._pools.clear()


class _ThisThread(threading.local):
    """`begun`: has anything of the request left that this thread is sending? `longest_idle`: how
    many seconds the connection for it may have been idle."""

    begun = False
    longest_idle = 0.0


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
            part = response.read1(CHUNK, decode_content=False)
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
