"""The journal: what happened in each conference and why, newest last, bounded and kept for a week.

It is written by the commit that it tells of (see `app.store.lease`), so it is never ahead of the
truth and never behind. Entries are JSON objects with `at` (seconds), `conference` and `kind`:

- `event`: `event` (id, kind, uuid, data)
- `run`: one rule held against one event: `event`, `rule`, `outcome`, `reason`, `steps`
- `call`: `call` (id), `verb`, `members`, `rule`, `event`, `status`, `attempt`, `error`, and when it
  was sent `ms` (from the event to the call) and `api_ms` (what the answer took)
- `note`: `text`
"""

import json
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from redis import Redis

from app.store import keys

Entry = Mapping[str, Any]


def line(conference: str, at: float, kind: str, **fields: Any) -> str:
    """One entry as it is stored."""
    entry = {"at": round(at, 4), "conference": conference, "kind": kind, **fields}
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False)


class Journal:
    """Reads journals; the commit writes them. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def of(self, conference: str) -> Iterator[Entry]:
        """The story of one conference, oldest first; empty when nothing is known of it."""
        key = keys.journal(keys.conference_key(conference))
        for entry in self._redis.lrange(key, 0, -1):
            yield json.loads(entry)

    def conferences(self) -> list[tuple[str, float]]:
        """Every conference with a journal and when it was last written, newest first."""
        known: Any = self._redis.zrevrange(keys.KNOWN, 0, -1, withscores=True)
        if not known:
            return []
        names: Any = self._redis.hmget(keys.NAMES, [key for key, _ in known])
        return [
            (name.decode(), at)
            for (_, at), name in zip(known, names, strict=True)
            if name is not None
        ]

    def follow(self) -> Generator[Entry, None, None]:
        """Every entry of every conference as it is written, for as long as you iterate."""
        connection: Any = self._redis
        with connection.pubsub(ignore_subscribe_messages=True) as channel:
            channel.subscribe(keys.STORY)
            for message in channel.listen():
                yield json.loads(message["data"])
