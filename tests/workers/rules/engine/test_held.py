"""What waits for a rule that is away for a moment, and what is remembered of it."""

from dataclasses import replace
from typing import Any

from app.domain.conference import Conference
from tests.workers.rules.engine.builders import (
    START,
    Timeline,
    book,
    mute,
    rule,
    speak,
    wait,
    webhook,
)
from workers.rules.engine.index import Rules
from workers.rules.engine.lasting.held import COOLDOWNS_KEPT, HELD
from workers.rules.vocabulary.model import Rule


def later(**options: Any) -> Rule:
    return rule("member.entered", wait(10.0), speak(**options), name="later", id="1")


def with_rules(room: Timeline, rules: Rules, digest: str) -> None:
    room.rules = replace(rules, digest=digest)
    room.happen("rules.changed", uuid="")


def waiting_room(*rules: Rule) -> Timeline:
    room = Timeline(book(*(rules or (later(),))))
    room.enter(1)
    return room


def gone_for(room: Timeline, seconds: float) -> None:
    """The rules are away, and back."""
    rules = room.rules
    with_rules(room, book(), "none")
    room.pass_time(seconds)
    with_rules(room, rules, "again")


def test_a_run_goes_on_in_time_when_its_rule_is_back_before() -> None:
    room = waiting_room()
    gone_for(room, 5.0)
    room.pass_time(4.9)
    assert not room.calls
    room.pass_time(0.2)
    assert room.calls == [("speak", "all")]
    assert room.conference.timers == {}


def test_a_run_whose_time_came_meanwhile_goes_on_when_its_rule_is_back() -> None:
    room = waiting_room(later(expires_in=60.0))
    gone_for(room, 30.0)
    assert not room.calls
    room.pass_time(0.0)
    assert room.calls == [("speak", "all")]
    call = room.decisions[-1].calls[0]
    assert (call.at, call.expires_at) == (START + 30.0, START + 70.0)


def test_what_has_expired_while_its_rule_was_away_is_not_done() -> None:
    room = waiting_room(later(expires_in=10.0))
    gone_for(room, 30.0)
    room.pass_time(0.0)
    assert not room.calls
    assert "20 s late" in room.decisions[-1].runs[0].reason or room.runs[-1][1] == "skipped"


def test_a_run_is_given_up_when_its_rule_does_not_come_back() -> None:
    room = waiting_room()
    gone_for(room, HELD + 1)
    room.pass_time(100.0)
    assert not room.calls
    assert not room.conference.waiting
    assert not room.conference.timers
    held = "the run of rule “later” is held: its rule was changed or removed"
    assert room.notes[0].startswith(held)
    assert any("does not go on: its rule was changed or removed" in note for note in room.notes)


def test_a_wait_longer_than_the_hold_is_given_up_with_its_timer() -> None:
    room = waiting_room(rule("member.entered", wait(500.0), speak(), name="later", id="1"))
    gone_for(room, HELD + 1)
    assert not room.conference.waiting
    assert not room.conference.timers


def test_a_rule_that_rests_is_away() -> None:
    room = waiting_room()
    with_rules(room, book(replace(later(), enabled=False)), "resting")
    room.pass_time(20.0)
    assert not room.calls
    with_rules(room, book(later()), "again")
    room.pass_time(0.0)
    assert room.calls == [("speak", "all")]


def test_a_run_whose_webhook_is_through_meanwhile_goes_on_when_its_rule_is_back() -> None:
    room = waiting_room(rule("member.entered", webhook(), mute(), name="later", id="1"))
    rules = room.rules
    with_rules(room, book(), "none")
    run = next(iter(room.conference.waiting))
    room.happen("step.done", run=run, step=0, verb="webhook")
    with_rules(room, rules, "again")
    room.pass_time(0.0)
    assert room.calls == [("webhook",), ("mute", "1")]


def test_held_runs_end_with_their_conference() -> None:
    room = waiting_room()
    with_rules(room, book(), "none")
    room.exit(1)
    assert not room.conference.waiting
    assert not room.conference.timers


def test_a_held_run_lives_in_the_stored_state() -> None:
    room = waiting_room()
    rules = room.rules
    with_rules(room, book(), "none")
    room.pass_time(20.0)
    room.conference = Conference.from_json(room.conference.to_json())
    with_rules(room, rules, "again")
    room.pass_time(0.0)
    assert room.calls == [("speak", "all")]


def test_once_and_cooldown_are_remembered_while_a_rule_is_away() -> None:
    room = waiting_room(
        rule("member.entered", mute(), cooldown=600.0, name="cool"),
        rule("member.entered", speak(), once="conference", name="once"),
    )
    gone_for(room, 120.0)
    before = len(room.calls)
    room.enter(2)
    assert len(room.calls) == before == 2


def test_cooldowns_of_rules_that_are_away_are_few() -> None:
    room = waiting_room()
    for number in range(COOLDOWNS_KEPT + 10):
        cool = rule("member.entered", mute(), cooldown=60.0, name=f"r{number}")
        with_rules(room, book(cool), f"digest {number}")
        room.enter(number + 2)
    with_rules(room, book(), "none")
    assert len(room.conference.cooldowns) == COOLDOWNS_KEPT


def test_state_of_the_version_before_is_known_by_the_ids_of_then() -> None:
    every = rule("member.entered", speak(), wait(10.0), mute(), name="a", id="old", once="member")
    room = waiting_room(every, rule("member.entered", mute(), cooldown=60.0, name="b", id="was"))
    ids = {"old": "new", "was": "is"}
    renamed = [replace(one, id=ids[one.id], former_id=one.id) for one in room.rules.rules]
    with_rules(room, book(*renamed), "upgraded")
    room.enter(1, uuid="")
    assert list(room.conference.cooldowns) == ["is"]
    assert all(".new." in key for key in room.conference.once)
    room.pass_time(10.0)
    assert room.calls[-1] == ("mute", "1")
