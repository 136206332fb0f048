"""Working a unit: one worker at a time, each step whole, nothing twice."""

import json
import time
from collections import Counter

import pytest
from redis import Redis

from app.domain.event import Event, new_id
from app.store import keys
from app.store.commit import Commit, journal_line
from app.store.inbox import Inbox
from app.store.journal import Journal
from app.store.lease import LEASE_MS, Clock, Lease, LeaseLost, Leases
from tests.waiting import until

KEY = keys.conference_key("sales-1")


def accept(redis: Redis, count: int = 1) -> list[str]:
    inbox = Inbox(redis)
    events = [Event(new_id(), "member.entered", "sales-1", 0.0) for _ in range(count)]
    for event in events:
        inbox.accept(event, identities=[])
    return [event.id for event in events]


def take(redis: Redis, leases: Leases | None = None) -> Lease:
    lease = (leases or Leases(redis)).take(KEY)
    assert lease is not None
    return lease


def ids(waiting: object) -> list[str]:
    assert isinstance(waiting, list)
    return [json.loads(text)["id"] for _, text in waiting]


def test_a_unit_is_worked_by_one_worker_at_a_time(redis: Redis) -> None:
    accept(redis)
    ours = Leases(redis)
    take(redis, ours)
    assert Leases(redis).take(KEY) is None
    assert ours.take(KEY) is None


def test_a_commit_stores_state_timers_journal_and_takes_the_events_off(redis: Redis) -> None:
    accept(redis, 3)
    lease = take(redis)
    entry = journal_line("sales-1", 1.0, "note", text="hello")
    left = lease.commit(
        Commit(
            decided=2,
            state='{"v":1}',
            outbox="[]",
            live=12.5,
            set_timers={"limit": 99.0},
            journal=[entry],
            counters=Counter({"a_total": 2}),
        )
    )
    assert len(ids(left)) == 1
    assert redis.get(keys.conference(KEY)) == b'{"v":1}'
    assert redis.zscore(keys.DUE, f"{KEY} limit") == 99.0
    assert redis.zscore(keys.LIVE, KEY) == 12.5
    assert [e["text"] for e in Journal(redis).of("sales-1")] == ["hello"]
    assert redis.hget(keys.METRICS, "a_total") == b"2"


def test_a_lease_is_given_back_only_when_nothing_came_meanwhile(redis: Redis) -> None:
    accept(redis)
    lease = take(redis)
    (later,) = accept(redis)
    assert ids(lease.commit(Commit(decided=1), release=True)) == [later]
    assert lease.commit(Commit(decided=1), release=True) is None
    assert Leases(redis).take(KEY) is not None


def test_an_event_that_comes_after_the_release_wakes_a_worker_again(redis: Redis) -> None:
    accept(redis)
    redis.delete(keys.QUEUE)
    take(redis).commit(Commit(decided=1), release=True)
    accept(redis)
    assert redis.lrange(keys.QUEUE, 0, -1) == [KEY.encode()]


def test_a_step_that_is_sent_again_because_its_answer_was_lost_counts_once(redis: Redis) -> None:
    sent = accept(redis, 3)
    lease = take(redis)
    step = Commit(decided=1, counters=Counter({"a_total": 1}))
    lease.commit(step)
    lease._number -= 1  # as if the answer had not arrived
    assert ids(lease.commit(step)) == sent[1:]
    assert redis.hget(keys.METRICS, "a_total") == b"1"


def test_who_lost_the_lease_changes_nothing_any_more(redis: Redis) -> None:
    accept(redis, 2)
    lease = take(redis)
    redis.delete(keys.lease(KEY))
    other = take(redis)
    with pytest.raises(LeaseLost):
        lease.commit(Commit(decided=2, state="stale"))
    assert redis.get(keys.conference(KEY)) is None
    assert len(other.taken.events) == 2


def test_a_lease_runs_out_unless_it_is_renewed(redis: Redis) -> None:
    accept(redis)
    kept, other = Leases(redis), Leases(redis)
    take(redis, kept)
    runs_out = {-2, *range(LEASE_MS + 1)}  # or has done so already, where we are slow
    assert redis.pttl(keys.lease(KEY)) in runs_out
    redis.pexpire(keys.lease(KEY), 10 * LEASE_MS)
    kept.renew()
    assert redis.pttl(keys.lease(KEY)) in runs_out
    redis.pexpire(keys.lease(KEY), 1)
    until(lambda: other.take(KEY) is not None, "the end of the lease")


def test_a_wake_up_can_be_asked_for_at_a_time(redis: Redis) -> None:
    accept(redis)
    take(redis).commit(Commit(decided=1), release=True, wake_at=1234.5)
    assert redis.zscore(keys.DUE, f"{KEY} ~") == 1234.5


def test_the_state_of_an_ended_conference_expires_and_that_of_a_live_one_does_not(
    redis: Redis,
) -> None:
    accept(redis)
    lease = take(redis)
    lease.commit(Commit(state="{}", ended=True))
    assert redis.ttl(keys.conference(KEY)) > 86400
    lease.commit(Commit(state="{}"))
    assert redis.ttl(keys.conference(KEY)) == -1


def test_a_wake_up_is_not_lost_on_a_worker_whose_release_is_just_being_answered(
    redis: Redis,
) -> None:
    accept(redis)
    leases = Leases(redis)
    take(redis, leases)
    redis.delete(keys.lease(KEY))  # Redis has released it; our thread has not read the answer yet
    assert len(take(redis, leases).taken.events) == 1


def test_one_process_does_not_take_a_unit_twice(redis: Redis) -> None:
    accept(redis)
    leases = Leases(redis)
    take(redis, leases)
    assert leases.take(KEY) is None


def test_the_time_of_redis_is_known_within_what_its_answer_took() -> None:
    clock = Clock(read=100.0, asked=time.monotonic() - 0.5)
    earliest, latest = clock.earliest(), clock.latest()
    assert earliest >= 100.0
    assert latest >= 100.5
    assert latest - earliest >= 0.5


def test_who_has_lost_the_lease_learns_it_before_a_call_goes_out(redis: Redis) -> None:
    leases = Leases(redis)
    lease = take(redis, leases)
    assert not lease.keep()
    redis.delete(keys.lease(KEY))
    leases.renew()
    with pytest.raises(LeaseLost):
        lease.keep()


def test_renewing_keeps_what_is_ours_and_nothing_else(redis: Redis) -> None:
    leases = Leases(redis)
    ours = take(redis, leases)
    other = leases.take(keys.conference_key("sales-2"))
    assert other is not None
    redis.set(keys.lease(other.key), "somebody-else:0")
    leases.renew()
    assert not ours.keep()
    assert redis.get(keys.lease(other.key)) == b"somebody-else:0"
    with pytest.raises(LeaseLost):
        other.keep()


def test_no_timer_is_stored_earlier_than_it_was_wanted(redis: Redis) -> None:
    wanted = 1_800_000_000.1234561
    take(redis).commit(Commit(set_timers={"limit": wanted}))
    stored = redis.zscore(keys.DUE, f"{KEY} limit")
    assert isinstance(stored, float)
    assert wanted <= stored < wanted + 2e-6
