"""Which accounts of ACCOUNTS_FILE want to be looked at: the doorbell of their spaces.

Nothing is polled for each account. Steps that leave something to do for later say by when in one
set that all accounts share (`look_by` in `lua/wake.lua`); the clock of a worker looks at its head.
"""

from collections.abc import Container, Iterable, Sequence
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
        self._unknown = 0  # at the head of the set

    def rung(self, known: Container[str]) -> tuple[Sequence[str], float | None]:
        """Of the accounts that are known here those whose time has come, `AT_ONCE` at most, and the
        seconds until the next one after them (None for none). The others are left to processes
        that know them, and stay for when they are known again."""
        now = redis_time(self._redis)
        client: Any = self._redis
        rows = client.zrange(keys.ACCOUNTS, 0, AT_ONCE + self._unknown, withscores=True)
        due = [(name.decode(), at) for name, at in rows]
        ours = [(name, at) for name, at in due if name in known]
        self._unknown = len(due) - len(ours)
        rung = [name for name, at in ours if at <= now][:AT_ONCE]
        later = [at - now for _, at in ours[len(rung) :]]
        return rung, max(0.0, later[0]) if later else None

    def put_off(self, account: str, seconds: float) -> None:
        """Look at this one again then, no sooner."""
        client: Any = self._redis
        client.zadd(keys.ACCOUNTS, {account: redis_time(self._redis) + seconds}, xx=True)

    def begin(self, accounts: Iterable[str]) -> None:
        """Look at all of these now. Of those that this Redis does not know, Plivo is asked, too."""
        now = redis_time(self._redis)
        for account in accounts:
            client: Any = self._redis
            if client.zadd(keys.ACCOUNTS, {account: now}, nx=True):
                client.zadd(keys.ACCOUNTS_TO_ASK, {account: now})
            else:
                client.zadd(keys.ACCOUNTS, {account: now}, lt=True)

    def to_ask(self) -> frozenset[str]:
        """Those about which Plivo is to be asked by now."""
        client: Any = self._redis
        found = client.zrangebyscore(keys.ACCOUNTS_TO_ASK, "-inf", redis_time(self._redis))
        return frozenset(name.decode() for name in found)

    def ask_later(self, account: str, seconds: float) -> None:
        """Plivo can not be asked about this one now: try then."""
        client: Any = self._redis
        at = redis_time(self._redis) + seconds
        client.zadd(keys.ACCOUNTS_TO_ASK, {account: at}, xx=True)


def asked(redis: Redis, *, whole: bool) -> bool:
    """Write down when Plivo is to be asked next about the account whose client this is. `whole`:
    everything was asked, and answered. Says whether it need not be asked any more, for nothing is
    live, doubtful or sought. Raises RedisError."""
    return bool(script(redis, "quiet")(int(whole)))
