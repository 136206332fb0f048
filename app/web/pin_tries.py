"""How often a PIN was tried: per caller and per conference, over time."""

from dataclasses import dataclass
from enum import IntEnum

from redis import Redis

from app.callers.phones import plain_phone
from app.callers.pins import MOST, MOST_OF_CALLER, SECONDS
from app.store import keys
from app.store.scripts import script


class Closes(IntEnum):
    """To whom the door is closed after a try, should it be wrong, until the oldest is forgotten."""

    NOBODY = 0
    CALLER = 1
    EVERYBODY = 2


@dataclass(frozen=True, slots=True)
class Try:
    """Whether it may be made, and what it closes."""

    allowed: bool
    closes: Closes


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
        limits = (SECONDS, MOST_OF_CALLER, MOST)
        allowed, closes = self._take(*_sets(caller, conference), name, *limits)
        return Try(bool(allowed), Closes(closes))

    def give_back(self, caller: str, conference: str, name: str) -> None:
        """It was right, and does not count."""
        with self._redis.pipeline(transaction=True) as together:
            for each in _sets(caller, conference):
                together.zrem(each, name)
            together.execute()


def _sets(caller: str, conference: str) -> tuple[str, str]:
    of_caller = keys.pins(f"caller:{conference}\n{plain_phone(caller)}")
    return of_caller, keys.pins(f"conference:{conference}")
