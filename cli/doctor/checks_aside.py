"""Examination of what waits for a person: events that failed, rows that could not be read."""

import json
from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from app.finding import Finding, doubtful, good
from app.settings import Settings
from app.store import keys
from app.store.connection import connect
from app.store.server.errors import trouble


def examine_aside(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        return
    redis = connect(settings.redis_url, timeout=settings.redis_timeout)
    try:
        rows: Any = redis.lrange(keys.DEAD, 0, -1)
    except RedisError as error:
        yield doubtful(f"it can not be looked at: {trouble(error).sentence}")
        return
    finally:
        redis.close()
    if not rows:
        yield good("nothing")
        return
    last = json.loads(rows[-1])
    event = last.get("event", {})
    what = last.get("row") or f"{event.get('kind')} {event.get('id')}"
    why = str(last["error"]).strip().splitlines()[-1]
    yield doubtful(
        f"{len(rows)} wait for you in the list {keys.DEAD}; the last: {what} of "
        f"{last.get('conference', '')!r}: {why}. When you have seen them: redis-cli DEL {keys.DEAD}"
    )
