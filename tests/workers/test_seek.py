"""Looking for recordings that have not come: a real Redis, and a double at Plivo's edge."""

import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.domain.event import Event, new_id
from app.domain.recording import Sought
from app.metrics.catalogue import RECORDINGS
from app.plivo.parse import identities
from app.store import keys
from app.store.inbox import Inbox
from app.store.recordings import SEARCH_SECONDS, Recordings, Searches
from tests import log_lines
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.workers.builders import context_of, enter, work_all, work_until
from tests.workers.plivo.test_recordings import listing, row
from workers.bootstrap import Context
from workers.seek import LONGEST, seek

KEY = keys.conference_key("sales-1")
RULES = """
version: 1
rules:
  - {name: Record, when: member.entered, do: [record]}
  - {name: Ready, when: recording.ready, do: [{log: "ready {{ recording.id }}"}]}
  - {name: Missing, when: {recording.missing: 100ms}, do: [{log: missing}]}
"""


@pytest.fixture
def context(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Context:
    return context_of(redis, edge.url, tmp_path, RULES)


def sought(redis: Redis, ago: float = 0.0) -> Sought:
    now = float(redis.time()[0])
    return Sought("sales-1", 1, "uuid-1", now - 900 - ago, now - 300 - ago, now - ago)


def wish(redis: Redis, one: Sought) -> None:
    redis.zadd(keys.SOUGHT, {one.to_json(): one.asked_at})


def accepted(redis: Redis) -> Sequence[Any]:
    entries: Any = redis.lrange(keys.inbox(KEY), 0, -1)
    return [json.loads(entry.partition(b" ")[2]) for entry in entries]


def waits(redis: Redis, one: Sought) -> float:
    """Seconds until Plivo is asked again."""
    at: Any = redis.zscore(keys.SOUGHT, one.to_json())
    return float(at) - float(redis.time()[0])


def end_unheard(redis: Redis, context: Context) -> None:
    """A recorded conference ends, its time to miss the recording comes; Plivo is to be asked."""
    enter(redis)
    work_all(context)
    data = {"member_id": "1", "call_uuid": "call-1"}
    Inbox(redis).accept(
        Event(new_id(), "member.exited", "sales-1", 0.0, "uuid-1", data), identities=[]
    )
    work_until(context, lambda: redis.exists(keys.SOUGHT) > 0)


def states(redis: Redis) -> dict[str, str]:
    return {one.id: one.state for one in Recordings(redis).find()[0]}


def story(redis: Redis) -> str:
    entries: Any = redis.lrange(keys.journal(KEY), 0, -1)
    return b"\n".join(entries).decode()


def test_what_plivo_has_becomes_ready_once_and_its_callback_is_a_duplicate(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    end_unheard(redis, context)
    edge.answers(listing(row()))
    seek(context, threading.Event())
    work_all(context)
    assert states(redis) == {"r1": "ready"}
    assert "ready r1" in story(redis)
    assert "Missing: missing" not in story(redis)
    assert not redis.exists(keys.SOUGHT)
    late = Event(new_id(), "recording.ready", "sales-1", 0.0, "", {"recording_id": "r1"})
    same = identities(late, "nonce", dedupe=60, replay=60)
    assert not Inbox(redis).accept(late, identities=same).new


def test_a_callback_that_came_meanwhile_wins(
    redis: Redis, edge: PlivoEdge, context: Context
) -> None:
    end_unheard(redis, context)
    data = {"recording_id": "r1", "url": "https://x/r1.mp3", "duration": 5.0}
    told = Event(new_id(), "recording.ready", "sales-1", 0.0, "", data)
    Inbox(redis).accept(told, identities=identities(told, "n", dedupe=60, replay=60))
    edge.answers(listing(row()))
    seek(context, threading.Event())
    work_all(context)
    assert story(redis).count("Ready: ready r1") == 1
    found = Recordings(redis).get("r1")
    assert found is not None
    assert (found.url, found.duration) == ("https://x/r1.mp3", 5.0)


def test_what_plivo_has_not_is_missing(redis: Redis, edge: PlivoEdge, context: Context) -> None:
    end_unheard(redis, context)
    edge.answers(listing())
    seek(context, threading.Event())
    work_all(context)
    assert list(states(redis).values()) == ["missing"]
    assert "Missing: missing" in story(redis)
    assert redis.hget(keys.METRICS, RECORDINGS.field("missing")) == b"1"


@pytest.mark.parametrize(
    "said", [answer(503), answer(401), answer(200, "no list"), listing(row(recording_url=""))]
)
def test_an_answer_that_tells_nothing_is_asked_for_again_and_missing_is_not_told(
    redis: Redis, edge: PlivoEdge, context: Context, said: bytes
) -> None:
    end_unheard(redis, context)
    edge.answers(said)
    seek(context, threading.Event())
    work_all(context)
    assert list(states(redis).values()) == ["started"]
    assert "Missing: missing" not in story(redis)
    seek(context, threading.Event())
    assert len(edge.seen) == 2  # the record, and one question
    assert redis.zcard(keys.SOUGHT) == 1


def test_it_is_asked_again_later_and_later_and_not_for_ever(
    redis: Redis, edge: PlivoEdge, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = []
    with caplog.at_level(logging.WARNING):
        for ago in (0.0, 25.0, 1000.0, 20_000.0):
            redis.flushall()
            one = sought(redis, ago)
            wish(redis, one)
            edge.answers(answer(503, {"api_id": "a-7", "error": "busy"}))
            seek(context, threading.Event())
            pauses.append(waits(redis, one))
    assert pauses == pytest.approx([10, 25, 1000, 3600], abs=5)
    assert "api_id=a-7" in log_lines.text(caplog)
    one = sought(redis, LONGEST + 1)
    wish(redis, one)
    edge.answers(answer(503))
    seek(context, threading.Event())
    (told,) = accepted(redis)
    assert told["kind"] == "recordings.sought"
    assert "503" in told["data"]["error"]
    assert redis.zscore(keys.SOUGHT, one.to_json()) is None


def test_a_search_whose_worker_died_comes_again(redis: Redis) -> None:
    one, searches = sought(redis), Searches(redis)
    wish(redis, one)
    assert searches.take(8)[1] == [one]
    assert searches.take(8)[1] == []
    assert waits(redis, one) == pytest.approx(SEARCH_SECONDS, abs=2)
    redis.zadd(keys.SOUGHT, {one.to_json(): 1.0})
    assert searches.take(8)[1] == [one]
    searches.end(one)
    searches.again(one, 5.0)
    assert not redis.exists(keys.SOUGHT)


def test_a_search_that_can_not_be_read_holds_up_no_other(redis: Redis) -> None:
    one = sought(redis)
    wish(redis, one)
    redis.zadd(keys.SOUGHT, {'{"colour":"green"}': 1.0, "{": 1.0})
    assert Searches(redis).take(8)[1] == [one]
    assert redis.zcard(keys.SOUGHT) == 1
