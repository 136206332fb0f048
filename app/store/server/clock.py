"""Redis' clock: the one clock by which all hosts go.

What is compared with an instant that another host may have written, or told to people or to other
services, is never taken from the host's own clock: that one may be wrong.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

FRESH_SECONDS = 10.0


def redis_time(redis: Redis) -> float:
    """Seconds since the epoch. Raises RedisError."""
    return seconds(redis.time())


def seconds(told: Any) -> float:
    """The same of an answer of `TIME`."""
    return float(told[0]) + float(told[1]) / 1e6


@dataclass(frozen=True, slots=True)
class _Reading:
    """`ahead`: by how much Redis' clock is ahead of our monotonic one; None: of no answer."""

    at: float
    ahead: float | None


class SharedClock:
    """Redis' time for what happens often, or while Redis is away: read every 10 s, carried on by
    the monotonic clock meanwhile. Before it was ever read, the host's own. Safe for threads."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._reading = _Reading(float("-inf"), None)
        self._lock = Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        if time.monotonic() - self._reading.at > FRESH_SECONDS and self._lock.acquire(False):
            try:
                self._read()
            finally:
                self._lock.release()
        ahead = self._reading.ahead
        return time.time() if ahead is None else ahead + time.monotonic()

    def _read(self) -> None:
        ahead = self._reading.ahead
        with suppress(RedisError):  # away: as it was known, until the next try
            ahead = redis_time(self._redis) - time.monotonic()
        self._reading = _Reading(time.monotonic(), ahead)
