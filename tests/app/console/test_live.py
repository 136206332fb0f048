"""Live: what runs now, trouble first; hostile names; nothing is made anew that has not changed."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.console.live import SHOWN
from app.domain.conference import Conference, Member, Timer
from app.store import keys
from app.store.commit import journal_line
from tests.app.console.person import Person
from tests.waiting import until

Visit = Callable[..., Person]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 1234*4321 }}\x1b[2J\u202e"


def live(redis: Redis, name: str, *entries: str, **changes: Any) -> Conference:
    """A conference that runs, with what its journal tells."""
    started = changes.pop("started_at", time.time() - 60)
    member = {"id": "1", "from": "+14155550100", "caller_name": "Anna"}
    given = {"uuid": f"uuid-{name}", "live": True, "number": 1, "started_at": started}
    given["members"] = {"1": Member("1", member, started)}
    one = Conference(name, **(given | changes))
    key = keys.conference_key(name)
    redis.set(keys.conference(key), one.to_json())
    redis.zadd(keys.LIVE, {key: started})
    redis.zadd(keys.KNOWN, {key: started})
    redis.hset(keys.NAMES, key, name)
    if entries:
        redis.rpush(keys.journal(key), *entries)
    redis.incr(keys.COMMITS)
    return one


def give_up(redis: Redis, conference: str, **more: Any) -> None:
    call = {"id": "call-1", "conference": conference, "verb": "mute", "members": ["1"]}
    call |= {"rule": "Mute", "uuid": "", "expires_at": None, "at": time.time()}
    row = {"call": call | more, "at": time.time(), "error": "400 from Plivo"}
    redis.rpush(keys.GIVEN_UP, json.dumps(row))


def test_each_conference_says_how_it_is(visit: Visit, redis: Redis) -> None:
    now = time.time()
    ran = journal_line("standup", now - 5, "run", rule="Record it", outcome="applied", event="e")
    due = Timer("1.limit", now + 240, "limit")
    live(redis, "standup", ran, limit=300.0, recording=True, timers={due.id: due})
    text = visit("viewer").get("/live").text
    for part in ("standup", "1 member<", "recording", "Record it", "its time limit", "<progress"):
        assert part in text
    assert "<title>1 live" in text


def test_trouble_comes_first_then_the_newest(visit: Visit, redis: Redis) -> None:
    now = time.time()
    live(redis, "room-b", started_at=now - 10)
    live(redis, "room-c", started_at=now - 100)
    live(redis, "room-a", started_at=now - 1000)
    give_up(redis, "room-a")
    text = visit("viewer").get("/live").text
    assert text.index("room-a") < text.index("room-b") < text.index("room-c")
    assert "a call was given up and waits for you" in text


def test_a_call_that_failed_is_trouble_until_it_is_done(visit: Visit, redis: Redis) -> None:
    call = {"call": "c1", "verb": "mute", "members": ["1"]}
    failed = journal_line("room", time.time(), "call", status="failed", **call)
    live(redis, "room", failed)
    person = visit("viewer")
    assert "a call was given up" in person.get("/live").text
    live(redis, "room", journal_line("room", time.time(), "call", status="done", **call))
    assert "a call was given up" not in person.get("/live").text


def test_a_name_is_searched_for(visit: Visit, redis: Redis) -> None:
    live(redis, "townhall-1")
    live(redis, "standup")
    text = visit("viewer").get("/live?q=TOWN").text
    assert "townhall-1" in text
    assert "standup" not in text
    assert "Show all" in visit("viewer").get("/live?q=nothing").text


def test_more_than_fit_are_counted(visit: Visit, redis: Redis) -> None:
    for number in range(SHOWN + 3):
        live(redis, f"room-{number}")
    text = visit("viewer").get("/live").text
    assert f"These are {SHOWN} of {SHOWN + 3}" in text
    assert text.count('class="room') == SHOWN


@pytest.mark.parametrize("path", ["/live", "/live?q={}"])
def test_hostile_names_are_text(visit: Visit, redis: Redis, path: str) -> None:
    live(redis, HOSTILE, journal_line(HOSTILE, time.time(), "run", rule=HOSTILE, outcome="applied"))
    text = visit("viewer").get(path.format("%3Cscript%3E")).text
    assert "&lt;script&gt;" in text
    for evil in ("<script>", "<img", "5332114", "\x1b", "\u202e"):
        assert evil not in text


def test_a_hostile_name_of_a_person_is_text(visit: Visit) -> None:
    person = visit()
    person.sign_in_by_link("viewer", HOSTILE)
    assert "<script>alert" not in person.get("/live").text


def test_what_has_not_changed_is_not_made_anew(visit: Visit, redis: Redis) -> None:
    live(redis, "standup")
    person = visit("viewer")
    tag = person.tag_of_the_same("/live", X_Fragment="main")
    live(redis, "other")
    assert "other" in person.get("/live").text  # who asks is told what is so

    def news() -> bool:
        answer = person.get("/live", If_None_Match=tag, X_Fragment="main")
        told = (answer.status_code, "other" in answer.text, answer.headers["ETag"] != tag)
        return told == (200, True, True)

    until(news, "who looks for news gets it")


def test_a_page_that_many_look_at_is_made_from_one_look(visit: Visit, redis: Redis) -> None:
    live(redis, "standup")
    people = [visit("viewer") for _ in range(3)]
    for person in people:
        assert "standup" in person.get("/live").text
    live(redis, "other")
    for person in people:
        until(lambda p=person: "other" in p.get("/live", X_Fragment="main").text, "news for all")


def test_a_state_that_can_not_be_read_hides_no_other(visit: Visit, redis: Redis) -> None:
    live(redis, "good")
    live(redis, "bad")
    redis.set(keys.conference(keys.conference_key("bad")), "{")
    assert "good" in visit("viewer").get("/live").text


def test_what_is_wrong_with_all_is_said_on_every_page(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    assert "No worker is at work" in person.get("/live").text
    redis.set(keys.state_version(1), "1")
    redis.set(keys.RULES_BROKEN, "rules.yaml:1:1: error: no")
    text = person.get("/live").text
    assert "No worker is at work" not in text
    assert "The rules file is broken" in text


def test_the_empty_page_says_what_would_fill_it(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    assert "gavel sandbox play town-hall" in person.get("/live").text
    redis.zadd(keys.KNOWN, {keys.conference_key("standup"): time.time() - 720})
    redis.hset(keys.NAMES, keys.conference_key("standup"), "standup")
    redis.incr(keys.COMMITS)
    assert "12m ago" in person.get("/live").text
