"""Accepting: once, in order, with a wake-up that RQ understands."""

import itertools
from typing import Any

from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer

from app.domain.event import Event, new_id
from app.store import keys
from app.store.inbox import Identity, Inbox, read_event
from app.store.lease import Leases


def entered(conference: str = "sales-1", member: str = "1") -> Event:
    return Event(new_id(), "member.entered", conference, 0.0, "uuid-1", {"member_id": member})


def waiting(redis: Redis, conference: str) -> list[Event]:
    lease = Leases(redis).take(keys.conference_key(conference))
    assert lease is not None
    return [read_event(entry, lease.taken.name) for entry in lease.taken.events]


def test_an_accepted_event_waits_in_the_inbox_of_its_conference(redis: Redis) -> None:
    event = entered()
    accepted = Inbox(redis).accept(event, identities=[Identity("a", 60)])
    assert accepted.new
    assert accepted.event_id == event.id
    assert [e.id for e in waiting(redis, "sales-1")] == [event.id]


def test_the_same_event_again_changes_nothing_and_names_the_first(redis: Redis) -> None:
    inbox, first = Inbox(redis), entered()
    inbox.accept(first, identities=[Identity("a", 60), Identity("nonce-1", 60)])
    again = inbox.accept(entered(), identities=[Identity("a", 60), Identity("nonce-2", 60)])
    assert (again.new, again.event_id) == (False, first.id)
    assert len(waiting(redis, "sales-1")) == 1


def test_events_keep_the_order_in_which_they_were_accepted(redis: Redis) -> None:
    inbox = Inbox(redis)
    events = [entered(member=str(n)) for n in range(30)]
    for event in events:
        inbox.accept(event, identities=[])
    found = waiting(redis, "sales-1")
    assert [e.id for e in found] == [e.id for e in events]
    assert all(a.at <= b.at for a, b in itertools.pairwise(found))


def test_a_wake_up_is_a_job_that_rq_itself_can_read(redis: Redis) -> None:
    Inbox(redis).accept(entered(), identities=[])
    key = keys.conference_key("sales-1")
    job = Job.fetch(key, connection=redis, serializer=JSONSerializer)
    assert (job.func_name, job.args) == ("workers.jobs.work_conference", [key])
    assert callable(job.func)


def test_many_events_of_one_conference_need_one_wake_up(redis: Redis) -> None:
    inbox = Inbox(redis)
    for n in range(5):
        inbox.accept(entered(member=str(n)), identities=[])
    assert redis.lrange(keys.QUEUE, 0, -1) == [keys.conference_key("sales-1").encode()]


def test_a_hostile_name_does_not_become_part_of_a_key(redis: Redis) -> None:
    name = "x\n* {gavel:due} \U0001f600/../.. " + "n" * 2000
    Inbox(redis).accept(entered(conference=name), identities=[])
    stored: Any = redis.keys("*")
    assert all(len(key) < 60 and key.isascii() and b" " not in key for key in stored)
    assert waiting(redis, name)[0].conference == name


def test_a_transcription_waits_for_its_recording_and_then_comes_after_it(redis: Redis) -> None:
    inbox = Inbox(redis)
    early = Event(new_id(), "transcription.ready", "", 0.0, "", {"recording_id": "r1"})
    assert inbox.accept(early, identities=[]).new
    ready = Event(new_id(), "recording.ready", "sales-1", 0.0, "u", {"recording_id": "r1"})
    inbox.accept(ready, identities=[])
    found = waiting(redis, "sales-1")
    assert [(e.id, e.conference) for e in found] == [(ready.id, "sales-1"), (early.id, "sales-1")]


def test_a_transcription_of_a_known_recording_goes_straight_to_its_conference(
    redis: Redis,
) -> None:
    inbox = Inbox(redis)
    ready = Event(new_id(), "recording.ready", "sales-1", 0.0, "u", {"recording_id": "r1"})
    inbox.accept(ready, identities=[])
    late = Event(new_id(), "transcription.ready", "", 0.0, "", {"recording_id": "r1"})
    accepted = inbox.accept(late, identities=[Identity("t", 60)])
    assert accepted.new
    assert [e.id for e in waiting(redis, "sales-1")] == [ready.id, late.id]
