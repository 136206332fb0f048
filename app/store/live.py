"""Which conferences are live: the set of them, and the state of each.

Read for people; the workers take a conference's state with its lease. A conference that changes
while it is read is shown as it was or as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from redis import Redis

from app.domain.conference import Conference, UnreadableConference
from app.store import keys

AT_ONCE = 200


def live_names(redis: Redis, most: int = 0) -> Mapping[str, str]:
    """The names of the newest `most` live conferences (0: of all) by their keys, newest first."""
    units: Any = redis.zrevrange(keys.LIVE, 0, most - 1)
    names: Any = redis.hmget(keys.NAMES, units) if units else []
    known = zip(units, names, strict=True)
    return {key.decode(): name.decode("utf-8", "replace") for key, name in known if name}


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
