"""Time as data: every timer of every conference is a row in one due-time set.

Atomic: a timer is set and cancelled in the commit of the decision that wanted it; when it is due it
leaves the set and becomes an event in its conference's inbox in one step (`lua/tick.lua`). So any
worker may tick, none is special, and a timer fires once.
"""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.domain.retention import KEPT, Retention
from app.store import keys
from app.store.commit import ENDED_SECONDS
from app.store.scripts import script
from app.store.server.clock import redis_time
from app.store.server.spaces import space_of

AT_ONCE = 200
SPARE_SECONDS = 86400
"""A name is known for longer than anything that is kept of its conference."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Times in seconds on Redis' clock. `next_due`: of the next timer, `next_awake`: when the next
    unit has to be looked after should nobody have worked it; None for none."""

    now: float
    fired: int
    next_due: float | None
    next_awake: float | None

    def pause(self) -> float:
        """Seconds until there is something to do, infinite for nothing."""
        times = [time for time in (self.next_due, self.next_awake) if time is not None]
        return max(0.0, min(times, default=math.inf) - self.now)


@dataclass(frozen=True, slots=True)
class Due:
    """One row of the set, for people."""

    at: float
    conference: str
    timer: str


class Alarm:
    """Wakes the clock of a process in time for what this process itself has set. Safe for
    threads."""

    def __init__(self) -> None:
        self._lock, self._rung = threading.Lock(), threading.Event()
        self._at = math.inf  # on the monotonic clock
        self._waits_until = -math.inf

    def within(self, seconds: float) -> None:
        """Wake the clock after so many seconds at the latest."""
        at = time.monotonic() + seconds
        with self._lock:
            self._at = min(self._at, at)
            if at < self._waits_until:
                self._rung.set()

    def wait(self, seconds: float) -> None:
        """Wait so long at the most, and no longer than somebody wants; then look."""
        with self._lock:
            self._rung.clear()
            now = time.monotonic()
            self._waits_until = min(now + seconds, self._at)
            left = self._waits_until - now
        if left > 0:
            self._rung.wait(left)
        with self._lock:
            self._at, self._waits_until = math.inf, -math.inf


def ring(redis: Redis) -> None:
    """Have the clock of a worker look at the account whose client this is, now; nothing for one of
    none. Raises RedisError."""
    if account := space_of(redis):
        redis.zadd(keys.ACCOUNTS, {account: redis_time(redis)}, lt=True)


class Timers:
    """The due-time set, as every worker ticks it. Every method raises `RedisError`."""

    def __init__(self, redis: Redis, keep: Retention = KEPT) -> None:
        self._redis = redis
        self._known_for = math.ceil(max(keep.journal, ENDED_SECONDS) + SPARE_SECONDS)
        self._tick = script(redis, "tick")

    def tick(self) -> Tick:
        """Fire what is due (at most `AT_ONCE`) and wake units that were forgotten."""
        now, fired, due, _, awake = self._tick(AT_ONCE, self._known_for)
        return Tick(
            float(now), int(fired), float(due) if due else None, float(awake) if awake else None
        )

    def all(self) -> Iterator[Due]:
        """What is due, soonest first, as it stands now."""
        known: Any = self._redis.hgetall(keys.NAMES)
        names = {key.decode(): name.decode() for key, name in known.items()}
        rows: Any = self._redis.zrange(keys.DUE, 0, -1, withscores=True)
        for row, at in rows:
            key, _, timer = row.decode().partition(" ")
            if timer != "~":
                yield Due(at, names.get(key, key), timer)
