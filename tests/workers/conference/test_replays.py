"""What was told once and is told again, long after: known by time, whatever happened in between."""

import threading
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.domain.conference import Conference
from app.domain.event import Event, new_id
from app.store import keys
from app.store.commit import ENDED_SECONDS, Commit
from app.store.inbox import Identity, Inbox
from app.store.journal import Journal
from app.store.lease import Leases
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.workers.builders import context_of, work_all
from workers.bootstrap import Context
from workers.reconcile import look_at_doubtful

KEY = keys.conference_key("sales-1")


@pytest.fixture
def context(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, edge.url, tmp_path)


def tell(redis: Redis, kind: str, uuid: str, member: str = "1", nonce: str = "") -> bool:
    """A callback comes in; was it taken for a new one?"""
    data = {"member_id": member, "call_uuid": f"{uuid}-{member}"}
    if kind == "digits":
        data["digits"] = "1"
    event = Event(new_id(), f"member.{kind}", "sales-1", 0.0, uuid, data)
    identities = [Identity("nonce:" + nonce, 1, while_live=True)] if nonce else []
    return Inbox(redis).accept(event, identities=identities).new


def state(redis: Redis) -> Conference:
    stored = redis.get(keys.conference(KEY))
    assert isinstance(stored, bytes)
    return Conference.from_json(stored)


def notes(redis: Redis) -> list[str]:
    return [entry["text"] for entry in Journal(redis).of("sales-1") if entry["kind"] == "note"]


def test_an_enter_from_a_hundred_instances_ago_is_refused(redis: Redis, context: Context) -> None:
    for number in range(100):
        tell(redis, "entered", f"uuid-{number}")
        tell(redis, "exited", f"uuid-{number}")
        work_all(context)
    for member in ("1", "2"):
        tell(redis, "entered", "live", member)
    work_all(context)
    for number in (0, 50, 99):
        tell(redis, "entered", f"uuid-{number}")
        tell(redis, "digits", f"uuid-{number}")
    work_all(context)
    assert (state(redis).uuid, list(state(redis).members)) == ("live", ["1", "2"])
    assert [note.split(" ignored: ")[1] for note in notes(redis)[-6:]] == [
        "its conference has ended"
    ] * 6


def test_an_ended_instance_is_remembered_for_a_week_by_a_key_of_its_own(
    redis: Redis, context: Context
) -> None:
    tell(redis, "entered", "uuid-1")
    tell(redis, "exited", "uuid-1")
    work_all(context)
    (key,) = redis.keys("gavel:ended:*")
    assert ENDED_SECONDS - 60 < int(redis.ttl(key)) <= ENDED_SECONDS


def test_one_that_had_not_ended_is_forgotten_again(redis: Redis) -> None:
    tell(redis, "entered", "uuid-1")
    lease = Leases(redis).take(KEY)
    assert lease is not None
    lease.commit(Commit(instances={"uuid-1": True}))
    assert lease.ended == {"uuid-1"}
    lease.commit(Commit(instances={"uuid-1": False}))
    assert lease.ended == set()
    assert redis.keys("gavel:ended:*") == []


def test_what_ends_in_a_turn_is_known_to_the_next_events_of_that_turn(
    redis: Redis, context: Context
) -> None:
    for _ in range(2):
        tell(redis, "entered", "uuid-1")
        tell(redis, "exited", "uuid-1")
    work_all(context)
    assert state(redis).number == 1


def test_a_nonce_is_known_as_long_as_its_conference_is_live_and_forgotten_with_it(
    redis: Redis, context: Context
) -> None:
    assert tell(redis, "entered", "uuid-1", nonce="1")
    assert tell(redis, "digits", "uuid-1", nonce="2")
    work_all(context)
    redis.delete(*redis.keys("gavel:seen:*"))  # both windows are over
    assert not tell(redis, "digits", "uuid-1", nonce="2")
    assert not tell(redis, "entered", "uuid-1", nonce="1")
    tell(redis, "exited", "uuid-1", nonce="3")
    work_all(context)
    assert redis.keys("gavel:nonces:*") == []
    assert tell(redis, "digits", "uuid-1", nonce="2")
    work_all(context)
    assert "its conference has ended" in notes(redis)[-1]


def test_plivo_is_asked_about_a_conference_of_which_another_instance_is_told(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    tell(redis, "entered", "live")
    work_all(context)
    tell(redis, "entered", "older than anything we know")
    work_all(context)
    assert state(redis).uuid == "live"
    due: Any = redis.zscore(keys.DOUBTFUL, KEY)
    assert due is not None
    look_at_doubtful(context, threading.Event())
    assert redis.zcard(keys.DOUBTFUL) == 1  # not yet
    redis.zadd(keys.DOUBTFUL, {KEY: 0})
    edge.answers(answer(200, {"conference_name": "sales-1", "members": [listed("live-1")]}))
    look_at_doubtful(context, threading.Event())
    assert redis.zcard(keys.DOUBTFUL) == 0
    assert [seen.path.rsplit("/", 2)[1] for seen in edge.seen][-1] == "sales-1"
    assert b"conference.observed" in redis.lrange(keys.inbox(KEY), 0, -1)[0]


def listed(call: str) -> dict[str, str]:
    return {"member_id": "1", "call_uuid": call}
