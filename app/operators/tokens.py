"""Tokens of the admin API: shown once, kept as a SHA-256 digest, ended by time or by hand.

They are 32 random bytes, so a fast digest is enough, and a guess is hopeless at any rate. The
prefix lets scanners of secrets find one that leaked.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any

from redis import Redis

from app.domain.durations import format_duration
from app.domain.operator import Operator
from app.domain.suggest import quoted
from app.errors import Unusable
from app.operators.audit import Entry
from app.store import keys
from app.store.scripts import script
from app.store.server.clock import redis_time

SCOPES = ("read", "act", "admin")
"""Each may do what those before it may."""

BEGINS = "gvl_"
DEFAULT = 90 * 86400.0
LONGEST = 366 * 86400.0
MOST = 200
LONGEST_NAME = 64
NOTED_SECONDS = 60.0
"""So often, at most, a process writes down that a token is used."""
_SHAPE = re.compile(BEGINS + "[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of one, but for its digest. `used_at` is 0 for never; times are in seconds since
    the epoch."""

    name: str
    scope: str
    made_by: str
    made_at: float
    expires_at: float
    used_at: float = 0.0

    def may(self, scope: str) -> bool:
        """Does its scope allow what needs this one?"""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


class Tokens:
    """Safe for threads. Every method raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._change = script(redis, "change")
        self._noted: dict[str, float] = {}
        self._lock = Lock()

    def new(
        self, operator: Operator, name: str, scope: str, seconds: float = DEFAULT
    ) -> tuple[Token, str]:
        """A token, and its secret, which is nowhere kept. Raises Unusable."""
        _check_name(name)
        if scope not in SCOPES:
            raise Unusable(f"scope: must be {', '.join(SCOPES)}")
        if not 1.0 <= seconds <= LONGEST:
            raise Unusable(f"expires: must be 1s to {format_duration(LONGEST)}")
        now = redis_time(self._redis)
        known = self._stored()
        for digest, one in known.items():
            if one.expires_at <= now:
                self._redis.hdel(keys.TOKENS, digest)
        if any(one.name == name and one.expires_at > now for one in known.values()):
            raise Unusable(f"name: there is a token {quoted(name)} already; revoke it first")
        made = Token(name, scope, operator.name, round(now, 3), round(now + seconds, 3))
        secret = BEGINS + secrets.token_urlsafe(32)
        for_how_long = format_duration(round(seconds))
        entry = Entry.by(operator, "token.new", f"{quoted(name)}, {scope}, for {for_how_long}")
        stored = json.dumps({key: value for key, value in asdict(made).items() if key != "used_at"})
        if not self._change(keys.TOKENS, digest_of(secret), stored, MOST, entry.to_json()):
            raise Unusable(f"{MOST} tokens are there already: revoke one first")
        entry.tell()
        return made, secret

    def find(self, secret: str) -> Token | None:
        """The token that this is, if it still holds; notes that it is used."""
        if not _SHAPE.fullmatch(secret):
            return None
        digest = digest_of(secret)
        row = self._redis.hget(keys.TOKENS, digest)
        if not isinstance(row, bytes):
            return None
        found, now = Token(**json.loads(row)), redis_time(self._redis)
        if found.expires_at <= now or found.scope not in SCOPES:
            return None
        self._note(digest, now)
        return found

    def all(self) -> Sequence[Token]:
        """All, those that have expired too, by name."""
        used: Any = self._redis.hgetall(keys.TOKENS_USED)
        found = [
            replace(token, used_at=float(used.get(digest.encode(), 0)))
            for digest, token in self._stored().items()
        ]
        return sorted(found, key=lambda one: (one.name, one.made_at))

    def revoke(self, operator: Operator, name: str) -> bool:
        """End a token now. False when there is none of that name."""
        digests = [digest for digest, one in self._stored().items() if one.name == name]
        entry = Entry.by(operator, "token.revoke", quoted(name))
        ended = [
            digest
            for digest in digests
            if self._change(keys.TOKENS, digest, "", MOST, entry.to_json())
        ]
        if ended:
            self._redis.hdel(keys.TOKENS_USED, *ended)
            entry.tell()
        return bool(ended)

    def _stored(self) -> dict[str, Token]:
        rows: Any = self._redis.hgetall(keys.TOKENS)
        return {digest.decode(): Token(**json.loads(row)) for digest, row in rows.items()}

    def _note(self, digest: str, now: float) -> None:
        with self._lock:
            is_fresh = time.monotonic() - self._noted.get(digest, float("-inf")) < NOTED_SECONDS
            if not is_fresh:
                self._noted[digest] = time.monotonic()
        if not is_fresh:
            self._redis.hset(keys.TOKENS_USED, digest, f"{now:.3f}")


def digest_of(secret: str) -> str:
    """By what a token is kept and found: who reads Redis learns no token, and how far a guess
    agrees with one is not to be measured."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Unusable(f"name: must be 1 to {LONGEST_NAME} printable characters")
