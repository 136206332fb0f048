"""Snoozing: a group of what waits for a person is out of the way until then, unless it grows."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis import Redis

from app.domain.durations import format_duration
from app.domain.operator import Operator
from app.errors import Unusable
from app.operators.acts import reason_of
from app.operators.audit import Entry
from app.store import keys
from app.store.scripts import script

LONGEST = 7 * 86400.0
MOST = 200


@dataclass(frozen=True, slots=True)
class Snooze:
    """`count` of a group are out of the way `until` then, in seconds since the epoch."""

    until: float
    count: int
    who: str


def snooze(
    redis: Redis,
    group: str,
    count: int,
    seconds: float,
    now: float,
    operator: Operator,
    *,
    told: str,
    reason: str = "",
) -> None:
    """`told` says in words what the group is. Raises Unusable and RedisError."""
    if not 1.0 <= seconds <= LONGEST:
        raise Unusable(f"for: must be 1s to {format_duration(LONGEST)}")
    for id, one in _stored(redis).items():
        if one.until <= now:
            redis.hdel(keys.SNOOZED, id)
    row = json.dumps(asdict(Snooze(now + seconds, count, operator.name)))
    what = f"{told} for {format_duration(seconds)}"
    entry = Entry.by(operator, "snooze", what, reason=reason_of(reason))
    if not script(redis, "change")(keys.SNOOZED, group, row, MOST, entry.to_json()):
        raise Unusable(f"{MOST} groups are snoozed already")
    entry.tell()


def snoozed(redis: Redis, now: float) -> Mapping[str, Snooze]:
    """Those that hold, by the id of their group. Raises RedisError."""
    return holding(_stored(redis), now)


def holding(found: Mapping[str, Snooze], now: float) -> Mapping[str, Snooze]:
    return {id: one for id, one in found.items() if one.until > now}


def read(rows: Mapping[bytes, bytes]) -> Mapping[str, Snooze]:
    """The stored ones."""
    return {id.decode(): Snooze(**json.loads(row)) for id, row in rows.items()}


def _stored(redis: Redis) -> Mapping[str, Snooze]:
    rows: Any = redis.hgetall(keys.SNOOZED)
    return read(rows)
