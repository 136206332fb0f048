"""Who may do what: each route of the admin API and the scope that it needs, in one table."""

from collections.abc import Mapping

from flask import Request

from app.domain.operator import Operator
from app.domain.suggest import did_you_mean, quoted
from app.errors import Forbidden, Unauthorized, Unusable
from app.operators.tokens import Token, Tokens

NEEDS: Mapping[str, str] = {
    "api.list_conferences": "read",
    "api.one_conference": "read",
    "api.story_of": "read",
    "api.act_in": "act",
    "api.outcome": "read",
    "api.list_recordings": "read",
    "api.one_recording": "read",
    "api.archive": "act",
    "api.copies": "read",
    "api.list_silences": "read",
    "api.add_silence": "act",
    "api.end_silence": "act",
    "api.attention": "read",
    "api.retry": "act",
    "api.batch": "read",
    "api.drop_some": "act",
    "api.processes": "read",
    "api.list_audit": "admin",
}
"""By endpoint. A test holds it against the URL map, so no route can be forgotten."""

_PAGES = ("cursor", "limit")
ASKS: Mapping[str, tuple[str, ...]] = {
    "api.list_conferences": ("state", "q", *_PAGES),
    "api.story_of": ("after", "limit"),
    "api.list_recordings": ("q", "state", "conference", "from", "to", *_PAGES),
    "api.end_silence": ("reason",),
    "api.list_audit": ("who", "verb", "conference", "from", "to", *_PAGES),
}
"""What an address may ask for behind its `?`, beside `numbers` where something is read; the others
take nothing. The OpenAPI document says the same, which a test holds true."""

MASKED, SHOWN = "masked", "shown"
REFUSED = "send `Authorization: Bearer TOKEN` with a token of `gavel token new`"


def allowed(request: Request, tokens: Tokens) -> Token:
    """The token of a request that may go to its route. Raises Unauthorized for one that is none or
    does not hold any more, without saying which; Forbidden for one whose scope is too small; and
    RedisError. Only the header counts: cookies, forms and addresses are not looked at."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise Unauthorized(REFUSED)
    needed = NEEDS[request.endpoint or ""]
    if not token.may(needed):
        raise Forbidden(f"this needs a token of the scope {needed}, and this one has {token.scope}")
    return token


def refuse_unknown(request: Request) -> None:
    """Raises Unusable for a parameter that the route does not know: it would do nothing."""
    known = {
        *ASKS.get(request.endpoint or "", ()),
        *(["numbers"] if request.method == "GET" else []),
    }
    for name in request.args:
        if name not in known:
            raise Unusable(f"no parameter {quoted(name)} here{did_you_mean(name, known)}")


def asks_for_numbers(request: Request, token: Token) -> bool:
    """Does somebody who reads ask for whole telephone numbers? Raises Unusable, and Forbidden for a
    token that may only read."""
    given = request.args.get("numbers", MASKED) if request.method == "GET" else MASKED
    if given not in (MASKED, SHOWN):
        raise Unusable(f"numbers: must be {MASKED} or {SHOWN}")
    if given == SHOWN and not token.may("act"):
        raise Forbidden("telephone numbers need a token of the scope act")
    return given == SHOWN


def operator_of(request: Request, token: Token) -> Operator:
    """Who asks, for the journal and the audit."""
    return Operator(token.name, "api", request.remote_addr or "")
