"""What a Redis holds, as JSON that can be read and compared, and back again at another time."""

import json
import re
from collections.abc import Mapping
from typing import Any

from redis import Redis

MOMENT = re.compile(r"\b1[789]\d{8}(?=\.\d|\b)")
"""Seconds since the epoch, where they stand in a value."""


def dump(redis: Redis) -> dict[str, Any]:
    """Every key with its type, its value and the ms that it is kept (-1: for ever)."""
    return {key.decode(): _entry(redis, key) for key in sorted(redis.keys())}


def load(redis: Redis, stored: Mapping[str, Any], seconds: int) -> None:
    """All of it, as if it had been made so many seconds later."""
    later = MOMENT.sub(lambda found: str(int(found[0]) + seconds), json.dumps(stored))
    for key, (kind, value, ttl) in json.loads(later).items():
        if kind == "string":
            redis.set(key, value)
        elif kind == "hash":
            redis.hset(key, mapping=value)
        elif kind == "list":
            redis.rpush(key, *value)
        elif kind == "set":
            redis.sadd(key, *value)
        elif kind == "stream":
            for id, fields in value:
                redis.xadd(key, fields, id=id)
        else:
            redis.zadd(key, {member: float(score) for member, score in value})
        if ttl > 0:
            redis.pexpire(key, ttl)


def _entry(redis: Redis, key: bytes) -> list[Any]:
    kind = redis.type(key).decode()
    return [kind, _value(redis, kind, key), redis.pttl(key)]


def _value(redis: Redis, kind: str, key: bytes) -> Any:
    if kind == "string":
        return redis.get(key).decode()
    if kind == "hash":
        return _texts(redis.hgetall(key))
    if kind == "list":
        return [value.decode() for value in redis.lrange(key, 0, -1)]
    if kind == "set":
        return sorted(value.decode() for value in redis.smembers(key))
    if kind == "stream":
        return [[id.decode(), _texts(fields)] for id, fields in redis.xrange(key)]
    found = redis.zrange(key, 0, -1, withscores=True)
    return [[member.decode(), repr(score)] for member, score in found]


def _texts(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields.items()}
