"""The port to the telephony side: whoever is behind it says `CallError`, and no more is asked."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from redis import Redis

from app.domain.call import Call
from app.domain.recording import Sought
from app.store import keys
from tests.workers.builders import context_of, enter, work_all
from workers.conference.api import FoundRecording, Observed
from workers.conference.errors import CallError
from workers.reconcile import reconcile, reconcile_round


class Elsewhere:
    """A provider that does nothing of what is asked."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def perform(self, call: Call) -> None:
        raise CallError("not now", kind="temporary", sent="no", status=503)

    def list_conferences(self) -> Sequence[str]:
        if not self.names:
            raise CallError("not now", kind="temporary", sent="no", status=503)
        return self.names

    def get_conference(self, name: str) -> Observed:
        raise CallError("there is none", kind="gone", sent="yes", status=404)

    def find_recordings(self, sought: Sought, now: float) -> Sequence[FoundRecording]:
        raise CallError("not now", kind="temporary", sent="no", status=503)


def failures(redis: Redis) -> int:
    """What the budget knows of calls that failed."""
    return int(redis.hget("gavel:budget:breaker", "failures") or 0)


def test_the_budget_hears_of_a_call_that_failed(redis: Redis, tmp_path: Path) -> None:
    context = replace(context_of(redis, "http://127.0.0.1:1", tmp_path), api=Elsewhere())
    enter(redis)
    work_all(context)
    assert failures(redis) == 1


def test_a_list_that_is_refused_is_asked_for_again(redis: Redis, tmp_path: Path) -> None:
    context = replace(context_of(redis, "http://127.0.0.1:1", tmp_path), api=Elsewhere())
    assert not reconcile_round(context, threading.Event())
    assert failures(redis) == 1


def test_a_conference_that_is_gone_there_is_told(redis: Redis, tmp_path: Path) -> None:
    context = replace(context_of(redis, "http://127.0.0.1:1", tmp_path), api=Elsewhere("sales-1"))
    assert reconcile(context, threading.Event())
    [accepted] = redis.lrange(keys.inbox(keys.conference_key("sales-1")), 0, -1)
    assert b'"gone":true' in accepted
