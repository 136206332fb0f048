"""A conference's page: its story in the words of `gavel why`, safe from hostile texts."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.console.conference.doubts import GIVEN_UP, NOT_YET, UNKNOWN
from app.domain.conference import Member, Past, Timer
from app.store import keys
from app.store.commit import journal_line
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE, live

Visit = Callable[..., Person]
WORDS = {"member.entered": "{who} entered"}


def event(name: str, **more: Any) -> str:
    told = {"id": "evt-1", "kind": "member.entered", "uuid": "u", "data": {"member_id": "1"}}
    told["data"] = {"member_id": "1", "from": "+14155550100"} | more.pop("data", {})
    return journal_line(name, time.time(), "event", event=told, **more)


def call(name: str, status: str) -> str:
    fields = {"call": "c1", "verb": "mute", "members": ["1"], "event": "evt-1", "ms": 12}
    return journal_line(name, time.time(), "call", status=status, **fields)


def run(name: str, rule: str, outcome: str = "applied") -> str:
    return journal_line(name, time.time(), "run", rule=rule, outcome=outcome, event="evt-1")


def page(person: Person, name: str) -> str:
    return person.get(f"/c/{keys.conference_key(name)}").text


def test_the_story_is_told_in_the_words_of_the_catalogue(
    visit: Visit, redis: Redis, publish: Callable[..., None]
) -> None:
    person = visit("viewer")
    publish(words=WORDS, said={"mute": "mute"})
    skipped = [{"reason": "conference.name is 'room', not demo-*", "rules": ["Greet"]}]
    due = Timer("1.limit", time.time() + 240, "limit")
    entered = event("room", ran=1, skipped=skipped)
    live(redis, "room", entered, run("room", "Mute"), call("room", "done"), timers={due.id: due})
    text = page(person, "room")
    for part in ("…0100 (member 1) entered", "rule “Mute”", "mute member 1", "its time limit"):
        assert part in text
    assert "1 rule did something, 1 rule never applied: “Greet”: conference.name is" in text
    assert "1 did not apply" in text
    assert "+14155550100" not in text
    assert f"/c/{keys.conference_key('room')}" in person.get("/live").text


def test_what_was_given_up_is_in_the_answer(visit: Visit, redis: Redis) -> None:
    live(redis, "room", run("room", "Mute"), call("room", "failed"))
    text = page(visit("viewer"), "room")
    assert 'class="answer trouble"' in text
    assert "<strong>1 call was given up: mute.</strong>" in text


@pytest.mark.parametrize(
    ("verb", "status", "muted", "says"),
    [
        ("mute", "failed", True, "mute was given up"),
        ("unmute", "failed", False, "unmute was given up"),
        ("mute", "unknown", True, "mute has an unknown outcome"),
        ("mute", "done", True, ">muted<"),
        ("mute", "failed", False, ""),  # Plivo's list has told
    ],
)
def test_a_member_is_told_as_muted_only_where_the_call_was_made(
    visit: Visit, redis: Redis, verb: str, status: str, muted: bool, says: str
) -> None:
    member = Member("1", {"id": "1", "from": "+14155550100", "muted": muted}, time.time())
    made = call("room", status).replace('"mute"', f'"{verb}"')
    live(redis, "room", event("room"), made, members={"1": member})
    assert members_of(page(visit("operator"), "room"), verb, ">muted<") == says


def members_of(text: str, verb: str, *also: str) -> str:
    """Which of what may be said of a member stands in the table of members."""
    table = text[text.index("members-title") :]
    told = [f"{verb} {words}" for words in (GIVEN_UP, NOT_YET, UNKNOWN)]
    return "".join(words for words in (*told, *also) if words in table)


def test_a_mute_that_waits_to_be_made_is_told_as_not_done_yet(visit: Visit, redis: Redis) -> None:
    member = Member("1", {"id": "1", "muted": True}, time.time())
    live(redis, "room", event("room"), call("room", "done"), members={"1": member})
    waiting = [{"verb": "mute", "members": ["all"]}, 3, time.time() + 9, False, False]
    stored = json.dumps({"entries": [waiting], "sent_at": 0})
    redis.set(keys.outbox(keys.conference_key("room")), stored)
    text = page(visit("viewer"), "room")
    assert members_of(text, "mute", ">muted<") == "mute is not done yet"


def test_hostile_texts_are_text(visit: Visit, redis: Redis) -> None:
    skipped = [{"reason": HOSTILE, "rules": [HOSTILE]}]
    entered = event(HOSTILE, data={"caller_name": HOSTILE}, ran=0, skipped=skipped)
    live(redis, HOSTILE, entered, run(HOSTILE, HOSTILE), run(HOSTILE, HOSTILE, HOSTILE))
    text = page(visit("viewer"), HOSTILE)
    for evil in ("<script>alert", "<img", "5332114", "\x1b", "\u202e"):
        assert evil not in text


@pytest.mark.parametrize("key", ["x", "x" * 22, "x" * 5000, "%00", "%3Cscript%3E"])
def test_of_what_is_not_known_the_page_says_so(visit: Visit, key: str) -> None:
    answer = visit("viewer").get(f"/c/{key}")
    assert (answer.status_code, "nothing is known" in answer.text) == (404, True)


def test_what_rules_remember_of_a_live_conference_is_shown_masked(
    visit: Visit, redis: Redis
) -> None:
    live(redis, "room", event("room"), vars={"raised": ["10", "+14155550100"], "stage": HOSTILE})
    text = page(visit("viewer"), "room")
    assert "Remembered" in text
    assert ">raised</span>" in text
    assert "+14155550100" not in text
    assert HOSTILE not in text
    live(redis, "quiet", event("quiet"))
    assert "Remembered" not in page(visit("viewer"), "quiet")


def test_an_instance_that_is_not_known_is_none(visit: Visit, redis: Redis) -> None:
    live(redis, "room", event("room"))
    address = f"/c/{keys.conference_key('room')}"
    answer = visit("operator").get(f"{address}?i=nonsense")
    assert (answer.status_code, 'id="act"' in answer.text) == (404, False)
    for known in ("u", "uuid-room"):  # by the journal, and by the state
        assert visit("operator").get(f"{address}?i={known}").status_code == 200


def test_a_conference_ends_when_it_ended_whatever_is_heard_later(
    visit: Visit, redis: Redis
) -> None:
    began = int(time.time()) - 900.0

    def at(seconds: float, kind: str, id: str) -> str:
        told = {"id": id, "kind": kind, "uuid": "u", "data": {"member_id": "1"}}
        return journal_line("room", began + seconds, "event", event=told)

    told = at(0, "member.entered", "e1"), at(22, "member.exited", "e2"), at(633, "timer", "e3")
    over = Past(1, "u", began, began + 22)
    for past in ((over,), ()):
        redis.delete(keys.journal(keys.conference_key("room")))
        live(redis, "room", *told, live=False, uuid="", members={}, past=past)
        text = page(visit("viewer"), "room")
        assert "lasted 0:22" in text
        assert ">+0:22</text>" in text


def test_a_call_below_a_later_event_names_its_rule(visit: Visit, redis: Redis) -> None:
    later = {"id": "evt-2", "kind": "member.entered", "uuid": "u", "data": {"member_id": "2"}}
    second = journal_line("room", time.time(), "event", event=later)
    of_rule = call("room", "retry").replace('"verb"', '"rule":"Mute","verb"')
    live(redis, "room", event("room"), run("room", "Mute"), second, of_rule)
    assert "(rule “Mute”)" in page(visit("viewer"), "room")


def test_the_head_tells_when_and_by_what_it_ended_and_how_many_were_in(
    visit: Visit, redis: Redis
) -> None:
    began = 1_795_730_000.0

    def at(seconds: float, kind: str, member: str) -> str:
        id = f"{kind}{member}"
        told = {"id": id, "kind": kind, "uuid": "u", "data": {"member_id": member}}
        return journal_line("room", began + seconds, "event", event=told)

    told = [at(0, "member.entered", "1"), at(1, "member.exited", "1")]
    told += [at(number, "member.entered", str(number)) for number in (2, 3)]
    hung_up = {"call": "c", "verb": "hang_up", "status": "done", "rule": "time limit", "event": "e"}
    limit = journal_line("room", began + 59, "call", **hung_up)
    for number, (last, said) in enumerate(
        (([], " by the last who left UTC"), ([limit], " by the time limit UTC"))
    ):
        left = [at(60, "member.exited", id) for id in "23"]
        name = f"room-{number}"
        live(redis, name, *told, *last, *left, live=False, uuid="", members={})
        text = page(visit("viewer"), name)
        assert f"Began 2026-11-26 21:53:20, ended 21:54:20{said}" in text
        assert "3 members in all, 2 at most at the same time" in text


def test_tries_of_a_call_are_folded_below_the_last_and_a_long_story_has_a_way_to_its_end(
    visit: Visit, redis: Redis
) -> None:
    live(redis, "room", event("room"), run("room", "Mute"), call("room", "retry"))
    text = page(visit("viewer"), "room")
    assert ("will be tried again" in text, "before</summary>" in text) == (True, False)
    assert 'href="#newest"' not in text
    for seconds in range(3):
        later = json.dumps(json.loads(call("room", "retry")) | {"at": time.time() + seconds})
        redis.rpush(keys.journal(keys.conference_key("room")), later)
    live(redis, "room", call("room", "done"), *[event("room")] * 20)
    text = page(visit("viewer"), "room")
    assert ">4 tries before</summary>" in text
    assert text.count(">mute member 1</span>") == 1
    assert text.count('href="#newest"') == text.count('id="newest"') == 1
