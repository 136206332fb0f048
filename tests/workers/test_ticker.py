"""The clock of a worker process: it rests as long as nothing is due, and misses nothing."""

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.store import keys
from app.store.commit import Commit
from app.store.lease import Leases
from app.store.timers import Alarm, Tick
from tests.waiting import PATIENCE, until
from tests.workers.builders import context_of, enter
from workers import ticker
from workers.bootstrap import Context

KEY = keys.conference_key("sales-1")


@pytest.fixture
def context(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """With a clock that looks by itself once an hour, and has looked."""
    monkeypatch.setattr(ticker, "TICK_SECONDS", 3600.0)
    built, ended = context_of(redis, "http://127.0.0.1:1", tmp_path), threading.Event()
    clock = threading.Thread(target=ticker.tick_forever, args=(built, ended))
    clock.start()
    until(lambda: math.isfinite(built.leases.alarm._waits_until), "the clock to rest")
    yield built
    ended.set()
    built.leases.alarm.within(0.0)
    clock.join(PATIENCE)
    assert not clock.is_alive()


def test_a_timer_that_this_process_sets_is_seen_in_time(context: Context, redis: Redis) -> None:
    enter(redis)
    lease = context.leases.take(KEY)
    assert lease is not None
    lease.commit(Commit(decided=1, set_timers={"1.limit": time.time() + 0.05}), release=True)
    until(lambda: redis.llen(keys.inbox(KEY)) == 1, "the timer's event")


def test_a_call_that_waits_for_its_time_is_woken_in_time(context: Context, redis: Redis) -> None:
    enter(redis)
    lease = context.leases.take(KEY)
    assert lease is not None
    redis.delete(keys.QUEUE)
    lease.commit(Commit(decided=1), release=True, wake_at=time.time() + 0.05)
    until(lambda: redis.lrange(keys.QUEUE, 0, -1) == [KEY.encode()], "the unit to be woken")


def test_a_unit_that_another_one_holds_is_looked_after_when_its_lease_is_over(
    context: Context, redis: Redis
) -> None:
    enter(redis)
    assert Leases(redis).take(KEY) is not None  # and its worker dies
    redis.pexpire(f"gavel:lease:{KEY}", 50)
    redis.delete(keys.QUEUE)
    assert context.leases.take(KEY) is None
    until(lambda: redis.lrange(keys.QUEUE, 0, -1) == [KEY.encode()], "the unit to be woken")


def test_what_is_due_first_ends_the_pause() -> None:
    assert Tick(10.0, 0, 12.0, 11.0).pause() == 1.0
    assert Tick(10.0, 0, 12.0, None).pause() == 2.0
    assert Tick(10.0, 0, None, 9.0).pause() == 0.0
    assert Tick(10.0, 0, None, None).pause() == math.inf


def test_an_alarm_that_came_before_the_pause_ends_it() -> None:
    alarm = Alarm()
    alarm.within(0.0)
    alarm.wait(3600.0)


def test_an_alarm_ends_one_pause_only() -> None:
    alarm = Alarm()
    alarm.within(0.0)
    alarm.wait(3600.0)
    ended = threading.Event()
    waiting = threading.Thread(target=lambda: (alarm.wait(3600.0), ended.set()), daemon=True)
    waiting.start()
    until(lambda: math.isfinite(alarm._waits_until), "it to wait")
    assert not ended.is_set()
    alarm.within(0.0)
    assert ended.wait(PATIENCE)
