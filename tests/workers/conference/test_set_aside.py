"""What is stored and can not be read: set aside whole, told, and its conference goes on."""

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.domain.conference import VERSION
from app.metrics.catalogue import ROWS
from app.store import keys
from app.store.journal import Journal
from app.store.live import live_names, states_of
from app.store.timers import Timers
from tests import log_lines
from tests.doubles.plivo_edge import PlivoEdge
from tests.workers.builders import context_of, enter, work_all
from workers.bootstrap import Context

KEY = keys.conference_key("sales-1")
NEWER = json.dumps({"v": VERSION + 1, "name": "sales-1", "what": "nobody knows yet"})
CALL = {
    "id": "c-1", "verb": "mute", "conference": "sales-1", "members": ["7"], "params": {},
    "run": "r", "rule": "A rule", "step": 0, "event": "e", "at": 0.0, "expires_at": None,
    "on_error": "stop", "uuid": "",
}  # fmt: skip


@pytest.fixture
def context(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, edge.url, tmp_path)


def aside(redis: Redis) -> list[Any]:
    rows: Any = redis.lrange(keys.DEAD, 0, -1)
    return [json.loads(row) for row in rows]


def muted(edge: PlivoEdge) -> list[str]:
    return [seen.path.split("/Member/")[1].split("/")[0] for seen in edge.seen]


def notes(redis: Redis) -> str:
    entries = Journal(redis).of("sales-1")
    return "\n".join(entry["text"] for entry in entries if entry["kind"] == "note")


def counted(redis: Redis, what: str) -> bool:
    return redis.hget(keys.METRICS, ROWS.field(what)) == b"1"


@pytest.mark.parametrize(
    "damaged",
    [
        b"garbage{",
        b"",
        b"null",
        b"[]",
        b"7",
        b"\xff\xfe",
        b'{"v":1}',
        b'{"v":"x","name":"sales-1"}',
        b'{"v":1,"name":"sales-1","m":5}',
        b'{"v":1,"name":"sales-1","m":[[{"id":"1"}]]}',
        b'{"v":1,"name":"sales-1","t":[["a"]]}',
        b'{"v":1,"name":"sales-1","t":[["a","soon","limit","",0,1,""]]}',
        b'{"v":1,"name":"sales-1","m":[[{"id":"1"},"now"]]}',
        b'{"v":1,"name":"sales-1","p":[[1,"u","a","b",null]]}',
        b'{"v":1,"name":"sales-1","g":5}',
        b'{"v":1,"name":"sales-1","s":"yesterday"}',
        b'{"v":1,"name":"sales-1","l":true,"rs":{"a":1}}',
        b'{"v":1,"name":"sales-1","l":true,"m":[[{"id":"1","muted"',
    ],
)
def test_a_damaged_state_is_set_aside_and_the_conference_goes_on(
    redis: Redis, edge: PlivoEdge, context: Context, damaged: bytes
) -> None:
    redis.set(keys.conference(KEY), damaged)
    enter(redis)
    work_all(context)
    assert muted(edge) == ["1"]
    if damaged:
        (row,) = aside(redis)
        assert row["raw"] == damaged.decode("utf-8", "backslashreplace")
        assert (row["row"], row["unit"], row["conference"]) == ("state", KEY, "sales-1")
        assert "state set aside: the state can not be read" in notes(redis)
        assert counted(redis, "state")
        assert redis.zscore(keys.DOUBTFUL, KEY) is not None  # Plivo's list shall fill it
    assert [one.name for one in states_of(redis, list(live_names(redis)))] == ["sales-1"]


def test_a_damaged_state_of_what_is_over_is_no_longer_taken_for_live(
    redis: Redis, context: Context
) -> None:
    redis.set(keys.conference(KEY), "garbage{")
    redis.zadd(keys.LIVE, {KEY: 1.0})
    redis.rpush(keys.inbox(KEY), "not an entry")
    redis.rpush(keys.QUEUE, KEY)
    work_all(context)
    assert redis.zscore(keys.LIVE, KEY) is None
    assert [row["row"] for row in aside(redis)] == ["state", "event"]


@pytest.mark.parametrize(
    "damaged",
    [
        "not an entry",
        "1.0 garbage{",
        "1.0 ",
        "",
        "1.0 []",
        '1.0 {"id": "evt-1"}',
        '1.0 {"id": 1, "kind": 2, "conference": "sales-1", "uuid": "", "data": {}}',
    ],
)
def test_a_damaged_entry_of_an_inbox_is_set_aside_and_its_neighbours_are_decided(
    redis: Redis, edge: PlivoEdge, context: Context, damaged: str
) -> None:
    enter(redis, "1")
    redis.rpush(keys.inbox(KEY), damaged)
    enter(redis, "2")
    work_all(context)
    assert muted(edge) == ["1,2"]
    (row,) = aside(redis)
    assert row["row"] == "event"
    assert row["raw"] in damaged
    assert counted(redis, "event")


@pytest.mark.parametrize("data", [{}, {"call": {"verb": "mute"}}, {"call": 5}])
def test_a_call_to_be_made_again_that_can_not_be_read_is_set_aside(
    redis: Redis, edge: PlivoEdge, context: Context, data: dict[str, Any]
) -> None:
    event = {"id": "e", "kind": "call.retry", "conference": "sales-1", "uuid": "", "data": data}
    redis.rpush(keys.inbox(KEY), "1.0 " + json.dumps(event))
    enter(redis)
    work_all(context)
    assert muted(edge) == ["1"]
    assert [row["event"]["data"] for row in aside(redis)] == [data]


@pytest.mark.parametrize("damaged", ["garbage{", "null", '{"entries": 5}', '{"sent_at": 1}'])
def test_a_damaged_outbox_is_set_aside_whole(
    redis: Redis, edge: PlivoEdge, context: Context, damaged: str
) -> None:
    redis.set(keys.outbox(KEY), damaged)
    enter(redis)
    work_all(context)
    assert muted(edge) == ["1"]
    (row,) = aside(redis)
    assert (row["row"], row["raw"]) == ("calls", damaged)
    assert counted(redis, "calls")


def test_of_an_outbox_only_the_calls_that_can_not_be_read_are_set_aside(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    good = [CALL, 0, 0.0, False, False]
    bad = [{**CALL, "id": "c-2", "verb": "levitate"}, 0, 0.0, False, False]
    redis.set(keys.outbox(KEY), json.dumps({"entries": [bad, good, "x"], "sent_at": 0.0}))
    enter(redis)
    work_all(context)
    assert set(",".join(muted(edge)).split(",")) == {"1", "7"}
    assert [json.loads(row["raw"]) for row in aside(redis)] == [bad, "x"]


def test_a_damaged_webhook_is_set_aside(redis: Redis, context: Context) -> None:
    unit = KEY + keys.WEB
    redis.hset(keys.NAMES, unit, "sales-1")
    redis.rpush(keys.inbox(unit), "1.0 garbage{", '1.0 {"verb": "webhook"}')
    redis.rpush(keys.QUEUE, unit)
    work_all(context)
    assert [row["row"] for row in aside(redis)] == ["webhook", "webhook"]
    assert redis.llen(keys.inbox(unit)) == 0


# A rollback


def test_a_state_of_a_newer_version_is_kept_whole_and_the_conference_goes_on(
    redis: Redis, edge: PlivoEdge, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    redis.set(keys.conference(KEY), NEWER)
    enter(redis)
    work_all(context)
    assert muted(edge) == ["1"]
    (row,) = aside(redis)
    assert (row["row"], row["raw"]) == ("newer state", NEWER)
    reason = 'reason="state version 2 is newer than this Gavel reads (1)"'
    assert reason in log_lines.text(caplog)
    assert 'set aside what="newer state"' in log_lines.text(caplog)
    assert "newer state set aside" in notes(redis)
    assert counted(redis, "newer state")


def test_a_state_of_a_newer_version_is_left_to_a_newer_worker_while_one_lives(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    redis.set(keys.conference(KEY), NEWER)
    redis.set(keys.state_version(VERSION + 1), "1", ex=3600)
    enter(redis)
    for _ in range(5):
        work_all(context)
        redis.zadd(keys.AWAKE, {KEY: 0})  # a second later
        Timers(redis).tick()
    assert redis.get(keys.conference(KEY)) == NEWER.encode()
    assert redis.llen(keys.inbox(KEY)) == 1
    assert redis.get(keys.lease(KEY)) is None
    assert redis.hgetall(keys.BEGUN) == {}
    redis.delete(keys.state_version(VERSION + 1))  # the newer workers are gone
    work_all(context)
    assert muted(edge) == ["1"]


def test_a_unit_that_is_left_to_others_is_looked_at_again(redis: Redis, context: Context) -> None:
    redis.set(keys.conference(KEY), NEWER)
    redis.set(keys.state_version(VERSION + 1), "1", ex=3600)
    enter(redis)
    work_all(context)
    look: Any = redis.zscore(keys.AWAKE, KEY)
    now: Any = redis.time()
    assert look - now[0] * 1000 < 2500
