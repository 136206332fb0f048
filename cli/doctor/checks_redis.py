"""Examinations of Redis: does it answer, does it keep what it is given, how late is its clock."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox
from cli.doctor.finding import Finding, bad, doubtful, good

OLDEST = 7
SKEW_SECONDS = 2.0


def examine_redis(settings: Settings) -> Iterator[Finding]:
    redis = connect(settings.redis_url or "", timeout=settings.redis_timeout)
    try:
        info: Mapping[str, Any] = redis.info()
        yield _version(info)
        if info.get("cluster_enabled"):
            yield bad("this is a Redis Cluster: Gavel needs one Redis, or one behind Sentinel")
        if Inbox(redis).writable():
            yield good("it can be written to")
        else:
            yield bad("it refuses to be written to: is it full, or a replica?")
        yield from _persistence(redis, info)
    except RedisError as error:
        yield bad(f"it does not answer ({error}): is `gavel up` running? Or set REDIS_URL")
    finally:
        redis.close()


def _version(info: Mapping[str, Any]) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    if int(version.split(".")[0]) < OLDEST:
        return bad(f"{name} {version} is too old: take Redis 7 or Valkey")
    return good(f"{name} {version} answers")


def _fsync(redis: Redis, policy: str) -> Finding:
    if policy == "always":
        return good("appendonly yes, appendfsync always: what was answered 200 is on disk")
    if policy == "no" and isinstance(redis.get_connection_kwargs().get("path"), str):
        return good("appendonly yes: what was answered 200 survives any kill; on disk within 1 s")
    if policy == "no":
        return doubtful("appendfsync no: a power cut may lose half a minute. appendfsync always")
    return doubtful(
        f"appendfsync {policy}: a power cut, and now and then a killed Redis, lose the last "
        "second or two of what was answered 200. appendfsync always"
    )


def _persistence(redis: Redis, info: Mapping[str, Any]) -> Iterator[Finding]:
    if not info.get("aof_enabled"):
        yield bad("appendonly is off: what was answered 200 is lost when it ends. appendonly yes")
        return
    try:
        found: Any = redis.config_get("appendfsync", "maxmemory-policy")
    except ResponseError:
        yield doubtful("its configuration can not be read: make sure of appendfsync and noeviction")
        return
    yield _fsync(redis, str(found.get("appendfsync")))
    if found.get("maxmemory-policy") != "noeviction":
        yield bad(
            f"maxmemory-policy {found.get('maxmemory-policy')} throws conferences away when "
            "memory is short. maxmemory-policy noeviction"
        )


def examine_clock(settings: Settings) -> Iterator[Finding]:
    redis = connect(settings.redis_url or "", timeout=settings.redis_timeout)
    try:
        before = time.time()
        time_of_redis: Any = redis.time()
        seconds, micros = time_of_redis
        skew = seconds + micros / 1e6 - (before + time.time()) / 2
    except RedisError:
        yield doubtful("it can not be compared: Redis does not answer")
        return
    finally:
        redis.close()
    if abs(skew) > SKEW_SECONDS:
        yield doubtful(
            f"Redis' clock is {skew:+.1f} s from ours: schedules go by Redis' clock. Let both "
            "follow a time server"
        )
    else:
        yield good(f"{abs(skew) * 1000:.0f} ms from Redis' clock")
