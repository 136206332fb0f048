"""HTTP Basic: who sent a request, and are these the account's own credentials."""

import hmac
from base64 import b64decode

from sandbox.world.options import Options


def sent(header: str) -> tuple[str, str]:
    """Auth id and token of an Authorization header; empty when there are none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        auth_id, _, token = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return auth_id, token


def are_right(header: str, options: Options) -> bool:
    """Compared in constant time."""
    auth_id, token = sent(header)
    known = hmac.compare_digest(auth_id.encode(), options.auth_id.encode())
    return hmac.compare_digest(token.encode(), options.auth_token.encode()) and known
