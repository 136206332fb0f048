"""Sessions of the console: kept in Redis under a hash of their id, which only the cookie has."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from redis import Redis

from app.store import keys
from app.store.server.clock import redis_time, seconds

IDLE_SECONDS = 12 * 3600
LONGEST_SECONDS = 7 * 86400
LONGEST_BY_ISSUER = 12 * 3600
"""Of a session that an OIDC issuer began: who lost a role there loses it here within that time."""
MOST = 100


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `form_token` must come with each form; `password` is the fingerprint of
    the password that was given, `issuer` that of the OIDC settings, "" after another way in;
    `made_at` is in seconds since the epoch."""

    who: str
    role: str
    form_token: str
    password: str
    made_at: float
    issuer: str = ""

    @property
    def way(self) -> str:
        """How they came in."""
        if self.issuer:
            return "your organisation"
        return "the password" if self.password else "a link"

    @property
    def over_at(self) -> float:
        """Its end in any case."""
        return self.made_at + (LONGEST_BY_ISSUER if self.issuer else LONGEST_SECONDS)

    def to_json(self) -> str:
        """The stored form; what is not there is left out, so that older versions read it."""
        kept = {name: value for name, value in asdict(self).items() if value or name != "issuer"}
        return json.dumps(kept)


class Sessions:
    """Every method raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def begin(self, who: str, role: str, password: str = "", issuer: str = "") -> str:
        """A new session; its id, for the cookie."""
        id = secrets.token_urlsafe(32)
        now = redis_time(self._redis)
        session = Session(who, role, secrets.token_urlsafe(24), password, now, issuer)
        self._redis.set(keys.session(id), session.to_json(), ex=IDLE_SECONDS)
        return id

    def find(self, id: str, *, used: bool = True) -> Session | None:
        """The session of a cookie, None when it is over. `used`: a person does something, so that
        it lives on; a page that looks for news is no use."""
        if not id:
            return None
        key = keys.session(id)
        with self._redis.pipeline(transaction=False) as together:
            together.time()
            together.getex(key, ex=IDLE_SECONDS) if used else together.get(key)
            told, found = together.execute()
        if found is None:
            return None
        session = Session(**json.loads(found))
        if seconds(told) > session.over_at:
            self.end(id)
            return None
        return session

    def all(self, who: str | None = None) -> Mapping[str, Session]:
        """Those that go on, or those of one name, by the digest of their id, the newest first; a
        hundred at most."""
        found = dict(islice(self._each(who), MOST))
        return dict(sorted(found.items(), key=lambda one: -one[1].made_at))

    def end_others(self, mine: str, who: str | None = None) -> int:
        """End all, or all of one name, but that of the digest `mine`; how many were ended."""
        ended = [digest for digest, _ in self._each(who) if digest != mine]
        return sum(self.end_by_digest(digest) for digest in ended)

    def _each(self, who: str | None) -> Iterator[tuple[str, Session]]:
        for key in self._redis.scan_iter(keys.session_of("*"), count=500):
            row: Any = self._redis.get(key)
            session = None if row is None else Session(**json.loads(row))
            if session is not None and who in (None, session.who):
                yield key.decode().rpartition(":")[2], session

    def end_by_digest(self, digest: str) -> bool:
        """False when there is none."""
        known = len(digest) == keys.KEY_LENGTH
        return known and self._redis.delete(keys.session_of(digest)) == 1

    def end(self, id: str) -> None:
        self._redis.delete(keys.session(id))
