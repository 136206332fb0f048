"""Is this request really Plivo's? Signature V3 (docs/plivo.md 5).

What Plivo signs is the public URL, the sorted query, the sorted form fields and a nonce, joined as
its SDK joins them: that form, not the one in the text of its documentation, matches the official
vectors. The URL is built from PUBLIC_URL, never from `Host` or a forwarding header.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

Pairs = Sequence[tuple[str, str]]

V3 = "X-Plivo-Signature-V3"
MAIN_V3 = "X-Plivo-Signature-Ma-V3"
NONCE = "X-Plivo-Signature-V3-Nonce"
V2 = "X-Plivo-Signature-V2"
MAIN_V2 = "X-Plivo-Signature-Ma-V2"
HEADERS = (V3, MAIN_V3, NONCE, V2, MAIN_V2)

MOST_CANDIDATES = 8
"""Signatures looked at per header: more tokens than this are never valid at once."""
HINT_FRAGMENT = "#rp=all&rc=5"
"""The fragment that we print in callback URLs; tried for the log's hint only."""


@dataclass(frozen=True, slots=True)
class PlivoRequest:
    """One request of Plivo's.

    `url` has neither query nor fragment. `query` and `fields` (of a form body) are decoded, blank
    values and repeated keys kept, in the order received; bytes that are not UTF-8 are surrogates,
    as in `os.fsdecode`. `json` is the body where it was a JSON object; no signature covers it.
    `nonce` is set only when a signature proved it.
    """

    method: str
    url: str
    query: Pairs
    fields: Pairs = ()
    json: Mapping[str, Any] | None = None
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok`, or why not, in words for the log and the answer (they hold no secret), and in one word
    to be counted: missing, no_nonce or wrong.

    `nonce` is set only when a signature matched: only then can it be believed.
    """

    ok: bool
    reason: str = ""
    nonce: str = ""
    present: str = "none"  # which kinds of signature were there, for the log
    failure: str = ""


def verify(
    request: PlivoRequest,
    headers: Mapping[str, str],
    tokens: Iterable[bytes],
    foreign: Callable[[], Iterable[str]] = tuple,
    host: str = "",
) -> Verdict:
    """Hold both V3 headers against all tokens. The time it takes does not tell how close a wrong
    signature came. `headers` must find names in any case (as Flask's and WSGI's do). `host` is what
    the request says of itself, for the reason of a refusal only.

    A main account signs Ma-V3 for all its subaccounts, so that alone does not tell whose request it
    is: where V3 is of one of the `foreign` tokens, which are those of its other accounts, it is
    refused.
    """
    present = _present(headers)
    by_owner, by_main = _candidates(headers.get(V3, "")), _candidates(headers.get(MAIN_V3, ""))
    given = by_owner + by_main
    nonce = headers.get(NONCE, "")
    if not given:
        why = "the request carries no X-Plivo-Signature-V3"
        return Verdict(False, why, present=present, failure="missing")
    if not nonce:
        why = "the request carries no X-Plivo-Signature-V3-Nonce"
        return Verdict(False, why, present=present, failure="no_nonce")
    keys, text = tuple(tokens), signed_text(request)
    if _matches(text, nonce, keys, by_owner):
        return Verdict(True, nonce=nonce, present=present)
    if _matches(text, nonce, keys, by_main):
        others = (token.encode() for token in foreign()) if by_owner else ()
        if _matches(text, nonce, others, by_owner):
            why = "it is signed for another account of the same main account"
            return Verdict(False, why, present=present, failure="wrong")
        return Verdict(True, nonce=nonce, present=present)
    why = _hint(request, nonce, keys, given, host)
    return Verdict(False, why, present=present, failure="wrong")


def signed_text(request: PlivoRequest) -> str:
    """The text before `.nonce`, in the form of Plivo's SDK."""
    query = _joined(request.query, "=", "&")
    if request.method == "POST" and request.fields:
        # A bare `?` and no dot where the URL has no query: so do SDK and official vectors.
        return f"{request.url}?{query}{'.' if query else ''}{_joined(request.fields, '', '')}"
    return f"{request.url}?{query}" if query else request.url


def documented_text(request: PlivoRequest) -> str:
    """The same as the text of the documentation has it: dots always. For the hint only."""
    query = _joined(request.query, "=", "&")
    fields = _joined(request.fields, "", "")
    return f"{request.url}{'?' + query if query else ''}.{fields}"


def sign(text: str, nonce: str, token: bytes) -> bytes:
    """The signature of a text and a nonce, in base64."""
    message = f"{text}.{nonce}".encode("utf-8", "surrogateescape")
    return b64encode(hmac.digest(token, message, sha256))


def _matches(text: str, nonce: str, tokens: Iterable[bytes], given: Sequence[bytes]) -> bool:
    found = False
    for token in tokens:
        expected = sign(text, nonce, token)
        for candidate in given:
            found |= hmac.compare_digest(expected, candidate)
    return found


def _joined(pairs: Pairs, inner: str, outer: str) -> str:
    return outer.join([f"{key}{inner}{value}" for key, value in sorted(pairs)])


def _candidates(header: str) -> list[bytes]:
    """The signatures of one header: a comma list when several tokens are valid."""
    if not header:
        return []
    parts = [part.strip().encode("utf-8", "replace") for part in header.split(",", MOST_CANDIDATES)]
    return [part for part in parts[:MOST_CANDIDATES] if part]


def _present(headers: Mapping[str, str]) -> str:
    names = {"V3": V3, "Ma-V3": MAIN_V3, "V2": V2, "Ma-V2": MAIN_V2}
    return "+".join(word for word, name in names.items() if headers.get(name)) or "none"


def _hint(
    request: PlivoRequest, nonce: str, tokens: tuple[bytes, ...], given: Sequence[bytes], host: str
) -> str:
    """What else would have matched: tells a wrong token from a wrong URL. Never accepted."""
    if _matches(documented_text(request), nonce, tokens, given):
        return "the signature has the form of Plivo's documentation, not that of its SDK"
    for signed in _with_fragment(request):
        if _matches(signed_text(signed), nonce, tokens, given):
            return "the signature covers the fragment of the callback URL"
    for url in _other_addresses(request.url, host):
        if _matches(signed_text(replace(request, url=url)), nonce, tokens, given):
            return f"it is signed for {url}, and PUBLIC_URL makes that {request.url}"
    return (
        "no token of PLIVO_AUTH_TOKEN, for an account plivo_auth_token, gives this signature for "
        "PUBLIC_URL and this request"
    )


def _with_fragment(request: PlivoRequest) -> Iterable[PlivoRequest]:
    """The fragment where the URL has it, at its end, or where a parser that knows none puts it."""
    yield replace(request, url=request.url + HINT_FRAGMENT)
    if request.query:
        *others, (key, value) = sorted(request.query)
        yield replace(request, query=[*others, (key, value + HINT_FRAGMENT)])


def _other_addresses(url: str, host: str) -> Iterable[str]:
    """What Plivo may call this address where PUBLIC_URL is mistaken in one part: the scheme, the
    port, the host, or a slash at the end that a proxy adds or takes off."""
    scheme, _, rest = url.partition("://")
    name, slash, path = rest.partition("/")
    other = "http" if scheme == "https" else "https"
    port = _USUAL_PORTS[scheme]
    other_port = name.removesuffix(port) if name.endswith(port) else name + port
    yield url.removesuffix("/") if url.endswith("/") else f"{url}/"
    for where in (
        *(f"{other}://{name.removesuffix(port)}", f"{scheme}://{other_port}"),
        *(f"{scheme}://{name.lower()}", f"{scheme}://{host}", f"{other}://{host}"),
    ):
        yield f"{where}{slash}{path}"


_USUAL_PORTS = {"http": ":80", "https": ":443"}
