"""Examinations of Redis: does it do what it must, and how late is its clock."""

import time
from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from app.finding import Finding, bad, doubtful, good
from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox
from app.store.server.errors import trouble
from app.store.server.examination import examine
from app.store.server.spaces import Spaces

SKEW_SECONDS = 2.0
PROBED = "doctor"
"""The account in whose place it is tried; nothing is left there, and one may have the name."""


def examine_redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        yield bad("there is none: set REDIS_URL, or STATE_DIR to a folder for the embedded Valkey")
        return
    redis = connect(
        settings.redis_url, timeout=settings.redis_timeout, replicated=settings.replicated
    )
    try:
        yield from examine(redis)
        if settings.accounts_file is not None:
            yield from _examine_spaces(redis)
    finally:
        redis.close()


def _examine_spaces(redis: Redis) -> Iterator[Finding]:
    """May its user do the same for an account?"""
    try:
        Inbox(Spaces(redis).of(PROBED)).probe()
    except RedisError as error:
        yield bad(f"for accounts: {trouble(error).sentence}")
    else:
        yield good("it does so for accounts, too")


def examine_clock(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        return
    redis = connect(settings.redis_url, timeout=settings.redis_timeout)
    try:
        before = time.time()
        time_of_redis: Any = redis.time()
        seconds, micros = time_of_redis
        skew = seconds + micros / 1e6 - (before + time.time()) / 2
    except RedisError as error:
        yield doubtful(f"it can not be compared: {trouble(error).sentence}")
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
