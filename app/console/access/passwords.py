"""The password of the console, and the brake on guessing it."""

import hmac
from functools import cached_property
from hashlib import scrypt
from ipaddress import IPv6Address, ip_address
from typing import Any

from redis import Redis

from app.settings import Settings
from app.store import keys

TRIES = 10
TRIES_SECONDS = 900


class Password:
    """ADMIN_PASSWORD, compared by its slow hash in constant time."""

    def __init__(self, settings: Settings) -> None:
        self._password = settings.admin_password
        self._salt = f"gavel console {settings.plivo_auth_id}".encode()

    @property
    def is_set(self) -> bool:
        return self._password is not None

    @cached_property
    def fingerprint(self) -> str:
        """What a session keeps of it, so that a new password ends the sessions of the old one."""
        return self._hash(self._password or "").hex()

    def matches(self, guess: str) -> bool:
        """Takes as long whether a password is set or not, and holds for none when it is not."""
        same = hmac.compare_digest(self._hash(guess).hex(), self.fingerprint)
        return same and self.is_set

    def _hash(self, text: str) -> bytes:
        return scrypt(text.encode(), salt=self._salt, n=2**14, r=8, p=1, dklen=32)


class Tries:
    """At most `TRIES` an address within `TRIES_SECONDS`, of each way in by itself. An address of
    IPv6 counts as its network (/64), of which one guesser has all. Every method raises
    RedisError."""

    def __init__(self, redis: Redis, way: str = "") -> None:
        self._redis, self._way = redis, way

    def one_more(self, address: str) -> bool:
        """Count one; False when there were enough."""
        key = self._key(address)
        with self._redis.pipeline(transaction=True) as together:
            together.incr(key)
            together.expire(key, TRIES_SECONDS, nx=True)
            counted: Any = together.execute()[0]
        return int(counted) <= TRIES

    def forget(self, address: str) -> None:
        """Somebody from there knew it."""
        self._redis.delete(self._key(address))

    def _key(self, address: str) -> str:
        return keys.login_tries(self._way + network(address))


def network(address: str) -> str:
    """What is counted as one guesser; a text that is no address counts as it stands."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
