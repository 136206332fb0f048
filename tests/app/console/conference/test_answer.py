"""The sentence on a conference: what went wrong and is tried again first, then what came of it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.console.conference.answer import answer
from app.store import keys
from app.store.commit import journal_line
from app.store.published_rules import Published
from app.story.telling import Telling, Words
from tests.app.console.person import Person
from tests.app.console.test_live import live

Visit = Callable[..., Person]
Entry = dict[str, Any]
ERROR = "POST /Conference/room%20/Member/1/Mute/ was answered 503: no"


def call(id: str, status: str, verb: str = "speak", **more: Any) -> Entry:
    return {"kind": "call", "call": id, "verb": verb, "members": ["1"], "status": status} | more


def run(rule: str, outcome: str = "applied") -> Entry:
    return {"kind": "run", "rule": rule, "outcome": outcome, "event": "evt-1"}


def skipped(*groups: tuple[str, str], times: int = 1) -> list[Entry]:
    told = [{"reason": reason, "rules": [rule]} for rule, reason in groups]
    return [{"kind": "event", "event": {"id": "evt-1"}, "skipped": told}] * times


def said(*entries: Entry, rules: Published | None = None) -> tuple[str, str]:
    found = answer(entries, Telling(Words({}, {})), rules or Published(), None)
    return found.bad, found.rest


def test_what_was_given_up_comes_first_with_its_cause() -> None:
    gone = f"expired after 8 attempts: {ERROR}"
    told = "speak (expired after 8 attempts: Plivo answered 503: no)"
    assert said(run("Greet"), call("1", "failed", error=gone)) == (
        f"1 call was given up: {told}",
        "1 rule did something.",
    )
    of_two = [call(id, "failed", error=gone) for id in "12"]
    assert said(*of_two)[0] == f"2 calls were given up: {told}"
    assert said(*of_two, call("3", "failed", "mute"))[0] == (
        f"3 calls were given up: {told}, 2 times; mute"
    )


def test_what_was_not_sent_since_its_time_was_over_was_given_up() -> None:
    over = call("1", "dropped", error="expired")
    assert said(over)[0] == (
        "1 call was given up: speak (its time was over before it could be sent)"
    )
    assert said(call("1", "retry", attempt=3, error=ERROR), over)[0] == (
        "1 call was given up: speak (expired after 3 attempts: Plivo answered 503: no)"
    )
    assert said(call("1", "dropped", error="the conference ended"))[0] == ""
    assert said(call("1", "failed"), call("1", "done"))[0] == ""
    assert said(call("1", "unknown"))[0] == "The outcome of 1 call is unknown"


def test_what_people_did_is_told_apart_from_rules() -> None:
    acts = [run("by hand (Anna)")] * 3 + [run("by hand (Ben)")]
    told = "4 things were done by hand (Anna and Ben)."
    assert said(*acts)[1] == f"No rule did anything, {told}"
    assert said(run("Greet"), *acts)[1] == f"1 rule did something, {told}"


NAME = "conference.name is 'room', not demo-*"
OFF = "`conference.recording` is false"


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([("A", OFF)], "1 rule never applied: “A”: conference.recording is false."),
        ([("A", "x"), ("B", "x")], "2 rules never applied: x."),
        ([("A", "x"), ("B", "x"), ("C", "y")], "3 rules never applied: mostly because x."),
        ([("A", "x"), ("B", NAME)], f"2 rules never applied: “B”: {NAME}; the others below."),
        ([("A", "x"), ("A", "x"), ("A", NAME)], f"1 rule never applied: “A”: {NAME}."),
    ],
)
def test_why_rules_never_applied(groups: list[tuple[str, str]], told: str) -> None:
    assert said(*skipped(*groups))[1] == f"No rule did anything, {told}"


def test_a_rule_that_is_often_not_meant_is_one_reason_and_one_that_is_off_is_none() -> None:
    entries = [*skipped(("Noisy", "x"), times=50), *skipped(("B", "y"), ("C", "y"))]
    assert said(*entries)[1].endswith("3 rules never applied: mostly because y.")
    off = Published(rules={"n": "Noisy"}, about={"n": {"enabled": False}})
    assert said(*entries, rules=off)[1].endswith("2 rules never applied: y.")


def trying(redis: Redis, attempts: int) -> None:
    """A mute that has been made so often is made again, and two calls wait behind it."""
    rows = [({"verb": verb, "event": "e"}, 0, 0.0, False, False) for verb in ("speak", "kick")]
    first = ({"verb": "mute", "event": "e"}, attempts, time.time() + 9, False, False)
    stored = json.dumps({"entries": [first, *rows], "sent_at": 0.0})
    redis.set(keys.outbox(keys.conference_key("room")), stored)
    told = call("c1", "retry", "mute", event="e", attempt=attempts)
    live(redis, "room", journal_line("room", time.time(), **told))


def test_what_is_tried_again_is_told_on_its_page_and_marked_on_live(
    visit: Visit, redis: Redis
) -> None:
    trying(redis, 1)
    person = visit("viewer")
    pages = f"/c/{keys.conference_key('room')}", "/live"
    assert not any("being tried again" in person.get(page).text for page in pages)
    trying(redis, 8)
    page, overview = (person.get(page).text for page in pages)
    assert 'class="answer trouble"' in page
    assert "mute is being tried again</strong> (8 tries, next in <span" in page
    assert "2 things wait behind it" in page
    assert "a call is being tried again" in overview


def test_live_tells_what_a_rule_did_last_and_not_what_a_person_did(
    visit: Visit, redis: Redis
) -> None:
    now = time.time()
    lines = [
        journal_line("room", now, "run", rule=rule, outcome="applied", event="e")
        for rule in ("Greet", "by hand (Anna)")
    ]
    live(redis, "room", *lines)
    text = visit("viewer").get("/live").text
    assert ("Greet" in text, "by hand" in text) == (True, False)
    expired = call("c1", "dropped", error="expired", event="e")
    live(redis, "room", journal_line("room", now, **expired))
    assert "a call was given up" in visit("viewer").get("/live").text
