"""Signing in by an OpenID Connect issuer: there and back.

What has to be the same at both ends lives in a cookie of the browser for ten minutes, so nothing
is kept for those who never come back, and an answer is taken in the browser alone that asked.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, unquote

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from redis import Redis
from werkzeug import Response as Answer

from app.console.access.claims import IssuerAway, NotBelieved, person_of
from app.console.access.cookies import same_token
from app.console.access.entrance import Entrance
from app.console.access.local_path import local_path
from app.console.access.passwords import Tries
from app.errors import NotFound
from app.settings import Settings
from app.store.server.clock import redis_time

if TYPE_CHECKING:
    from app.console.access.issuer import Issuer

COOKIE = "gavel-oidc"
COOKIE_SECONDS = 600
LONGEST_NEXT = 1000
PATH, BACK = "/login/oidc", "/login/oidc/back"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that has begun: what the answer must bring, and where to go then."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def new(cls, next: str) -> Self:
        state, nonce, verifier = (secrets.token_urlsafe(36) for _ in range(3))
        return cls(state, nonce, verifier, next)

    @classmethod
    def read(cls, cookie: str) -> Self | None:
        parts = cookie.split(".", 3)
        if len(parts) != 4 or not all(parts[:3]):
            return None
        state, nonce, verifier, next = parts
        return cls(state, nonce, verifier, unquote(next))

    def written(self) -> str:
        next = quote(self.next, safe="/")
        kept = next if len(next) <= LONGEST_NEXT else ""
        return ".".join((self.state, self.nonce, self.verifier, kept))


def fingerprint(settings: Settings) -> str:
    """What a session keeps of the settings that let it in; "" where they let nobody in."""
    if not settings.oidc_issuer:
        return ""
    told = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_role_claim)
    return sha256(repr((told, settings.oidc_roles)).encode()).hexdigest()


def add_routes(routes: Blueprint, entrance: Entrance, settings: Settings, redis: Redis) -> None:
    """`/login/oidc` and what the issuer sends people back to."""
    issuer = _issuer(settings)
    tries, cookies = Tries(redis, "issuer"), entrance.guard.cookies

    @routes.get(PATH, endpoint="to_issuer")
    def to_issuer() -> ResponseReturnValue:
        attempt = Attempt.new(local_path(request.args.get("next", "")))
        try:
            where = _known(issuer).address(attempt.state, attempt.nonce, attempt.verifier)
        except IssuerAway as error:
            return _away(str(error))
        response = redirect(where, 303)
        cookies.set(request, response, COOKIE, attempt.written(), COOKIE_SECONDS)
        return response

    @routes.get(BACK, endpoint="from_issuer")
    def from_issuer() -> ResponseReturnValue:
        answer = _came_back(_known(issuer))
        cookies.forget(request, answer, COOKIE)
        return answer

    def _came_back(issuer: "Issuer") -> Answer:
        address = request.remote_addr or ""
        if not tries.one_more(address):
            return entrance.braked(
                "Too many tries from your address. Wait a quarter of an hour, or come in by "
                "another way."
            )
        attempt = Attempt.read(cookies.read(request, COOKIE))
        if attempt is None or not same_token(request.args.get("state", ""), attempt.state):
            return entrance.refused(
                "This sign-in did not begin in this browser, or is too old. Begin again.",
                audit="an answer of the issuer that nobody here asked for",
            )
        if "error" in request.args:
            return entrance.refused("The issuer let you not in.", audit="the issuer said no")
        try:
            claims = issuer.claims(
                request.args.get("code", ""),
                request.args.get("iss", ""),
                attempt.nonce,
                attempt.verifier,
                redis_time(redis),
            )
        except IssuerAway as error:
            return _away(str(error))
        except NotBelieved as error:
            return entrance.refused(
                "What the issuer answered is no proof of who you are. Begin again; the log has "
                "the reason.",
                audit=f"an answer of the issuer: {error}",
            )
        tries.forget(address)
        person = person_of(claims, settings)
        by = f"OIDC as {person.subject}"
        if not person.role:
            return entrance.refused(
                f"You are {person.name} at the issuer, and none of your groups has a role here. "
                "Who keeps this Gavel gives one by OIDC_ROLES.",
                403,
                audit=f"no role, by {by}",
                who=person.name,
            )
        own = fingerprint(settings)
        return entrance.begin(person.name, person.role, by, issuer=own, next=attempt.next)

    def _away(why: str) -> Response:
        return entrance.refused(
            "The issuer does not answer. Try again in a while, or come in by another way.",
            503,
            reason=f"OIDC_ISSUER is away: {why}",
        )


def _issuer(settings: Settings) -> "Issuer | None":
    if not settings.oidc_issuer:
        return None
    from app.console.access.issuer import Issuer

    return Issuer(settings, settings.console_url + BACK)


def _known(issuer: "Issuer | None") -> "Issuer":
    if issuer is None:
        raise NotFound("there is no sign-in by an issuer here: OIDC_ISSUER is not set")
    return issuer
