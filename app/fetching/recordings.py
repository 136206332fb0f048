"""Fetching a recording's file: from Plivo with our credentials, from anywhere else without.

A file's address comes from a callback. Plivo's own media host and the host of PLIVO_API_URL are
trusted: they get HTTP Basic (docs/plivo.md 10) and are reached through the environment's proxy. Any
other host is resolved once, checked as that of a webhook is, and reached at the address that was
checked. Redirects are followed by hand: each is such another host, and none gets credentials.
"""

import math
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError

from app.errors import GavelError
from app.fetching import tls
from app.fetching.places import Place, PlaceError, Resolve, resolve
from app.fetching.pools import pools_of

MEDIA_HOST = "media.plivo.com"

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""A file of which nothing comes for so long is given up for now."""

CHUNK = 256 * 1024
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_THERE = frozenset({403, 404})
"""What is answered until a file is there, shortly after the end (docs/plivo.md 10)."""

CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", re.ASCII)

Origin = tuple[str, str, int]


class FetchError(GavelError):
    """The file was not fetched.

    kind: "temporary" (it may be there later) or "permanent". status: the HTTP status, None without
    an answer. retry_after, date: the headers of these names as they
    came.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: Literal["temporary", "permanent"] = "temporary",
        status: int | None = None,
        retry_after: str | None = None,
        date: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: Literal["temporary", "permanent"] = kind
        self.status = status
        self.retry_after, self.date = retry_after, date


@dataclass(frozen=True, slots=True)
class Download:
    """A file, or a part of one, on its way. `length` is what comes, in bytes, None when nobody said
    it; `chunks` raises FetchError when it does not come whole. `first` is where it begins in a file
    of `whole` bytes: 0 and `length` unless it is a part."""

    length: int | None
    chunks: Iterator[bytes]
    first: int = 0
    whole: int | None = None


class RecordingSource:
    """Opens the files of recordings. Keeps connections; safe for threads."""

    def __init__(
        self,
        auth_id: str,
        auth_token: str,
        api_url: str,
        *,
        allow_private: bool,
        resolve: Resolve = resolve,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = math.inf,
    ) -> None:
        """`allow_private`: may files be fetched from private and loopback addresses, too.
        `whole_seconds`: so long a file may take from its first byte on."""
        self._basic = "Basic " + b64encode(f"{auth_id}:{auth_token}".encode()).decode()
        self._trusted = {("https", MEDIA_HOST, 443), _origin(api_url)}
        self._allow_private = allow_private
        self._resolve = resolve
        self._timeout = Timeout(connect=min(CONNECT_SECONDS, read_seconds), read=read_seconds)
        self._whole_seconds = whole_seconds
        self._pools: dict[Origin, Callable[..., BaseHTTPResponse]] = {}

    @contextmanager
    def open(self, url: str, part: str = "") -> Iterator[Download]:
        """The file behind this address; of it a `part`, as the header Range has it, where its host
        serves parts. Raises FetchError; of kind "temporary" with the status 404 or 403 where it may
        only not be there yet, with 416 where it has no such part."""
        answer = self._answer(url, {"Range": part} if part else {})
        try:
            yield _download(answer, _host(url), self._whole_seconds)
        finally:
            answer.close()

    def _answer(self, url: str, part: Mapping[str, str]) -> BaseHTTPResponse:
        own: Mapping[str, str] = {}
        if _origin(url) in self._trusted:
            own = {"Authorization": self._basic}
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(url, {**own, **part})
            if answer.status not in REDIRECTS:
                _judge(answer, _host(url), asked_for_a_part=bool(part))
                return answer
            following = urljoin(url, answer.headers.get("Location", ""))
            answer.drain_conn()
            answer.release_conn()
            if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
                raise _for_good(f"{_host(url)} redirects to an address without TLS")
            url, own = following, {}
        raise _for_good(f"{_host(url)} redirects more than {MOST_REDIRECTS} times")

    def _ask(self, url: str, more: Mapping[str, str]) -> BaseHTTPResponse:
        try:
            place = Place.of(url)
            send = self._pool(url, place)
        except PlaceError as error:
            if error.may_pass:
                raise FetchError(str(error)) from None
            raise _for_good(f"the recording was not fetched: {error}") from None
        headers = {
            "Host": urlsplit(url).netloc.rpartition("@")[2],
            "User-Agent": "gavel",
            "Accept-Encoding": "identity",
            **more,
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
            raise FetchError(said) from None

    def _pool(self, url: str, place: Place) -> Callable[..., BaseHTTPResponse]:
        """What sends to this address. Raises PlaceError where it may not be asked."""
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


def _download(answer: BaseHTTPResponse, host: str, seconds: float) -> Download:
    length = _length(answer)
    first, whole = 0, length
    if answer.status == 206:
        told = CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if told is None:
            raise _for_good(f"{host} sent a part of the recording without saying which")
        first, whole = int(told[1]), int(told[2])
    return Download(length, _chunks(answer, host, seconds), first, whole)


def _chunks(answer: BaseHTTPResponse, host: str, seconds: float) -> Iterator[bytes]:
    until = time.monotonic() + seconds
    try:
        if math.isinf(seconds):
            yield from answer.stream(CHUNK)
        else:
            while part := answer.read1(CHUNK):  # it may drip
                if time.monotonic() > until:
                    raise FetchError(f"{host} sends the recording too slowly")
                yield part
    except HTTPError as error:
        broke = f"{host} broke off before the end of the file ({type(error).__name__})"
        raise FetchError(broke) from None
    answer.release_conn()


def _length(answer: BaseHTTPResponse) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() else None


def _judge(answer: BaseHTTPResponse, host: str, *, asked_for_a_part: bool) -> None:
    status = answer.status
    if status == 200 or (status == 206 and asked_for_a_part):
        return
    answer.close()
    if status == 401:
        raise _for_good(
            f"{host} answered 401: it does not take PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN "
            "for this recording",
            status=status,
        )
    said = f"{host} answered {status} when asked for the recording"
    if status >= 500 or status in NOT_THERE or status in (408, 425, 429):
        wait, date = answer.headers.get("Retry-After"), answer.headers.get("Date")
        raise FetchError(said, status=status, retry_after=wait, date=date)
    raise _for_good(said, status)


def _for_good(message: str, status: int | None = None) -> FetchError:
    return FetchError(message, kind="permanent", status=status)


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
