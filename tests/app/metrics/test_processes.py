"""Which processes live: a sign of life tells what each is; who gives none is gone."""

import json
import os
import socket

import pytest
from redis import Redis

from app.metrics.processes import ALIVE_SECONDS, Beats, living
from app.store import keys
from app.store.server.clock import redis_time


def test_a_process_tells_what_it_is_and_is_one_however_often(redis: Redis) -> None:
    web, worker = Beats(redis, "web"), Beats(redis, "worker")
    web.beat("d1")
    worker.beat("d1", busy=1, turns=8, calls=300, window=5.0)
    worker.beat("d2", busy=0, turns=8, calls=300, window=5.0)
    found = living(redis)
    assert [(one.kind, one.rules) for one in found] == [("worker", "d2"), ("web", "d1")]
    assert {(one.host, one.pid) for one in found} == {(socket.gethostname(), os.getpid())}
    assert all(one.version and one.since > 1_700_000_000 for one in found)


def test_who_gave_no_sign_for_a_while_is_gone(redis: Redis) -> None:
    Beats(redis, "web").beat("d1")
    ((name, row),) = redis.hgetall(keys.WEB_BEATS).items()
    at, _, has = row.decode().partition(" ")
    for ago, known in ((ALIVE_SECONDS - 5, 1), (ALIVE_SECONDS + 5, 0)):
        redis.hset(keys.WEB_BEATS, name, f"{float(at) - ago} {has}")
        assert len(living(redis)) == known
    redis.hset(keys.WEB_BEATS, "dead", f"{float(at) - 61} {has}")
    Beats(redis, "web").beat("d1")
    assert not redis.hexists(keys.WEB_BEATS, "dead")


def test_a_worker_of_an_older_version_is_shown_without_what_it_does_not_tell(redis: Redis) -> None:
    Beats(redis, "worker").beat("d1")
    at = next(iter(redis.hgetall(keys.WORKER_BEATS).values())).partition(b" ")[0].decode()
    redis.delete(keys.WORKER_BEATS)
    has = json.dumps({"busy": 0, "turns": 8, "calls": 300, "window": 5.0})
    redis.hset(keys.WORKER_BEATS, "host-7-ab12cd34", f"{at} {has}")
    (one,) = living(redis)
    assert (one.host, one.pid, one.version, one.since, one.rules) == ("host-7", 0, "", 0.0, "")


@pytest.mark.usefixtures("wrong_clock")
def test_since_when_one_lives_is_told_by_redis_clock(redis: Redis) -> None:
    Beats(redis, "web").beat("d1")
    (one,) = living(redis)
    assert abs(one.since - redis_time(redis)) < 600
