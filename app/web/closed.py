"""Routes that are open to everybody unless a token closes them."""

import hmac
from collections.abc import Sequence

from flask import request

from app.errors import Unauthorized


def require_token(tokens: Sequence[str]) -> None:
    """Let the request in when it has one of these as `Authorization: Bearer TOKEN`, or when there
    are none. Raises Unauthorized. The time it takes tells nothing of a token."""
    if not tokens:
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    sent = given.strip().encode("utf-8", "replace")
    matches = [hmac.compare_digest(token.encode(), sent) for token in tokens]
    if scheme.lower() != "bearer" or not any(matches):
        raise Unauthorized("send `Authorization: Bearer TOKEN` with a token of METRICS_TOKEN")
