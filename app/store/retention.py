"""How long what is kept is kept: the settings KEEP_*.

Redis forgets most of it by itself, by the time that each thing was given when it was written. The
rest is done here, now and then, by a worker: the audit is cut, and when less shall be kept than
before, what is there is cut to that, too.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from redis import Redis

from app.domain.retention import Retention
from app.store import keys
from app.store.server.clock import redis_time

AT_ONCE = 500


def enforce(redis: Redis, keep: Retention) -> None:
    """Nothing is kept longer than that. Raises RedisError."""
    now = redis_time(redis)
    redis.xtrim(keys.AUDIT, minid=str(max(0, int((now - keep.audit) * 1000))), approximate=False)
    wanted = json.dumps(asdict(keep))
    if redis.get(keys.RETENTION) != wanted.encode():
        _cut_journals(redis, now, keep.journal)
        _cut_recordings(redis, now, keep)
        redis.set(keys.RETENTION, wanted)


def _cut_journals(redis: Redis, now: float, keep: float) -> None:
    known: Any = redis.zrange(keys.KNOWN, 0, -1, withscores=True)
    for part in _parts(known):
        with redis.pipeline(transaction=False) as together:
            for key, at in part:
                left = max(0, int(at + keep - now))  # 0 is at once
                together.expire(keys.journal(key.decode()), left, lt=True)
            together.execute()


def _cut_recordings(redis: Redis, now: float, keep: Retention) -> None:
    listed: Any = redis.zrange(keys.RECORDINGS, 0, -1, withscores=True)
    for part in _parts(listed):
        with redis.pipeline(transaction=False) as together:
            for id, at in part:
                name = id.decode("utf-8", "replace")
                for key, seconds in (
                    (keys.recorded(name), keep.recordings),
                    (keys.transcript(name), keep.transcripts),
                ):
                    together.expire(key, max(0, int(at + seconds - now)), lt=True)
            together.execute()
    redis.zremrangebyscore(keys.RECORDINGS, "-inf", f"({now - keep.recordings}")


def _parts(rows: Sequence[tuple[bytes, float]]) -> Iterator[Sequence[tuple[bytes, float]]]:
    for first in range(0, len(rows), AT_ONCE):
        yield rows[first : first + AT_ONCE]
