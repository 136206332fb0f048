"""What a person asks for is decided as a rule's step is."""

from typing import Any

from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    UUID,
    Timeline,
    book,
    mute,
    rule,
    speak,
)
from workers.rules.engine.run import Decision
from workers.rules.vocabulary.model import Limit


def ask(room: Timeline, do: Any, uuid: str = "", **more: Any) -> Decision:
    data = {"do": do, "operator": "anna", "how": "cli", "asked": "x", "reason": "noise", **more}
    return room.happen("operator.acted", uuid, **data)


def outcome(decision: Decision) -> tuple[str, str, str]:
    (run,) = decision.runs
    return run.rule, run.outcome, run.reason


def test_it_becomes_a_call_and_a_run_that_says_who() -> None:
    room = Timeline(book())
    room.enter(1)
    decision = ask(room, {"mute": "all"})
    assert outcome(decision) == ("by hand (anna)", "applied", "")
    (call,) = decision.calls
    assert (call.verb, call.members, call.uuid) == ("mute", ("all",), UUID)
    assert (call.event, call.id) == ("evt-0002", "evt-0002.0.0")
    assert call.expires_at == room.at + 60
    assert room.conference.members["1"].facts["muted"] is True


def test_it_takes_its_place_among_the_events() -> None:
    room = Timeline(book(rule("member.entered", mute())))
    events = [
        room.event("member.entered", member_id="1"),
        room.event("operator.acted", "", do={"unmute": ["1"]}, operator="anna", how="cli"),
        room.event("member.entered", member_id="2"),
    ]
    assert [(c.verb, *c.members) for c in room.feed(*events).calls] == [
        ("mute", "1"),
        ("unmute", "1"),
        ("mute", "2"),
    ]


def test_a_template_of_a_person_is_said_as_it_stands() -> None:
    room = Timeline(book())
    room.enter(1)
    text = "{{ conference.members }}"
    (call,) = ask(room, {"speak": {"to": "all", "text": text}}).calls
    assert call.params["text"] == text


def test_what_is_no_step_changes_nothing_and_the_run_says_why() -> None:
    room = Timeline(book())
    room.enter(1)
    before = room.conference
    decision = ask(room, {"mut": "all"})
    assert decision.calls == ()
    name, how, why = outcome(decision)
    assert (name, how) == ("by hand (anna)", "failed")
    assert "did you mean 'mute'?" in why
    assert room.conference == before


def test_it_is_not_done_in_another_instance_than_the_one_that_was_meant() -> None:
    room = Timeline(book())
    room.enter(1)
    assert "has ended" in outcome(ask(room, {"hang_up": "conference"}, OTHER_UUID))[2]
    assert room.calls == []
    ask(room, {"hang_up": "conference"}, UUID)
    assert room.calls == [("hang_up",)]


def test_the_limit_is_extended_by_hand() -> None:
    room = Timeline(book(limits=(Limit(600.0),)))
    room.enter(1)
    assert outcome(ask(room, {"extend": "5m"}))[1] == "applied"
    assert room.conference.limit == 900.0
    quiet = Timeline(book())
    quiet.enter(1)
    assert outcome(ask(quiet, {"extend": "5m"}))[1:] == (
        "failed",
        "this conference has no limit to extend",
    )


def test_a_trigger_by_hand_runs_the_rules_that_wait_for_it() -> None:
    room = Timeline(book(rule(("trigger", "go"), speak())))
    room.enter(1)
    decision = ask(room, {"trigger": "go"})
    assert [run.rule for run in decision.runs] == ["by hand (anna)", "A rule"]
    assert room.calls == [("speak", "all")]


def test_nobody_there_is_no_failure() -> None:
    room = Timeline(book())
    room.enter(1)
    room.exit(1)
    assert outcome(ask(room, {"kick": ["1"]}))[1:] == ("skipped", "kick: nobody there")
