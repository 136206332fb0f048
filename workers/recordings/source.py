"""Fetching a recording's file: from Plivo with our credentials, from anywhere else without.

A file's address comes from a callback. Plivo's own media host and the host of PLIVO_API_URL are
trusted: they get HTTP Basic (docs/plivo.md 10) and are reached through the environment's proxy. Any
other host is resolved once, checked as that of a webhook is, and reached at the address that was
checked. Redirects are followed by hand: each is such another host, and none gets credentials.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError

from workers import tls
from workers.conference.errors import ArchiveError, WebhookError
from workers.plivo.responses import retry_after_seconds
from workers.plivo.transport import pools_of
from workers.webhooks.ssrf_guard import Place, Resolve, resolve

MEDIA_HOST = "media.plivo.com"

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""A file of which nothing comes for so long is given up for now."""

CHUNK = 256 * 1024
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_THERE = frozenset({403, 404})
"""What is answered until a file is there, shortly after the end (docs/plivo.md 10)."""

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way. `length` in bytes, None when nobody said it; `chunks` raises ArchiveError
    when it does not come whole."""

    length: int | None
    chunks: Iterator[bytes]


class RecordingSource:
    """Opens the files of recordings. Keeps connections; for one thread."""

    def __init__(
        self,
        auth_id: str,
        auth_token: str,
        api_url: str,
        *,
        allow_private: bool,
        resolve: Resolve = resolve,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """`allow_private`: may files be fetched from private and loopback addresses, too."""
        self._basic = "Basic " + b64encode(f"{auth_id}:{auth_token}".encode()).decode()
        self._trusted = {("https", MEDIA_HOST, 443), _origin(api_url)}
        self._allow_private = allow_private
        self._resolve = resolve
        self._timeout = Timeout(connect=CONNECT_SECONDS, read=read_seconds)
        self._pools: dict[Origin, Callable[..., BaseHTTPResponse]] = {}

    @contextmanager
    def open(self, url: str) -> Iterator[Download]:
        """The file behind this address. Raises ArchiveError; of kind "temporary" with the status
        404 or 403 where it may only not be there yet."""
        answer = self._answer(url)
        try:
            yield Download(_length(answer), _chunks(answer, _host(url)))
        finally:
            answer.close()

    def _answer(self, url: str) -> BaseHTTPResponse:
        credentials: Mapping[str, str] = {}
        if _origin(url) in self._trusted:
            credentials = {"Authorization": self._basic}
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(url, credentials)
            if answer.status not in REDIRECTS:
                _judge(answer, _host(url))
                return answer
            following = urljoin(url, answer.headers.get("Location", ""))
            answer.drain_conn()
            answer.release_conn()
            if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
                raise ArchiveError.for_good(f"{_host(url)} redirects to an address without TLS")
            url, credentials = following, {}
        raise ArchiveError.for_good(f"{_host(url)} redirects more than {MOST_REDIRECTS} times")

    def _ask(self, url: str, credentials: Mapping[str, str]) -> BaseHTTPResponse:
        try:
            place = Place.of(url)
            send = self._pool(url, place)
        except WebhookError as error:
            said = str(error).replace("the webhook was not sent", "the recording was not fetched")
            raise ArchiveError(said, kind=error.kind, sent="no") from None
        headers = {
            "Host": urlsplit(url).netloc.rpartition("@")[2],
            "User-Agent": "gavel",
            "Accept-Encoding": "identity",
            **credentials,
        }
        target = url if _origin(url) in self._trusted else place.target
        try:
            return send(
                "GET",
                target,
                headers=headers,
                preload_content=False,
                redirect=False,
                retries=False,
                assert_same_host=False,
                timeout=self._timeout,
            )
        except HTTPError as error:
            said = f"{place.host} gave no answer ({type(error).__name__})"
            raise ArchiveError.for_now(said) from None

    def _pool(self, url: str, place: Place) -> Callable[..., BaseHTTPResponse]:
        """What sends to this address. Raises WebhookError where it may not be asked."""
        origin = _origin(url)
        if origin in self._trusted:
            if origin not in self._pools:
                self._pools[origin] = pools_of(f"{origin[0]}://{origin[1]}:{origin[2]}").urlopen
            return self._pools[origin]
        address = place.addresses(self._resolve, allow_private=self._allow_private)[0]
        if not place.secure:
            return HTTPConnectionPool(address, place.port).urlopen
        return HTTPSConnectionPool(
            address,
            place.port,
            server_hostname=place.host,
            assert_hostname=place.host,
            ssl_context=tls.trusted(),
        ).urlopen


def _chunks(answer: BaseHTTPResponse, host: str) -> Iterator[bytes]:
    try:
        yield from answer.stream(CHUNK)
    except HTTPError as error:
        broke = f"{host} broke off before the end of the file ({type(error).__name__})"
        raise ArchiveError.for_now(broke) from None
    answer.release_conn()


def _length(answer: BaseHTTPResponse) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() else None


def _judge(answer: BaseHTTPResponse, host: str) -> None:
    status = answer.status
    if status == 200:
        return
    asked: Any = retry_after_seconds(answer.headers.get("Retry-After"), datetime.now(UTC))
    answer.close()
    if status == 401:
        raise ArchiveError.for_good(
            f"{host} answered 401: it does not take PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN "
            "for this recording",
            status=status,
        )
    said = f"{host} answered {status} when asked for the recording"
    if status >= 500 or status in NOT_THERE or status in (408, 425, 429):
        raise ArchiveError.for_now(said, status=status, after=asked)
    raise ArchiveError.for_good(said, status=status)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the recording's host"


def _origin(url: str) -> Origin:
    """Scheme, host and port; of an address that can not be read, no origin."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port
