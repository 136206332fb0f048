"""The judge: what the journal says, read after the fact."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from app.store import keys
from app.store.journal import Journal

Entry = Mapping[str, Any]


class Judge:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._journal = Journal(redis)

    def is_idle(self) -> bool:
        """No event waits, no timer is overdue, no call waits for its next try. False while Valkey
        is away."""
        try:
            due: Any = self.redis.zrange(keys.DUE, 0, -1, withscores=True)
            now: Any = self.redis.time()
            awake: Any = self.redis.zcard(keys.AWAKE)
        except RedisError:
            return False
        waiting = (row for row, at in due if row.endswith(b" ~") or at <= now[0])
        return awake == 0 and next(waiting, None) is None

    def entries(self, conference: str, kind: str) -> list[Entry]:
        """The journal of one conference, one kind of entry, oldest first."""
        return [entry for entry in self._journal.of(conference) if entry["kind"] == kind]

    def decided(self, conference: str, kind: str = "member.entered") -> Counter[str]:
        """How often the journal says that each member's event was decided."""
        events = (entry["event"] for entry in self.entries(conference, "event"))
        return Counter(e["data"].get("member_id", "") for e in events if e["kind"] == kind)

    def order(self, conference: str, kind: str = "member.entered") -> list[str]:
        """Members in the order in which their events were decided."""
        events = (entry["event"] for entry in self.entries(conference, "event"))
        return [e["data"]["member_id"] for e in events if e["kind"] == kind]

    def calls(self, conference: str, *status: str) -> Iterator[Entry]:
        """What the journal says became of calls."""
        for entry in self.entries(conference, "call"):
            if not status or entry["status"] in status:
                yield entry

    def given_up(self) -> int:
        length: Any = self.redis.llen(keys.GIVEN_UP)
        return int(length)

    def dead(self) -> int:
        length: Any = self.redis.llen(keys.DEAD)
        return int(length)


def members_of(entries: Iterable[Entry], verb: str) -> Counter[str]:
    """How often each member is named by calls of a verb."""
    return Counter(member for e in entries if e["verb"] == verb for member in e["members"])
