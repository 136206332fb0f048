"""Which conferences are live: the set of them, and the state of each.

Read for people, and for rules that ask what else is live; the workers take a conference's state
with its lease. A conference that changes while it is read is shown as it was or as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from redis import Redis

from app.domain.conference import Conference, UnreadableConference
from app.domain.event import MOST_NAMED, OthersLive
from app.store import keys

AT_ONCE = 200


def live_names(redis: Redis, most: int = 0) -> Mapping[str, str]:
    """The names of the newest `most` live conferences (0: of all) by their keys, newest first."""
    units: Any = redis.zrevrange(keys.LIVE, 0, most - 1)
    names: Any = redis.hmget(keys.NAMES, units) if units else []
    known = zip(units, names, strict=True)
    return {key.decode(): name.decode("utf-8", "replace") for key, name in known if name}


def others_live(redis: Redis, key: str) -> OthersLive:
    """The live conferences beside the one of this key. One that is deciding now may be missing or
    still there. Raises RedisError."""
    with redis.pipeline(transaction=False) as together:
        together.zcard(keys.LIVE)
        together.zscore(keys.LIVE, key)
        together.zrevrange(keys.LIVE, 0, MOST_NAMED)
        count, own, units = together.execute()
    others = [unit for unit in units if unit.decode() != key][:MOST_NAMED]
    names: Any = redis.hmget(keys.NAMES, others) if others else []
    known = tuple(name.decode("utf-8", "replace") for name in names if name is not None)
    return OthersLive(known, count - (own is not None))


def states_of(redis: Redis, found: Sequence[str]) -> Iterator[Conference]:
    """The states of the conferences of these keys; but those that are not there any more, or can
    not be read."""
    for first in range(0, len(found), AT_ONCE):
        batch = [keys.conference(key) for key in found[first : first + AT_ONCE]]
        states: Any = redis.mget(batch)
        for state in states:
            with suppress(UnreadableConference):
                if state is not None:
                    yield Conference.from_json(state)
