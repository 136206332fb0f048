"""One-time links: whoever has one is signed in by it, once, within a quarter of an hour.

Opening a link uses nothing up, since mail and chat programs open links to show what is behind them:
the page asks for a click, and the POST takes it.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis

from app.store import keys

LINK_SECONDS = 900
REMEMBERED_SECONDS = 7 * 86400
"""So long it is known whose a link was that lets nobody in any more."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link is for: the name that its user gets, and the role."""

    who: str
    role: str


def make_link(redis: Redis, url: str, invitation: Invitation) -> str:
    """A new link below the address of the service. Raises RedisError."""
    secret, made = secrets.token_urlsafe(24), json.dumps(asdict(invitation))
    with redis.pipeline(transaction=True) as together:
        together.set(keys.login_link(secret), made, ex=LINK_SECONDS)
        together.set(keys.login_link_was(secret), made, ex=REMEMBERED_SECONDS)
        together.execute()
    return f"{url}/login?once={secret}"


def take_link(redis: Redis, secret: str) -> Invitation | None:
    """Use a link up; None when it was used, is too old, or was never made. Raises RedisError."""
    found: Any = redis.getdel(keys.login_link(secret))
    if found is None:
        return None
    used = json.dumps(json.loads(found) | {"used": True})
    redis.set(keys.login_link_was(secret), used, ex=REMEMBERED_SECONDS)
    return Invitation(**json.loads(found))


def why_not(redis: Redis, secret: str) -> str:
    """Why a link lets nobody in, for the audit. Raises RedisError."""
    found: Any = redis.get(keys.login_link_was(secret))
    if found is None:
        return "a link that nobody made, or long ago"
    was = json.loads(found)
    how = "was used before" if was.get("used") else "is too old"
    return f"a link for {was['who']}, {was['role']}, that {how}"


def anybody_signed_in(redis: Redis) -> bool:
    """Has anybody ever been in the console of this Gavel? Raises RedisError."""
    return bool(redis.exists(keys.SIGNED_IN))


def remember_sign_in(redis: Redis) -> None:
    redis.set(keys.SIGNED_IN, "1")
