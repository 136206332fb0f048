"""One thread's keep-alive connection to one origin: requests, minus what is the same every time.

`requests` parses the URL four times a call, looks up proxies, CA bundle and `.netrc`, and keeps
cookies. Here the origin never changes, so its pool is found once; names are encoded already, so
the path goes out as it was planned; there are no cookies and no redirects. How much that saves is
in docs/decisions/0041.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from workers.plivo.responses import Answer

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of an answer that are read; a list of 50,000 conferences fits."""

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the environment says about reaching `origin`, by requests' own rules (HTTPS_PROXY,
    NO_PROXY, REQUESTS_CA_BUNDLE, …), and the TLS context made from it: loading the CA bundle
    takes some 20 ms, so all threads share it."""

    origin: str
    proxies: Mapping[str, str]
    context: ssl.SSLContext | None

    @classmethod
    def of(cls, origin: str) -> "Surroundings":
        with requests.Session() as session:
            found = session.merge_environment_settings(origin + "/", {}, True, None, None)
        secure = origin.startswith("https:")
        return cls(origin, dict(found["proxies"]), _context(found["verify"]) if secure else None)


class Line:
    """A session with one connection. For one thread."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._proxies = dict(surroundings.proxies)
        self._session = requests.Session()
        self._adapter = _Adapter(surroundings)
        self._session.mount(surroundings.origin, self._adapter)
        self._used_at = time.monotonic()

    def send(self, request: PreparedRequest, timeout: tuple[float, float], idle: float) -> Answer:
        """Sends it once, never on a connection that was idle for more than `idle` seconds, and
        reads the answer, for at most twice the read timeout. Raises requests' errors; `begun`
        then says whether anything of the request can have left."""
        self._adapter.begun = False
        if time.monotonic() - self._used_at > idle:
            self._adapter.close()
        try:
            response = self._adapter.send(
                request, stream=True, timeout=timeout, verify=True, proxies=self._proxies
            )
            return _read(response, deadline=time.monotonic() + 2 * timeout[1])
        finally:
            self._used_at = time.monotonic()

    @property
    def begun(self) -> bool:
        """Was anything of the last request sent? Not before the connection stands, TLS and a
        proxy's tunnel included."""
        return self._adapter.begun

    def close(self) -> None:
        self._session.close()


class _Adapter(HTTPAdapter):
    """HTTPAdapter for one origin."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._context = surroundings.context
        self._direct = not surroundings.proxies
        self._pool: ConnectionPool | None = None
        self.begun = False
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        if self._context is not None:
            pool_kwargs["ssl_context"] = self._context
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        if self._context is not None:
            proxy_kwargs["ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **proxy_kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context holds the CA bundle already and verifies always."""

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> ConnectionPool:
        if self._pool is None:
            pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
            pool.ConnectionCls = _watched(pool.ConnectionCls, self)
            self._pool = pool
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        if self._direct:
            url = str(request.url)
            return url[url.index("/", 8) :]  # 8: behind "https://"
        return super().request_url(request, proxies)

    def close(self) -> None:
        self._pool = None
        super().close()


def _watched(kind: type[HTTPConnection], adapter: _Adapter) -> type[HTTPConnection]:
    """The pool's kind of connection, which notes when a request begins to leave."""

    def connect(self: Any) -> None:
        try:
            kind.connect(self)
        finally:
            adapter.begun = False  # a proxy was asked for a tunnel, no more

    def send(self: Any, data: Any) -> None:
        if self.sock is None:
            self.connect()
        adapter.begun = True
        kind.send(self, data)

    return type("Watched", (kind,), {"connect": connect, "send": send})


def _context(verify: bool | str | None) -> ssl.SSLContext:
    bundle = Path(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
    context = create_urllib3_context()
    if bundle.is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context


def _read(response: requests.Response, deadline: float) -> Answer:
    """The answer, as much of its body as is allowed and comes in time. An answer that breaks off
    is still one: its status has been said."""
    body, whole = b"", False
    try:
        while len(body) <= LARGEST_BODY and time.monotonic() < deadline:
            part = response.raw.read1(_CHUNK, decode_content=False)
            if not part:
                whole = True
                break
            body += part
    except (HTTPError, OSError):
        whole = False
    if not whole:
        response.close()
    retry_after = response.headers.get("Retry-After")
    return Answer(response.status_code, body[:LARGEST_BODY], retry_after, whole)
