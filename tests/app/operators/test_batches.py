"""Asking for many calls again: how far that is, by what the journals tell behind the asking."""

import json
from typing import Any

from redis import Redis

from app.domain.operator import Operator
from app.operators import batches
from app.operators.attention import given_up
from app.operators.batches import LOST_SECONDS, MOST, Batch, ask_all, batch_of
from app.store import keys
from app.store.commit import journal_line

ANNA = Operator("anna", "console")
NOW = 1_700_000_000.0


def give_up(redis: Redis, id: str, *members: str, verb: str = "mute", room: str = "room") -> None:
    call = {"id": id, "conference": room, "verb": verb, "members": list(members), "uuid": ""}
    call |= {"rule": "r", "event": f"evt-{id}", "expires_at": None, "at": 1.0}
    redis.rpush(keys.GIVEN_UP, json.dumps({"call": call, "at": 2.0, "error": "400"}))


def asked(redis: Redis) -> str:
    id, _ = ask_all(redis, given_up(redis), NOW, ANNA, "well again", "mute")
    return id


def look(redis: Redis, id: str, now: float = NOW) -> Batch:
    found = batch_of(redis, id, now)
    assert found is not None
    return found


def tell(redis: Redis, room: str = "room") -> None:
    """The worker takes what waits in the inbox into the journal."""
    key = keys.conference_key(room)
    for row in redis.lrange(keys.inbox(key), 0, -1):
        event = json.loads(row.partition(b" ")[2])
        told = {"id": event["id"], "kind": event["kind"], "data": {}}
        redis.rpush(keys.journal(key), journal_line(room, NOW, "event", event=told))
    redis.delete(keys.inbox(key))


def ends(redis: Redis, status: str, *members: str, room: str = "room", **more: Any) -> None:
    told = {"call": "c1", "verb": "mute", "members": list(members), "event": "evt-c1"}
    line = journal_line(room, NOW, "call", status=status, **(told | more))
    redis.rpush(keys.journal(keys.conference_key(room)), line)


def test_what_is_left_gets_less_as_calls_end(redis: Redis) -> None:
    for number in range(3):
        give_up(redis, f"c{number}", "1", room=f"room-{number}")
    id = asked(redis)
    assert look(redis, id).counts == {"asked": 3}
    for number, status in enumerate(("done", "failed", "retry")):
        room = f"room-{number}"
        tell(redis, room)
        ends(redis, status, "1", room=room, call=f"c{number}", event=f"evt-c{number}")
    found = look(redis, id)
    assert (found.counts, found.left) == ({"asked": 1, "done": 1, "failed": 1}, 1)
    ends(redis, "gone", "1", room="room-2", call="c2", event="evt-c2")
    assert look(redis, id).counts == {"done": 1, "not_needed": 1, "failed": 1}
    assert (found.who, found.what, found.reason) == ("anna", "mute", "well again")


def test_what_ended_before_it_was_asked_for_does_not_count(redis: Redis) -> None:
    give_up(redis, "c1", "1")
    give_up(redis, "c2", "2")
    ends(redis, "failed", "1")
    id = asked(redis)
    tell(redis)
    assert look(redis, id).counts == {"asked": 2}


def test_calls_that_went_out_together_end_together(redis: Redis) -> None:
    give_up(redis, "c1", "1")
    give_up(redis, "c2", "2")
    id = asked(redis)
    tell(redis)
    ends(redis, "done", "1", "2", **{"with": ["evt-c2"]})
    assert look(redis, id).counts == {"done": 2}


def test_a_call_for_several_has_ended_when_it_has_for_each(redis: Redis) -> None:
    give_up(redis, "c1", "1", "2")
    give_up(redis, "c2", "3")
    id = asked(redis)
    tell(redis)
    ends(redis, "split", "1", "2")
    ends(redis, "done", "1", call="c1/1")
    assert look(redis, id).counts == {"asked": 2}
    ends(redis, "failed", "2", call="c1/2")
    assert look(redis, id).counts == {"asked": 1, "failed": 1}


def test_what_has_ended_is_remembered_when_the_journal_is_gone(redis: Redis) -> None:
    give_up(redis, "c1", "1")
    give_up(redis, "c2", "1", room="other")
    id = asked(redis)
    tell(redis)
    ends(redis, "done", "1")
    assert look(redis, id).counts == {"asked": 1, "done": 1}
    redis.delete(keys.journal(keys.conference_key("room")))
    assert look(redis, id).counts == {"asked": 1, "done": 1}
    assert look(redis, id, NOW + LOST_SECONDS + 1).counts == {"done": 1, "unknown": 1}


def test_one_that_ended_in_between_shows_what_was_not_asked_for(redis: Redis) -> None:
    give_up(redis, "c1", "1")
    give_up(redis, "c2", "2")
    id = asked(redis)
    row = json.loads(redis.hget(keys.batch(id), "c2") or b"")
    redis.hset(keys.batch(id), "c2", json.dumps(row | {"event": "", "state": "planned"}))
    assert look(redis, id).counts == {"planned": 1, "asked": 1}


def test_one_call_alone_is_no_batch_and_old_ones_are_forgotten(redis: Redis) -> None:
    give_up(redis, "c1", "1")
    assert asked(redis) == ""
    for number in range(MOST + 2):
        give_up(redis, f"a{number}", "1")
        give_up(redis, f"b{number}", "1")
        id = asked(redis)
    found = batches.batches(redis, NOW)
    assert (len(found), found[0].id) == (MOST, id)
    assert 0 < redis.ttl(keys.batch(id)) <= 7 * 86400
    assert batch_of(redis, "bat-x", NOW) is None
