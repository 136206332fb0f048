"""How often a PIN was tried: per caller and per conference, over time."""

from dataclasses import dataclass

from redis import Redis

from app.callers.phones import plain_phone
from app.store import keys
from app.store.scripts import script

SECONDS = 600
MOST = 10
"""So many wrong tries within that time close the door, to the caller or to the conference."""


@dataclass(frozen=True, slots=True)
class Try:
    """Whether it may be made; `fills`: nobody may try after it until the oldest is forgotten,
    should it be wrong."""

    allowed: bool
    fills: bool


class PinTries:
    """Counts in Redis. Each raises RedisError: while it is away, nobody gets in by a PIN."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = script(redis, "pin")

    def is_open(self, caller: str, conference: str) -> bool:
        """Whether a try may be made now; nothing is counted."""
        return self.take(caller, conference, "").allowed

    def take(self, caller: str, conference: str, name: str) -> Try:
        """Count a try before it is made; the same `name` is counted once."""
        allowed, fills = self._take(*_sets(caller, conference), name, SECONDS, MOST)
        return Try(bool(allowed), bool(fills))

    def give_back(self, caller: str, conference: str, name: str) -> None:
        """It was right, and does not count."""
        with self._redis.pipeline(transaction=True) as together:
            for each in _sets(caller, conference):
                together.zrem(each, name)
            together.execute()


def _sets(caller: str, conference: str) -> tuple[str, str]:
    of_caller = keys.pins(f"caller:{conference}\n{plain_phone(caller)}")
    return of_caller, keys.pins(f"conference:{conference}")
