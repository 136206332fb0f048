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
from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict

from workers.conference.errors import PlivoError, Sent
from workers.plivo.connection import Line, Surroundings
from workers.plivo.endpoints import PlannedRequest
from workers.plivo.responses import Answer

FRESH_SECONDS = 1.5
"""Idle time after which a call that must not be repeated gets a new connection. Shorter than the
shortest idle timeout in common use (gunicorn's 2 s)."""

IDLE_SECONDS = 30.0
"""The same for calls that are safe to repeat: half of the usual 60 s of load balancers."""


class Wire:
    """Sends planned requests for one account. Safe for threads: each has its own connection."""

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
        self._base = f"{origin}{parts.path.rstrip('/')}/v1/Account/{auth_id}"
        self._surroundings = Surroundings.of(origin)
        self._timeout = timeout
        self._fresh_seconds = fresh_seconds
        self._headers = _headers(auth_id, auth_token)
        self._secret = auth_token.encode()
        self._local = threading.local()
        self._lines: WeakSet[Line] = WeakSet()
        self._lock = threading.Lock()

    def send(self, planned: PlannedRequest, *, repeatable: bool) -> Answer:
        """Sends it once and reads the answer. Raises PlivoError when there is none."""
        idle = IDLE_SECONDS if repeatable else self._fresh_seconds
        line = self._line()
        try:
            answer = line.send(self._prepared(planned), self._timeout, idle)
        except requests.RequestException as error:
            raise _translated(planned, error, "maybe" if line.begun else "no") from None
        if self._secret in answer.body:  # errors quote bodies, and are logged
            return replace(answer, body=answer.body.replace(self._secret, b"***"))
        return answer

    def close(self) -> None:
        """Closes the kept connections of all threads; they open again when used."""
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.close()

    def _line(self) -> Line:
        line: Line | None = getattr(self._local, "line", None)
        if line is None:
            line = self._local.line = Line(self._surroundings)
            with self._lock:
                self._lines.add(line)
        return line

    def _prepared(self, planned: PlannedRequest) -> PreparedRequest:
        """Built by hand: requests would parse and encode again what is right already."""
        request = PreparedRequest()
        request.method = planned.method
        request.url = self._base + planned.path
        request.headers = self._headers
        if planned.body is not None:
            request.body = json.dumps(planned.body).encode()
            request.headers = self._headers.copy()
            request.headers["Content-Type"] = "application/json"
            request.headers["Content-Length"] = str(len(request.body))
        return request


def _headers(auth_id: str, auth_token: str) -> CaseInsensitiveDict[str]:
    credentials = b64encode(f"{auth_id}:{auth_token}".encode()).decode()
    return CaseInsensitiveDict(
        {
            "Authorization": f"Basic {credentials}",
            "User-Agent": "gavel",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
    )


def _translated(
    planned: PlannedRequest, error: requests.RequestException, sent: Sent
) -> PlivoError:
    happened = "Plivo could not be reached" if sent == "no" else "no answer came"
    cause = _root(error)
    detail = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    reason = type(cause).__name__ + (f", {detail}" if detail else "")
    text = f"{planned.method} {planned.path}: {happened} ({reason})"
    return PlivoError(text, kind="temporary", sent=sent)


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


def _root(error: BaseException) -> BaseException:
    """The cause that says most: the operating system's own, else the innermost."""
    causes = _causes(error)
    return next((one for one in reversed(causes) if isinstance(one, OSError)), causes[-1])
