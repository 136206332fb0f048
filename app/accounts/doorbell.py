"""Which accounts of ACCOUNTS_FILE want to be looked at: the doorbell of their spaces.

Nothing is polled for each account. Steps that leave something to do for later say by when in one
set that all accounts share (`look_by` in `lua/wake.lua`); the clock of a worker looks at its head.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from redis import Redis

from app.store import keys
from app.store.scripts import script
from app.store.server.clock import redis_time

AT_ONCE = 100


class Doorbell:
    """The shared set. `redis` is of no space. Every method raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def rung(self) -> tuple[Sequence[str], float | None]:
        """The accounts whose time has come, `AT_ONCE` at most, and the seconds until the next one
        after them (None for none)."""
        now = redis_time(self._redis)
        client: Any = self._redis
        due = client.zrange(keys.ACCOUNTS, 0, AT_ONCE, withscores=True)
        rung = [name.decode() for name, at in due if at <= now][:AT_ONCE]
        later = [at - now for _, at in due[len(rung) :]]
        return rung, max(0.0, later[0]) if later else None

    def put_off(self, account: str, seconds: float) -> None:
        """Look at this one later, whatever it has to do."""
        self._redis.zadd(keys.ACCOUNTS, {account: redis_time(self._redis) + seconds})

    def begin(self, accounts: Iterable[str]) -> None:
        """Look at all of these now. Of those that this Redis does not know, Plivo is asked, too."""
        now = redis_time(self._redis)
        for account in accounts:
            client: Any = self._redis
            if client.zadd(keys.ACCOUNTS, {account: now}, nx=True):
                client.sadd(keys.ACCOUNTS_LIVE, account)
            else:
                client.zadd(keys.ACCOUNTS, {account: now}, lt=True)

    def live(self) -> frozenset[str]:
        """Those about which Plivo is asked now and then."""
        found: Any = self._redis.smembers(keys.ACCOUNTS_LIVE)
        return frozenset(name.decode() for name in found)


def quiet(redis: Redis) -> bool:
    """Take the account whose client this is off those about which Plivo is asked, if nothing of it
    is live, doubtful or sought; says whether that is so. Raises RedisError."""
    return bool(script(redis, "quiet")())
