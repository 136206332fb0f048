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
        """Nobody has anything to do now. False while Valkey is away."""
        try:
            return self.redis.zcard(keys.AWAKE) == 0
        except RedisError:
            return False

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
