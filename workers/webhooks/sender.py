"""Webhooks: tell another system, signed as standardwebhooks.com says.

`webhook-id` is made from the call's id and the same in every attempt, so a receiver can drop what
it has. Redirects are not followed, answers are read for their status only unless a step asks for
more, and the environment's proxies are not used: a proxy would resolve the name again, behind our
check.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.call import Call
from app.fetching import tls
from app.fetching.places import Place, Resolve, resolve
from app.settings import named_secret
from workers.conference.errors import WebhookError
from workers.plivo.responses import answered_at
from workers.webhooks.response import LARGEST, judge, response_of
from workers.webhooks.ssrf_guard import addresses_of, headers_of, place_of

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
WHOLE_SECONDS = 20.0
"""However slowly an answer drips, it is cut off then."""

SHORTEST_SECONDS = 0.5
"""So long an answer is waited for, however little time is left."""

LARGEST_ANSWER = 64 * 1024


class WebhookSender:
    """Sends webhooks. For all threads; each message has a connection of its own."""

    def __init__(
        self,
        *,
        allow_private: bool,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
        resolve: Resolve = resolve,
        secret_of: Callable[[str], str | None] = named_secret,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`allow_private`: may messages go to private, loopback and link-local addresses."""
        self._allow_private = allow_private
        self._read_seconds = read_seconds
        self._whole_seconds = whole_seconds
        self._resolve = resolve
        self._secret_of = secret_of
        self._context = context
        self._lock = threading.Lock()

    def send(
        self, call: Call, now: float, traceparent: str = "", seconds: float | None = None
    ) -> Mapping[str, Any]:
        """Send it once, dated `now` (seconds since the epoch: a receiver refuses one whose time is
        far off), as a part of this trace if there is one, waiting for `seconds` at most; the
        answer (`response_of`), empty unless steps ask for it. Raises WebhookError unless the
        receiver answered 2xx."""
        place = place_of(str(call.params["url"]))
        body = _body(call)
        headers = self._headers(call, body, now) | (
            {"traceparent": traceparent} if traceparent else {}
        )
        addresses = addresses_of(place, self._resolve, allow_private=self._allow_private)
        connection = self._connect(place, addresses)
        most = self._whole_seconds if seconds is None else min(self._whole_seconds, seconds)
        cut = threading.Timer(max(most, SHORTEST_SECONDS), _cut, (connection.sock,))
        cut.start()
        try:
            connection.request("POST", place.target, body, headers)
            answer = connection.getresponse()
            read = answer.read(LARGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            said = f"{place.host} gave no answer ({type(error).__name__})"
            raise WebhookError(said, kind="temporary", sent="maybe") from None
        finally:
            cut.cancel()
            connection.close()
        date = answered_at(answer.getheader("Date"))
        judge(place.host, answer.status, answer.getheader("Retry-After"), date)
        if not call.asks:
            return {}
        encoding, whole = answer.getheader("Content-Encoding", ""), not answer.length
        return response_of(answer.status, read, encoding, whole=whole or len(read) > LARGEST)

    def _connect(self, place: Place, addresses: list[str]) -> http.client.HTTPConnection:
        """Connected to one of the addresses; TLS is for the host's name."""
        connection = http.client.HTTPConnection(place.host, place.port)
        connection.auto_open = 0  # it would resolve the name again
        failure = ""
        for address in addresses:
            try:
                sock = socket.create_connection((address, place.port), CONNECT_SECONDS)
                sock.settimeout(self._read_seconds)
                if place.secure:
                    sock = self._tls().wrap_socket(sock, server_hostname=place.host)
            except OSError as error:
                failure = error.strerror or type(error).__name__
                continue
            connection.sock = sock
            connection.default_port = 443 if place.secure else 80
            return connection
        said = f"{place.host} could not be reached: {failure}"
        raise WebhookError(said, kind="temporary", sent="no")

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = tls.trusted()
            return self._context

    def _headers(self, call: Call, body: bytes, now: float) -> dict[str, str]:
        headers = headers_of(call)
        name = call.params.get("secret_env")
        key = self._secret(name) if name else None
        message = message_headers(call.id, body, now, key)
        own = {"Content-Type": "application/json", "User-Agent": "gavel", "Connection": "close"}
        return {**headers, **own, **message}

    def _secret(self, name: str) -> bytes:
        secret = self._secret_of(name)
        if secret is None:
            raise _permanent(f"the webhook was not sent: its secret {name} is not set")
        return key_of(secret)


def message_headers(call_id: str, body: bytes, now: float, key: bytes | None) -> dict[str, str]:
    """The headers of Standard Webhooks; the signature only where the rule names a secret.

    The id has no `.`, for that parts what is signed.
    """
    message = call_id.replace(".", "_")
    moment = str(int(now))
    headers = {"webhook-id": message, "webhook-timestamp": moment}
    if key is not None:
        content = f"{message}.{moment}.".encode() + body
        signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        headers["webhook-signature"] = f"v1,{signature}"
    return headers


def key_of(secret: str) -> bytes:
    """The key of a secret: `whsec_` and base64, or any other text as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise _permanent(
            "the webhook was not sent: behind whsec_ its secret is not base64"
        ) from None


def _body(call: Call) -> bytes:
    """What the rule says; without `json` what happened, in Standard Webhooks' shape."""
    content: Any = call.params.get("json")
    if content is None:
        content = {
            "type": "rule.applied",
            "timestamp": datetime.fromtimestamp(call.at, UTC).isoformat(),
            "data": {"event": call.event, "rule": call.rule, "conference": call.conference},
        }
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _cut(sock: socket.socket) -> None:
    """Wake the thread that reads from it. Past the TLS layer, which that thread is using."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return


def _permanent(message: str) -> WebhookError:
    return WebhookError(message, kind="permanent", sent="no")
