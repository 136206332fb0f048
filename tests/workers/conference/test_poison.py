"""An event whose worker dies of it is set aside, alone, and its conference goes on."""

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.domain.call import Call
from app.metrics import catalogue as metrics
from app.store import keys
from app.store.commit import Commit
from app.store.journal import Journal
from app.store.lease import Lease, Leases
from tests import log_lines
from tests.doubles.plivo_edge import PlivoEdge
from tests.workers.builders import context_of, enter
from workers.bootstrap import Context
from workers.conference.careful import TAKEN
from workers.jobs import work

KEY = keys.conference_key("sales-1")


@pytest.fixture
def context(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, edge.url, tmp_path)


def die(redis: Redis, key: str = KEY, *, deciding: bool = True) -> Lease:
    """A worker takes the unit and is killed: while it decides the first event, or before."""
    lease = Leases(redis).take(key)
    assert lease is not None
    if deciding and lease.taken.suspect:
        lease.begin()
    redis.delete(keys.lease(key))
    return lease


def dead(redis: Redis) -> list[Any]:
    rows: Any = redis.lrange(keys.DEAD, 0, -1)
    return [json.loads(row) for row in rows]


def members_asked_for(edge: PlivoEdge) -> set[str]:
    named = [seen.path.split("/Member/")[1].split("/")[0] for seen in edge.seen]
    return set(",".join(named).split(","))


def test_an_event_that_was_taken_three_times_and_never_committed_is_set_aside(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    guilty = enter(redis, "1")
    for member in ("2", "3"):
        enter(redis, member)
    for _ in range(3):
        die(redis)
    work(context, KEY)
    assert [row["event"]["id"] for row in dead(redis)] == [guilty]
    assert members_asked_for(edge) == {"2", "3"}
    assert redis.llen(keys.inbox(KEY)) == 0
    assert redis.hgetall(keys.BEGUN) == {}


def test_it_is_told_in_journal_log_and_metrics(
    redis: Redis, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    guilty = enter(redis)
    for _ in range(3):
        die(redis)
    work(context, KEY)
    notes = [entry["text"] for entry in Journal(redis).of("sales-1") if entry["kind"] == "note"]
    assert notes == [f"could not be decided, set aside: {TAKEN}"]
    told = f'event set aside event={guilty} conference=sales-1 reason="{TAKEN}"'
    assert told in log_lines.text(caplog)
    assert redis.hget(keys.METRICS, metrics.SET_ASIDE.field()) == b"1"


def test_an_event_that_only_waited_beside_it_is_decided(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    enter(redis, "1")
    guilty = enter(redis, "2")
    enter(redis, "3")
    die(redis)
    lease = Leases(redis).take(KEY)
    assert lease is not None
    lease.begin()
    lease.commit(Commit(decided=1))  # the first one got through, then the second killed it
    lease.begin()
    redis.delete(keys.lease(KEY))
    die(redis)
    work(context, KEY)
    assert [row["event"]["id"] for row in dead(redis)] == [guilty]
    assert members_asked_for(edge) == {"3"}


def test_kills_before_the_deciding_began_set_nothing_aside(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    enter(redis)
    for _ in range(20):
        die(redis, deciding=False)
    work(context, KEY)
    assert dead(redis) == []
    assert members_asked_for(edge) == {"1"}


def test_a_commit_forgets_the_turns_before_it(redis: Redis, context: Context) -> None:
    for member in "12345":
        enter(redis, member)
        die(redis)
        die(redis)
        work(context, KEY)
    assert dead(redis) == []


def test_a_worker_that_lives_takes_back_that_it_had_begun(redis: Redis, context: Context) -> None:
    enter(redis)
    for _ in range(5):
        die(redis).outlive()
    work(context, KEY)
    assert dead(redis) == []
    assert redis.hgetall(keys.BEGUN) == {}


def test_a_webhook_that_can_not_be_taken_over_is_given_up(redis: Redis, context: Context) -> None:
    unit = KEY + keys.WEB
    params = {"url": "http://127.0.0.1:1"}
    call = Call("c1", "webhook", "sales-1", (), params, "r", "Rule", 0, "e", 0.0, None, "stop", "")
    redis.hset(keys.NAMES, unit, "sales-1")
    redis.rpush(keys.inbox(unit), "1.0 " + json.dumps(call.to_json_dict()))
    for _ in range(3):
        die(redis, unit)
    work(context, unit)
    rows: Any = redis.lrange(keys.GIVEN_UP, 0, -1)
    assert [json.loads(row)["error"] for row in rows] == [TAKEN]
