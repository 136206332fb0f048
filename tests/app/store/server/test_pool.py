"""The pool of connections: which is lent as it is, and which is looked at first."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.store.connection import CONNECTIONS, connect
from app.store.server.pool import WARM_SECONDS, Pool
from tests.waiting import PATIENCE


@pytest.fixture
def client(redis: Redis) -> Iterator[Any]:
    known = redis.connection_pool.connection_kwargs
    made = connect(f"redis://{known['host']}:{known['port']}/0", timeout=PATIENCE)
    assert isinstance(made.connection_pool, Pool)
    yield made
    made.close()


def asked(connection: Any) -> Any:
    connection.send_command("PING")
    return connection.read_response()


def kill(redis: Redis) -> None:
    redis.client_kill_filter(_type="normal", skipme=True)


def test_the_one_that_was_used_last_is_lent_first(client: Any) -> None:
    pool = client.connection_pool
    first, second = pool.get_connection(), pool.get_connection()
    assert asked(first) == asked(second) == b"PONG"
    pool.release(first)
    pool.release(second)
    assert pool.get_connection() is second
    assert pool.get_connection() is first
    pool.release(first)
    pool.release(second)


def test_one_that_was_used_just_now_is_not_looked_at(client: Any, redis: Redis) -> None:
    pool = client.connection_pool
    client.ping()
    kill(redis)
    connection = pool.get_connection()
    with pytest.raises(RedisConnectionError):
        asked(connection)
    pool.release(connection)
    assert client.ping()
    kill(redis)
    assert client.ping()  # a command is tried once more


def test_one_that_was_idle_is_looked_at_first(client: Any, redis: Redis) -> None:
    pool = client.connection_pool
    client.ping()
    connection = pool.get_connection()
    connection.next_health_check -= 2 * WARM_SECONDS  # it was used so long ago
    pool.release(connection)
    kill(redis)
    assert pool.get_connection() is connection
    assert asked(connection) == b"PONG"
    pool.release(connection)


def test_who_finds_none_waits_for_one(client: Any) -> None:
    pool, got = client.connection_pool, list[Any]()
    lent = [pool.get_connection() for _ in range(CONNECTIONS)]
    assert [asked(one) for one in lent] == [b"PONG"] * CONNECTIONS
    waiting = threading.Thread(target=lambda: got.append(pool.get_connection()))
    waiting.start()
    pool.release(lent[3])
    waiting.join()
    assert got == [lent[3]]
    for one in lent:
        pool.release(one)
