"""A request as Plivo signed it: address, query and fields, read once, no further than allowed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from gunicorn.http.errors import ParseException

from app.errors import TooLarge, Unusable
from app.plivo.fields import form_pairs, json_object
from app.plivo.signature import Pairs, SignedRequest
from app.server.request_buffer import LARGEST_BODY

FORM = "application/x-www-form-urlencoded"

Environ = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request: what a signature is over, and the JSON body where there was one."""

    signed: SignedRequest
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> Pairs:
        return self.signed.query

    @property
    def fields(self) -> Pairs:
        return self.signed.fields


def receive(environ: Environ, public_url: str) -> Incoming:
    """Read a request. `public_url` replaces scheme, host and port, whatever the headers say.

    Raises TooLarge, and Unusable for a body that is neither a form nor JSON.
    """
    method: str = environ["REQUEST_METHOD"]
    query = form_pairs(environ.get("QUERY_STRING", "").encode("latin-1"))
    fields: Pairs = ()
    found: Mapping[str, Any] | None = None
    if method == "POST" and (body := read_body(environ)):
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind in {FORM, ""}:
            fields = form_pairs(body)
        elif kind == "application/json":
            found = json_object(body, "the body")
        else:
            raise Unusable(f"the body must be {FORM} or application/json")
    return Incoming(
        SignedRequest(method, public_url + raw_path(environ), query, fields),
        found,
        headers(environ),
    )


def read_body(environ: Environ) -> bytes:
    """The whole body. Raises TooLarge without reading more than is allowed, and Unusable."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > LARGEST_BODY:
            raise TooLarge(f"the body has {length} bytes, at most {LARGEST_BODY} are taken")
        return _read(environ["wsgi.input"], int(length))
    if not environ.get("wsgi.input_terminated"):
        return b""
    body = _read(environ["wsgi.input"], LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        raise TooLarge(f"the body has more than the {LARGEST_BODY} bytes that are taken")
    return body


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except (ParseException, OSError):  # gunicorn's: of a body in chunks
        raise Unusable(f"the body must come whole, with at most {LARGEST_BODY} bytes") from None


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


def headers(environ: Environ) -> dict[str, str]:
    """The headers of Plivo's signatures that are there."""
    return {name: environ[key] for key, name in _SIGNATURE_HEADERS if environ.get(key)}


_SIGNATURE_HEADERS = tuple(
    ("HTTP_" + name.upper().replace("-", "_"), name)
    for name in (
        "X-Plivo-Signature-V3",
        "X-Plivo-Signature-Ma-V3",
        "X-Plivo-Signature-V3-Nonce",
        "X-Plivo-Signature-V2",
        "X-Plivo-Signature-Ma-V2",
    )
)
