"""Time as data: every timer of every conference is a row in one due-time set.

Atomic: a timer is set and cancelled in the commit of the decision that wanted it; when it is due it
leaves the set and becomes an event in its conference's inbox in one step (`lua/tick.lua`). So any
worker may tick, none is special, and a timer fires once.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis

from app.domain.retention import KEPT, Retention
from app.store import keys
from app.store.commit import ENDED_SECONDS
from app.store.scripts import script

AT_ONCE = 200
SPARE_SECONDS = 86400
"""A name is known for longer than anything that is kept of its conference."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`now` and `next_due` in seconds on Redis' clock; `next_due` is None when nothing is set."""

    now: float
    fired: int
    next_due: float | None


@dataclass(frozen=True, slots=True)
class Due:
    """One row of the set, for people."""

    at: float
    conference: str
    timer: str


class Timers:
    """The due-time set, as every worker ticks it. Every method raises `RedisError`."""

    def __init__(self, redis: Redis, keep: Retention = KEPT) -> None:
        self._redis = redis
        self._known_for = math.ceil(max(keep.journal, ENDED_SECONDS) + SPARE_SECONDS)
        self._tick = script(redis, "tick")

    def tick(self) -> Tick:
        """Fire what is due (at most `AT_ONCE`) and wake units that were forgotten."""
        now, fired, following, _ = self._tick(AT_ONCE, self._known_for)
        return Tick(float(now), int(fired), float(following) if following else None)

    def all(self) -> Iterator[Due]:
        """What is due, soonest first, as it stands now."""
        known: Any = self._redis.hgetall(keys.NAMES)
        names = {key.decode(): name.decode() for key, name in known.items()}
        rows: Any = self._redis.zrange(keys.DUE, 0, -1, withscores=True)
        for row, at in rows:
            key, _, timer = row.decode().partition(" ")
            if timer != "~":
                yield Due(at, names.get(key, key), timer)
