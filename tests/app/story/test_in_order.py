"""Each line of a story belongs to its own event, and says whose it is where it stands elsewhere."""

from typing import Any

import pytest

from app.story.in_order import InOrder
from app.story.telling import Telling, Words, lasting, readable

WORDS = Words({"member.entered": "{who} entered", "timer": "time", "step.done": ""}, {})


def event(id: str, kind: str = "member.entered", **data: Any) -> dict[str, Any]:
    return {"kind": "event", "event": {"id": id, "kind": kind, "data": data}}


def run(of: str, rule: str = "Greet", outcome: str = "applied") -> dict[str, Any]:
    return {"kind": "run", "event": of, "rule": rule, "outcome": outcome}


def call(of: str, rule: str = "Greet", **more: Any) -> dict[str, Any]:
    told = {"kind": "call", "verb": "mute", "members": ["1"], "status": "done"}
    return told | {"event": of, "rule": rule} | more


def told(*entries: dict[str, Any], conferences: str = "") -> list[str]:
    story = InOrder(Telling(WORDS, everything=True))
    lines = []
    for number, entry in enumerate(entries):
        name = conferences[number] if conferences else "room"
        for line in story.lines({"at": 0.0, "conference": name, **entry}):
            lines.append("".join((line.head[1], *(text for _, text in line.rest))))
    return lines


def test_what_stands_below_its_own_event_is_told_as_ever() -> None:
    assert told(event("a", member_id="1"), run("a"), call("a"), call("x") | {"with": ["a"]}) == [
        "member 1 entered",
        "rule “Greet”",
        "mute member 1done",
        "mute member 1done",
    ]


def test_a_call_that_stands_below_a_later_event_names_its_rule() -> None:
    later = told(event("a"), run("a"), event("b"), call("a", status="retry"), call("b"))
    assert later[3:] == [
        "mute member 1failed, will be tried again  (rule “Greet”)",
        "mute member 1done",
    ]
    assert told(event("b"), call("a", "by hand (Anna)"))[1].endswith("done  (by hand (Anna))")
    assert told(event("b"), call("a", "time limit"))[1].endswith("done  (time limit)")


def test_a_rule_that_stands_below_another_event_says_what_it_ran_for() -> None:
    both = told(event("a", member_id="1"), event("b", member_id="2"), run("a"), call("a"), run("b"))
    assert both[2:] == [
        "rule “Greet”, for “member 1 entered”",
        "mute member 1done",
        "rule “Greet”, for “member 2 entered”",
    ]
    assert told(event("a"), event("s", "step.done"), run("s"))[1:] == [
        "rule “Greet”, which goes on"
    ]


def test_conferences_that_are_told_together_are_told_apart() -> None:
    entries = (event("a"), event("b"), run("a"), run("b"))
    assert told(*entries, conferences="1212")[2:] == ["rule “Greet”"] * 2


def test_what_a_person_did_is_no_rule() -> None:
    by_hand = "by hand (Anna)"
    assert told(event("a"), run("a", by_hand), call("a", by_hand))[1:] == ["mute member 1done"]
    assert told(event("a"), run("a", by_hand, "failed"))[1:] == ["by hand (Anna): failed"]


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (12.3, "12.3 ms"),
        (9999, "9999 ms"),
        (12600, "13 s"),
        (59949.9, "1 min 0 s"),
        (3_599_400, "59 min 59 s"),
        (7_500_000, "2 h 5 min"),
    ],
)
def test_how_long_it_took_is_told_in_one_or_two_units(ms: float, words: str) -> None:
    assert lasting(ms) == words


def test_an_address_in_an_error_names_the_conference_as_people_do() -> None:
    said = readable("POST /Conference/room%20%2F%20%C3%BC/Member/7/Mute/ was answered 503: 50%20")
    assert said == "POST /Conference/room / ü/Member/7/Mute/ was answered 503: 50%20"
    failed = call("a", status="failed", error="POST /Conference/a%20b/Member/7/Mute/: no")
    assert told(event("a"), failed)[1] == (
        "mute member 1given up: POST /Conference/a b/Member/7/Mute/: no"
    )
