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


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link is for: the name that its user gets, and the role."""

    who: str
    role: str


def make_link(redis: Redis, url: str, invitation: Invitation) -> str:
    """A new link below the address of the service. Raises RedisError."""
    secret = secrets.token_urlsafe(24)
    redis.set(keys.login_link(secret), json.dumps(asdict(invitation)), ex=LINK_SECONDS)
    return f"{url}/login?once={secret}"


def take_link(redis: Redis, secret: str) -> Invitation | None:
    """Use a link up; None when it was used, is too old, or was never made. Raises RedisError."""
    found: Any = redis.getdel(keys.login_link(secret))
    return None if found is None else Invitation(**json.loads(found))


def anybody_signed_in(redis: Redis) -> bool:
    """Has anybody ever been in the console of this Gavel? Raises RedisError."""
    return bool(redis.exists(keys.SIGNED_IN))


def remember_sign_in(redis: Redis) -> None:
    redis.set(keys.SIGNED_IN, "1")
