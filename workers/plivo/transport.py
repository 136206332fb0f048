"""One request over HTTP, its failures translated once.

A kept connection that the server closed: before one is used, it is looked whether the socket is
readable, and a new one opened if so; nothing is lost then. Only when the server closes in the
moment our request is under way do we see a reset, and nobody can know whether the request was read
first. Nothing is sent twice here.
The moment can be avoided: servers close after a fixed idle time, so a call that must not be
repeated only uses a connection that was busy within `FRESH_SECONDS` before.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from http.client import HTTPException
from urllib.parse import urlsplit

from urllib3 import ProxyManager
from urllib3.exceptions import HTTPError

from app.fetching.pools import MOST_CONNECTIONS, pools_of
from workers.conference.errors import PlivoError, Sent
from workers.plivo.by_proxy import ByProxy
from workers.plivo.direct import Direct
from workers.plivo.endpoints import ApiRequest
from workers.plivo.responses import Answer

FRESH_SECONDS = 1.5
"""Idle time after which a call that must not be repeated gets a new connection. Shorter than the
shortest idle timeout in common use (gunicorn's 2 s)."""

IDLE_SECONDS = 30.0
"""The same for calls that are safe to repeat: half of the usual 60 s of load balancers."""


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
        self._base = f"{parts.path.rstrip('/')}/v1/Account/{auth_id}"
        self._fresh_seconds = fresh_seconds
        self._headers = {
            "User-Agent": "gavel",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": "Basic " + b64encode(f"{auth_id}:{auth_token}".encode()).decode(),
        }
        self._secret = auth_token.encode()
        pools = pools_of(origin)
        proxied = isinstance(pools, ProxyManager)
        self._by_proxy = ByProxy(pools, origin, timeout) if proxied else None
        self._direct = Direct(origin, timeout, MOST_CONNECTIONS)
        self._always = _lines({"Host": self._direct.host, **self._headers})

    def send(self, request: ApiRequest, *, repeatable: bool) -> Answer:
        """Send it once and read the answer. Raises PlivoError when there is none."""
        longest_idle = IDLE_SECONDS if repeatable else self._fresh_seconds
        body = None if request.body is None else json.dumps(request.body).encode()
        answer = self._ask(request, body, longest_idle)
        if self._secret in answer.body:  # errors quote bodies, and are logged
            return replace(answer, body=answer.body.replace(self._secret, b"***"))
        return answer

    def close(self) -> None:
        """Close the kept connections; they are opened anew when something is sent after it."""
        self._direct.close()
        if self._by_proxy is not None:
            self._by_proxy.close()

    def _ask(self, request: ApiRequest, body: bytes | None, longest_idle: float) -> Answer:
        if self._by_proxy is not None:
            headers = self._headers if body is None else {**self._headers, **_JSON}
            target = self._base + request.path
            try:
                return self._by_proxy.ask(request.method, target, body, headers, longest_idle)
            except FAILURES as error:
                sent: Sent = "maybe" if self._by_proxy.has_begun() else "no"
                raise _translated(request, error, sent) from None
        try:
            packed = self._packed(request, body)
            line = self._direct.take(longest_idle)
        except FAILURES as error:
            raise _translated(request, error, "no") from None
        try:
            return line.ask(request.method, packed)
        except FAILURES as error:
            raise _translated(request, error, "maybe") from None

    def _packed(self, request: ApiRequest, body: bytes | None) -> bytes:
        """The whole request. Raises ValueError for a target that could not be one line's part."""
        target = self._base + request.path
        if not _TARGET.fullmatch(target):
            raise ValueError("the address has characters that have no place there")
        length = _LENGTH % len(body or b"") if body is not None or request.method == "POST" else ""
        kind = "" if body is None else _lines(_JSON)
        head = f"{request.method} {target} HTTP/1.1\r\n{self._always}{kind}{length}\r\n"
        return head.encode("ascii") + (body or b"")


FAILURES = (HTTPError, HTTPException, OSError, ValueError)

_JSON: Mapping[str, str] = {"Content-Type": "application/json"}
_LENGTH = "Content-Length: %d\r\n"
_TARGET = re.compile("[!-~]+")


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


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
