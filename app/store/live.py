"""Which conferences are live: the set of them, and the state of each.

Read for people; the workers take a conference's state with its lease. A conference that changes
while it is read is shown as it was or as it is.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from redis import Redis

from app.domain.conference import Conference, UnreadableConference
from app.store import keys

AT_ONCE = 200


def live_conferences(redis: Redis) -> Iterator[Conference]:
    """All live conferences, by start; but those whose state can not be read."""
    units: Any = redis.zrange(keys.LIVE, 0, -1)
    for first in range(0, len(units), AT_ONCE):
        batch = [keys.conference(unit.decode()) for unit in units[first : first + AT_ONCE]]
        states: Any = redis.mget(batch)
        for state in states:
            with suppress(UnreadableConference):
                if state is not None:
                    yield Conference.from_json(state)
