"""How Plivo signs its requests: V3 and V2 (docs/plivo.md 5). Only signing, never checking."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit


def signature_v3(
    token: str,
    method: str,
    url: str,
    fields: Mapping[str, str],
    nonce: str,
    *,
    documented_form: bool = False,
) -> str:
    """Sign a request as the official SDK checks it.

    `url` is the address as sent; its query is decoded before it is signed, a fragment (there
    should be none) is taken for a part of the path.
    `documented_form` joins a POST without query by a dot, as Plivo's page says and its test
    vectors deny.
    """
    text = _text_to_sign(method, url, fields, documented_form=documented_form)
    return _sign(token, f"{text}.{nonce}")


def signature_v2(token: str, url: str, nonce: str) -> str:
    """Sign scheme, host and path only; neither query nor body are protected."""
    return _sign(token, _base(url) + nonce)


def _text_to_sign(
    method: str, url: str, fields: Mapping[str, str], *, documented_form: bool
) -> str:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    if method == "GET":
        pairs += fields.items()
    query = "&".join(f"{key}={value}" for key, value in sorted(pairs))
    base = _base(url)
    if method == "GET" or not fields:
        return f"{base}?{query}" if query else base
    body = "".join(f"{key}{value}" for key, value in sorted(fields.items()))
    if query:
        return f"{base}?{query}.{body}"
    return f"{base}.{body}" if documented_form else f"{base}?{body}"


def _base(url: str) -> str:
    parts = urlsplit(url)
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{fragment}"


def _sign(token: str, text: str) -> str:
    return b64encode(hmac.new(token.encode(), text.encode(), sha256).digest()).decode()
