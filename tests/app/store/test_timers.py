"""Timers: due ones become events, once; forgotten units are woken again."""

import json
import time

from redis import Redis

from app.domain.event import Event, new_id
from app.store import keys
from app.store.commit import Commit
from app.store.inbox import Inbox
from app.store.lease import Leases
from app.store.timers import Timers

KEY = keys.conference_key("sales-1")


def set_timers(redis: Redis, timers: dict[str, float], wake_at: float | None = None) -> None:
    Inbox(redis).accept(Event(new_id(), "member.entered", "sales-1", 0.0), identities=[])
    lease = Leases(redis).take(KEY)
    assert lease is not None
    lease.commit(Commit(decided=1, set_timers=timers), release=True, wake_at=wake_at)
    redis.delete(keys.QUEUE)


def inbox(redis: Redis) -> list[tuple[float, dict[str, object]]]:
    entries: list[bytes] = list(redis.lrange(keys.inbox(KEY), 0, -1))
    return [(float(e.split(b" ", 1)[0]), json.loads(e.split(b" ", 1)[1])) for e in entries]


def test_a_due_timer_is_an_event_dated_when_it_was_due(redis: Redis) -> None:
    set_timers(redis, {"limit of the room": 1000.25})
    assert Timers(redis).tick().fired == 1
    ((at, event),) = inbox(redis)
    assert at == 1000.25
    assert event["kind"] == "timer"
    assert event["conference"] == "sales-1"
    assert event["data"] == {"timer": "limit of the room", "due": 1000.25}
    assert redis.lrange(keys.QUEUE, 0, -1) == [KEY.encode()]


def test_a_timer_fires_once_whoever_ticks(redis: Redis) -> None:
    set_timers(redis, {"a": 1.0, "b": 2.0})
    assert [Timers(redis).tick().fired for _ in range(3)] == [2, 0, 0]
    assert len(inbox(redis)) == 2


def test_a_timer_does_not_fire_early(redis: Redis) -> None:
    soon = time.time() + 3600
    set_timers(redis, {"a": soon})
    tick = Timers(redis).tick()
    assert tick.fired == 0
    assert tick.next_due is not None
    assert abs(tick.next_due - soon) < 0.001


def test_a_wake_up_for_a_call_is_no_event(redis: Redis) -> None:
    set_timers(redis, {}, wake_at=1.0)
    assert Timers(redis).tick().fired == 1
    assert inbox(redis) == []
    assert redis.lrange(keys.QUEUE, 0, -1) == [KEY.encode()]


def test_a_unit_that_was_taken_off_the_queue_and_never_worked_is_woken_again(redis: Redis) -> None:
    Inbox(redis).accept(Event(new_id(), "member.entered", "sales-1", 0.0), identities=[])
    redis.delete(keys.QUEUE)
    Timers(redis).tick()
    assert redis.llen(keys.QUEUE) == 0
    redis.zadd(keys.AWAKE, {KEY: 0})
    Timers(redis).tick()
    Timers(redis).tick()
    assert redis.lrange(keys.QUEUE, 0, -1) == [KEY.encode()]


def test_what_is_due_can_be_read_by_people(redis: Redis) -> None:
    set_timers(redis, {"limit": 5e9})
    (due,) = Timers(redis).all()
    assert (due.at, due.conference, due.timer) == (5e9, "sales-1", "limit")


def test_a_name_is_forgotten_when_nothing_is_kept_of_its_conference(redis: Redis) -> None:
    week_ago, now = time.time() - 9 * 86400, time.time()
    redis.zadd(keys.KNOWN, {"old": week_ago, "new": now})
    redis.hset(keys.NAMES, mapping={"old": "sales-old", "new": "sales-new"})
    Timers(redis).tick()
    assert redis.hgetall(keys.NAMES) == {b"new": b"sales-new"}
    assert redis.zcard(keys.KNOWN) == 1
