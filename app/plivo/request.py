"""A request of Plivo's: read once, no further than allowed, and verified."""

import json
import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit

from gunicorn.http.errors import ParseException

from app.errors import SignatureRefused, TooLarge, Unusable
from app.logs import step
from app.plivo.signature import HEADERS, Pairs, PlivoRequest, verify
from app.server.request_buffer import LARGEST_BODY, LARGEST_TRANSCRIPT, TRANSCRIPTS
from app.settings import Settings

log = logging.getLogger("gavel.receive")

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 200

Environ = Mapping[str, Any]

SIGNATURE_FAILURE = "gavel.signature_failure"
"""Where the environment of a request says what was wrong with its signature."""


def verified(environ: MutableMapping[str, Any], settings: Settings, policy: str) -> PlivoRequest:
    """Read a request and hold its signature against the tokens of the account.

    The `policy` is that of its address: `require` refuses a wrong signature, `warn` logs it, `off`
    does not look. What was wrong is left in the environment, to be counted. Raises
    SignatureRefused, TooLarge or Unusable.
    """
    request = read(environ, settings.public_url)
    if policy == "off":
        return request
    headers = {name: environ[key] for key, name in _SIGNATURE_HEADERS if environ.get(key)}
    tokens = [token.encode() for token in settings.plivo_auth_token]
    host = environ.get("HTTP_HOST", "")
    verdict = verify(request, headers, tokens, settings.foreign_tokens, host)
    if verdict.ok:
        return replace(request, nonce=verdict.nonce)
    environ[SIGNATURE_FAILURE] = verdict.failure
    if policy == "require":
        raise SignatureRefused(f"{verdict.reason} (signatures present: {verdict.present})")
    step(
        log,
        "unsigned",
        level=logging.WARNING,
        url=request.url,
        reason=verdict.reason,
        present=verdict.present,
    )
    return request


def read(environ: Environ, public_url: str) -> PlivoRequest:
    """Read a request. `public_url` replaces scheme, host and port, whatever the headers say.

    Raises TooLarge, and Unusable for a body that is neither a form nor a JSON object.
    """
    method: str = environ["REQUEST_METHOD"]
    path = raw_path(environ)
    url = public_url + path
    query = form_pairs(environ.get("QUERY_STRING", "").encode("latin-1"))
    most = LARGEST_TRANSCRIPT if path.endswith(TRANSCRIPTS) else LARGEST_BODY
    if method != "POST" or not (body := read_body(environ, most)):
        return PlivoRequest(method, url, query)
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind in {FORM, ""}:
        return PlivoRequest(method, url, query, form_pairs(body))
    if kind == "application/json":
        text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        return PlivoRequest(method, url, query, json=json_object(text, "the body", constant=str))
    raise Unusable(f"the body must be {FORM} or application/json")


def read_body(environ: Environ, most: int = LARGEST_BODY) -> bytes:
    """The whole body, of at most so many bytes. Raises TooLarge without reading more than is
    allowed, and Unusable."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > most:
            raise TooLarge(f"the body has {_kib(int(length))}, at most {_kib(most)} are taken")
        return _read(environ["wsgi.input"], int(length), most)
    if not environ.get("wsgi.input_terminated"):
        return b""
    body = _read(environ["wsgi.input"], most + 1, most)
    if len(body) > most:
        raise TooLarge(f"the body has more than the {_kib(most)} that are taken")
    return body


def _kib(size: int) -> str:
    # Not in bytes: the log takes seven digits for a telephone number.
    return f"{-(-size // 1024)} KiB"


def _read(stream: BinaryIO, size: int, most: int) -> bytes:
    try:
        return stream.read(size)
    except (ParseException, OSError):  # gunicorn's: of a body in chunks
        raise Unusable(f"the body must come whole, with at most {most} bytes") from None


def raw_path(environ: Environ) -> str:
    """The path as it came, not decoded, without the prefix that PUBLIC_URL already has."""
    raw: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not raw:
        return quote(environ.get("PATH_INFO", "").encode("latin-1"))
    if not raw.startswith("/"):  # the absolute form, as sent to a proxy
        raw = urlsplit(raw).path
    path = raw.partition("?")[0].partition("#")[0]
    if not path.isascii():
        path = path.encode("latin-1").decode("utf-8", "surrogateescape")
    return path.removeprefix(environ.get("SCRIPT_NAME", ""))


def form_pairs(text: bytes) -> Pairs:
    """The pairs of a form body or query, decoded, blank values kept, in order. Raises Unusable.

    Does what `urllib.parse.parse_qsl` does, in a third of the time: every callback passes here.
    """
    if not text:
        return []
    if text.count(b"&") >= MOST_FIELDS:
        raise Unusable(f"there are more than {MOST_FIELDS} fields")
    parts = text.decode("utf-8", "surrogateescape").split("&")
    pairs = [part.partition("=") for part in parts if part]
    return [(_decoded(key), _decoded(value)) for key, _, value in pairs]


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def json_object(
    text: str | bytes, what: str, constant: Callable[[str], Any] = _refuse_constant
) -> dict[str, Any]:
    """A JSON object. Raises Unusable, which says `what`, for anything else. `constant` is asked
    what to make of NaN and the infinities, which are not JSON."""
    try:
        found = json.loads(text, parse_constant=constant)
    except (ValueError, RecursionError):
        raise Unusable(f"{what} is not JSON") from None
    if not isinstance(found, dict):
        raise Unusable(f"{what} must be a JSON object")
    return found


_SIGNATURE_HEADERS = tuple(("HTTP_" + name.upper().replace("-", "_"), name) for name in HEADERS)
