"""Examination of what waits for a person, events that failed and rows that could not be read, and
of what people have silenced."""

import json
from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from app.domain.suggest import quoted
from app.finding import Finding, doubtful, good
from app.operators.silences import Silences
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
        f"{last.get('conference', '')!r}: {why}. When you have seen them: `gavel drop`"
    )


def examine_silences(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        return
    redis = connect(settings.redis_url, timeout=settings.redis_timeout)
    try:
        found = Silences(redis).all()
    except RedisError as error:
        yield doubtful(f"they can not be looked at: {trouble(error).sentence}")
        return
    finally:
        redis.close()
    for one in found:
        what = f"rule {quoted(one.rule)}" if one.rule else "every rule"
        where = f"in {quoted(one.conference)}" if one.conference else "everywhere"
        yield doubtful(f"{what} {where} is {one.said}; `gavel unsilence {one.id}` ends it")
    if not found:
        yield good("none")
