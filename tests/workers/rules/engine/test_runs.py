"""Waits, webhooks, follow-up triggers, failures, `once`, `cooldown`, `dry_run`, targets."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.call import Call
from app.domain.silence import Silence
from tests.workers.rules.engine.builders import (
    ALL,
    NAME,
    OTHER_UUID,
    START,
    UUID,
    Holds,
    Says,
    Timeline,
    book,
    condition,
    mute,
    never,
    rule,
    speak,
    step,
    wait,
    webhook,
)
from workers.rules.engine.index import Rules
from workers.rules.engine.inner_steps import MOST_DESCENDANTS, MOST_TRIGGERS
from workers.rules.vocabulary.actions import VERBS
from workers.rules.vocabulary.model import Limit, Step, Target

NOBODY_SAID = Says(lambda fields: fields["data"]["name"])


def failure(room: Timeline, call: Call, **more: object) -> None:
    data = {"run": call.run, "step": call.step, "call": call.id, "verb": call.verb}
    room.happen("action.failed", **data, rule=call.rule, error="503", **more)


def done(room: Timeline, call: Call) -> None:
    data = {"run": call.run, "step": call.step, "call": call.id, "verb": call.verb}
    room.happen("step.done", **data)


# Waits


def test_a_wait_goes_on_later_with_what_the_event_said() -> None:
    text = Says(lambda fields: f"{fields['member']['from']} pressed {fields['digits']}")
    room = Timeline(book(rule("member.digits", wait(8.0), speak(text))))
    room.enter(1, **{"from": "+1"})
    room.happen("member.digits", member_id="1", digits="7")
    room.pass_time(7.9)
    assert room.calls == []
    room.pass_time(0.2)
    (call,) = room.decisions[-1].calls
    assert call.params["text"] == "+1 pressed 7"
    assert call.id.startswith("evt-0002.")


def test_others_go_on_while_a_run_waits() -> None:
    room = Timeline(book(rule("member.entered", wait(8.0), mute())))
    room.enter(1)
    room.pass_time(4)
    room.enter(2)
    room.pass_time(10)
    assert room.calls == [("mute", "1"), ("mute", "2")]


def test_a_wait_ends_with_its_conference() -> None:
    room = Timeline(book(rule("member.entered", wait(8.0), mute())))
    room.enter(1)
    room.exit(1)
    room.enter(2, uuid=OTHER_UUID)
    room.exit(2, uuid=OTHER_UUID)
    assert room.pass_time(60) == []
    assert "the conference has ended" in room.notes[0]


def test_a_run_that_the_end_started_may_wait() -> None:
    room = Timeline(book(rule("conference.ended", wait(8.0), webhook())))
    room.enter(1)
    room.exit(1)
    room.pass_time(10)
    assert room.calls == [("webhook",)]


def test_a_failed_step_drops_the_wait_of_its_run() -> None:
    room = Timeline(book(rule("member.entered", mute(), wait(8.0), speak())))
    decision = room.enter(1)
    failure(room, decision.calls[0])
    assert not room.conference.waiting
    assert not room.conference.timers
    assert room.pass_time(10) == []


def test_a_failed_step_that_may_fail_does_not_drop_the_wait() -> None:
    room = Timeline(book(rule("member.entered", mute(on_error="continue"), wait(8.0), speak())))
    decision = room.enter(1)
    failure(room, decision.calls[0])
    room.pass_time(10)
    assert room.calls[-1] == ("speak", "all")


def test_two_waits_of_a_run_follow_each_other() -> None:
    room = Timeline(book(rule("member.entered", wait(2.0), mute(), wait(3.0), speak())))
    room.enter(1)
    made = room.pass_time(10)
    assert [event.conference.seen for event in made]
    assert room.calls == [("mute", "1"), ("speak", "all")]
    assert [run.id for decision in room.decisions for run in decision.runs] == ["evt-0001.0"] * 3


# Web


def test_a_run_goes_on_when_its_webhook_is_through() -> None:
    room = Timeline(book(rule("member.entered", webhook(), speak())))
    decision = room.enter(1)
    assert room.calls == [("webhook",)]
    done(room, decision.calls[0])
    done(room, decision.calls[0])
    assert room.calls == [("webhook",), ("speak", "all")]


@pytest.mark.parametrize(("on_error", "after"), [("stop", []), ("continue", [("speak", "all")])])
def test_a_run_stops_or_goes_on_when_its_webhook_failed(
    on_error: str, after: list[tuple[str, ...]]
) -> None:
    room = Timeline(book(rule("member.entered", webhook(on_error=on_error), speak())))
    decision = room.enter(1)
    failure(room, decision.calls[0])
    assert room.calls[1:] == after
    assert not room.conference.waiting


def test_a_webhook_that_outlives_the_conference_goes_on_without_calling_into_it() -> None:
    room = Timeline(book(rule("member.entered", webhook(), speak(), webhook())))
    decision = room.enter(1)
    room.exit(1)
    done(room, decision.calls[0])
    assert room.calls == [("webhook",), ("webhook",)]


# Triggers


def test_a_trigger_action_is_decided_at_once() -> None:
    rules = book(
        rule("member.entered", step("trigger", name="vip", data={"tier": "gold"}), name="first"),
        rule(("trigger", "vip"), mute(), name="second"),
        rule(("trigger", "other"), mute(), name="third"),
    )
    room = Timeline(rules)
    decision = room.enter(1)
    assert room.calls == [("mute", "1")]
    (follow_up,) = decision.events
    assert follow_up.data == {
        "name": "vip",
        "data": {"tier": "gold"},
        "member_id": "1",
        "chain": 1,
    }


def test_triggers_that_trigger_each_other_end() -> None:
    room = Timeline(book(rule(("trigger", "again"), step("trigger", name="again"))))
    decision = room.happen("trigger", uuid="", name="again", data={})
    assert len(decision.events) == MOST_TRIGGERS
    assert decision.runs[-1].outcome == "failed"


def test_a_chain_of_triggers_is_not_forgotten_over_a_wait() -> None:
    room = Timeline(book(rule(("trigger", "again"), wait(1.0), step("trigger", name="again"))))
    room.enter(1)
    room.happen("trigger", name="again", data={})
    room.pass_time(60)
    assert sum(len(decision.events) for decision in room.decisions) == MOST_TRIGGERS


# Failures


def test_a_failure_runs_the_rules_that_wait_for_failures() -> None:
    rules = book(
        rule("member.entered", mute(), name="mute"), rule("action.failed", webhook(), name="tell")
    )
    room = Timeline(rules)
    decision = room.enter(1)
    failure(room, decision.calls[0])
    assert room.runs[-1] == ("tell", "applied")


def test_a_failure_does_not_run_its_own_rule_nor_failures_of_failures() -> None:
    rules = book(
        rule(["member.entered", "action.failed"], mute(ALL), name="own"),
        rule("action.failed", webhook(), name="tell"),
        rule("action.failed", webhook(), name="tell too"),
    )
    room = Timeline(rules)
    decision = room.enter(1)
    failure(room, decision.calls[0])
    assert room.runs[1:] == [("tell", "applied"), ("tell too", "applied")]
    failure(room, room.decisions[-1].calls[0])
    assert room.decisions[-1].runs == ()


def test_a_failed_recording_is_not_running() -> None:
    room = Timeline(book(rule("conference.started", step("record"))))
    decision = room.enter(1)
    assert room.conference.recording
    failure(room, decision.calls[0])
    assert not room.conference.recording


# Half-done


def test_a_step_that_cannot_be_worked_out_keeps_the_steps_before_it_from_happening() -> None:
    room = Timeline(book(rule("member.entered", mute(), speak(NOBODY_SAID), name="half")))
    room.enter(1)
    assert room.runs == [("half", "unknown")]
    assert room.calls == []


def test_a_step_that_may_fail_is_left_out_when_it_cannot_be_worked_out() -> None:
    steps = mute(), speak(NOBODY_SAID, on_error="continue"), step("log", text="in")
    room = Timeline(book(rule("member.entered", *steps)))
    room.enter(1)
    assert room.calls == [("mute", "1")]
    assert room.notes == ["A rule: in"]


# Rules' options


def test_once_per_conference_holds_for_one_instance() -> None:
    room = Timeline(book(rule("member.entered", speak(), once="conference")))
    room.enter(1)
    room.enter(2)
    assert len(room.calls) == 1
    room.another(3)
    assert len(room.calls) == 2


def test_once_per_member_holds_when_the_member_comes_back_under_a_new_id() -> None:
    room = Timeline(book(rule("member.entered", mute(), once="member")))
    room.enter(1)
    room.enter(2)
    room.exit(1)
    room.enter(3, call_uuid="call-1")
    assert room.calls == [("mute", "1"), ("mute", "2")]


def test_once_is_not_used_up_by_a_run_that_could_not_be_worked_out() -> None:
    text = Says(lambda fields: fields["member"]["from"])
    room = Timeline(book(rule("member.entered", speak(text), once="conference")))
    room.enter(1)
    room.enter(2, **{"from": "+1"})
    assert room.calls == [("speak", "all")]


def test_a_cooldown_keeps_a_rule_from_running_too_often() -> None:
    room = Timeline(book(rule("member.digits", speak(), cooldown=30.0)))
    room.enter(1)
    for _ in range(5):
        room.happen("member.digits", member_id="1", digits="1")
        room.pass_time(10)
    assert len(room.calls) == 2


def test_a_dry_run_does_everything_but_the_call() -> None:
    steps = mute(), wait(5.0), webhook(), speak()
    room = Timeline(book(rule("member.entered", *steps, dry_run=True, name="dry")))
    room.enter(1)
    room.pass_time(10)
    assert room.runs == [("dry", "dry_run"), ("dry", "dry_run")]
    assert room.calls == []
    assert room.decisions[0].runs[0].steps == ("mute 1", "wait 5s")
    assert not room.conference.members["1"].facts["muted"]


# Targets


FROM_TWO = Says(lambda fields: fields["member"]["from"] == "+2")


@pytest.mark.parametrize(
    ("target", "members"),
    [
        (Target("member"), ("3",)),
        (Target("all"), ("all",)),
        (Target("others"), ("1", "2")),
        (Target("ids", ids=("1", "77", "9")), ("1", "77")),
        (Target("ids", id_templates=(Says(lambda fields: fields["member"]["id"]),)), ("3",)),
        (Target("where", where=FROM_TWO), ("2",)),
    ],
)
def test_targets(target: Target, members: tuple[str, ...]) -> None:
    room = Timeline(book(rule(("trigger", "go"), mute(target))))
    for member in (1, 2, 3, 9):
        room.enter(member, **{"from": f"+{member}"} if member != 1 else {})
    room.exit(9)
    room.happen("trigger", name="go", member_id="3", data={})
    assert room.calls == [("mute", *members)]


def test_a_kick_of_several_is_a_call_for_each() -> None:
    room = Timeline(book(rule("member.digits", step("kick", Target("others")))))
    for member in (1, 2, 3):
        room.enter(member)
    decision = room.happen("member.digits", member_id="1", digits="1")
    assert [(call.id, call.members) for call in decision.calls] == [
        ("evt-0004.0.0.0", ("2",)),
        ("evt-0004.0.0.1", ("3",)),
    ]


def test_where_sees_who_was_muted_before() -> None:
    muted = Says(lambda fields: fields["member"]["muted"])
    rules = book(
        rule("member.entered", mute(), match=condition(lambda f: f["member"]["id"] != "1")),
        rule(("trigger", "open"), step("unmute", Target("where", where=muted))),
    )
    room = Timeline(rules)
    for member in (1, 2, 3):
        room.enter(member)
    room.happen("trigger", name="open", data={})
    assert room.calls[-1] == ("unmute", "2", "3")


def test_a_member_who_has_left_while_the_run_waited_is_left_alone() -> None:
    room = Timeline(book(rule("member.entered", wait(5.0), mute())))
    room.enter(1)
    room.enter(2)
    room.exit(1)
    room.pass_time(10)
    assert room.calls == [("mute", "2")]


# Calls


@pytest.mark.parametrize(
    ("wanted", "verb", "params"),
    [
        (step("record", format="wav", transcribe=True), "record",
         {"format": "wav", "transcribe": True}),
        (step("record"), "record", {}),
        (step("stop_recording"), "stop_recording", {}),
        (step("hang_up", what="conference"), "hang_up", {}),
        (step("hang_up", what="every_conference"), "hang_up_all", {}),
        (step("hang_up", Target("member")), "hang_up_member", {}),
        (step("play", ALL, url="https://x/a.mp3"), "play", {"url": "https://x/a.mp3"}),
    ],
)  # fmt: skip
def test_a_step_becomes_a_call(wanted: Step, verb: str, params: dict[str, str]) -> None:
    room = Timeline(book(rule("member.entered", wanted)))
    (call,) = room.enter(1).calls
    assert (call.verb, call.params) == (verb, params)
    assert verb in VERBS


def test_a_call_says_where_it_comes_from_and_survives_json() -> None:
    room = Timeline(book(rule("member.entered", mute(expires_in=60.0), name="quiet")))
    (call,) = room.enter(1).calls
    assert call == Call(
        id="evt-0001.0.0",
        verb="mute",
        conference=NAME,
        members=("1",),
        params={},
        run="evt-0001.0",
        rule="quiet",
        step=0,
        event="evt-0001",
        at=room.at,
        expires_at=room.at + 60,
        on_error="stop",
        uuid=UUID,
    )
    assert Call.from_json_dict(call.to_json_dict()) == call


def test_the_end_of_one_conference_does_not_stop_what_is_for_all() -> None:
    room = Timeline(
        book(
            rule("member.entered", step("hang_up", what="every_conference"), name="all"),
            rule("member.entered", step("hang_up", what="conference"), name="one"),
        )
    )
    calls = room.enter(1).calls
    assert [(call.verb, call.uuid) for call in calls] == [("hang_up_all", ""), ("hang_up", UUID)]


# What is bounded


@pytest.mark.parametrize("error", [OverflowError, MemoryError, RecursionError, ValueError])
def test_what_can_not_be_evaluated_costs_one_step_in_words(error: type[Exception]) -> None:
    def fail(fields: Any) -> str:
        raise error("int too large to convert to float")

    rules = book(
        rule("member.entered", speak(Says(fail)), name="broken"),
        rule("member.entered", mute(), name="good"),
        rule("member.entered", speak(Says(fail), on_error="continue"), mute(ALL), name="goes on"),
    )
    room = Timeline(rules)
    decision = room.enter(1)
    broken, good, on = decision.runs
    assert (broken.outcome, broken.reason) == (
        "failed",
        "it can not be evaluated: int too large to convert to float",
    )
    assert (good.outcome, on.outcome) == ("applied", "applied")
    assert room.calls == [("mute", "1"), ("mute", "all")]


def test_a_condition_that_can_not_be_evaluated_is_unknown_in_words() -> None:
    def fail(fields: Any) -> bool:
        raise OverflowError("int too large to convert to float")

    rules = book(
        rule("member.entered", mute(), condition=Holds(fail), name="broken"),
        rule("member.entered", mute(Target("where", where=Says(fail))), name="nobody"),
    )
    decision = Timeline(rules).enter(1)
    assert [run.outcome for run in decision.runs] == ["unknown", "skipped"]
    assert "too large" in decision.runs[0].reason


def bomb(*first: Any) -> Rules:
    again = [step("trigger", name="bomb") for _ in range(5)]
    return book(rule(("trigger", "bomb"), *first, *again, name="bomb"))


def test_triggers_that_multiply_end() -> None:
    room = Timeline(bomb())
    decision = room.happen("trigger", uuid="", name="bomb", data={})
    assert len(decision.events) == MOST_DESCENDANTS
    failed = [run.reason for run in decision.runs if run.outcome == "failed"]
    assert any(f"one event has led to {MOST_DESCENDANTS} triggers already" in why for why in failed)
    assert room.conference.triggered == {}


def test_triggers_that_multiply_over_waits_end_as_well() -> None:
    room = Timeline(bomb(wait(1.0)))
    room.enter(1)
    room.happen("trigger", name="bomb", data={})
    room.pass_time(60)
    assert sum(len(decision.events) for decision in room.decisions) <= MOST_DESCENDANTS
    assert room.conference.triggered == {}


def test_another_event_has_triggers_of_its_own() -> None:
    room = Timeline(bomb())
    for _ in range(2):
        decision = room.happen("trigger", uuid="", name="bomb", data={})
        assert len(decision.events) == MOST_DESCENDANTS


# Silences


def silence(rule: str = "A rule", seconds: float = 60.0, conference: str = NAME) -> Silence:
    until = START + seconds
    return Silence("sil-1", rule, conference, until, "noise", "anna", "cli", START)


def test_a_silenced_rule_does_nothing_and_says_who_until_when_and_why() -> None:
    room = Timeline(book(rule("member.entered", mute()), rule("member.entered", speak(), name="B")))
    room.silences = (silence(),)
    room.enter(1)
    assert room.calls == [("speak", "all")]
    run = room.decisions[-1].runs[0]
    assert run.outcome == "skipped"
    assert run.reason == "silenced by anna until 2027-01-15 08:01:00 UTC: noise"


@pytest.mark.parametrize("how", [{"rule": ""}, {"conference": ""}, {"rule": "", "conference": ""}])
def test_a_silence_may_be_for_every_rule_and_everywhere(how: dict[str, str]) -> None:
    room = Timeline(book(rule("member.entered", mute())))
    room.silences = (silence(**how),)
    room.enter(1)
    assert room.calls == []


def test_a_silence_is_for_its_rule_its_conference_and_its_time() -> None:
    for one in (silence("Other"), silence(conference="sales-2"), silence(seconds=0.0)):
        room = Timeline(book(rule("member.entered", mute())))
        room.silences = (one,)
        room.enter(1)
        assert room.calls == [("mute", "1")]


def test_a_rule_that_would_not_run_anyway_says_its_own_reason() -> None:
    room = Timeline(book(rule("member.entered", mute(), condition=condition(never, "it is no"))))
    room.silences = (silence(),)
    assert [run.reason for run in room.enter(1).runs] == ["it is no"]


def test_once_and_cooldown_are_not_used_up_while_silenced() -> None:
    room = Timeline(book(rule("member.digits", speak(), once="conference", cooldown=300.0)))
    room.enter(1)
    room.silences = (silence(),)
    room.happen("member.digits", member_id="1", digits="1")
    room.pass_time(61)
    room.happen("member.digits", member_id="1", digits="1")
    assert room.calls == [("speak", "all")]


def test_a_run_that_waits_ends_when_its_turn_comes_in_a_silence() -> None:
    room = Timeline(book(rule("member.entered", mute(), wait(8.0), speak())))
    room.enter(1)
    room.silences = (silence(),)
    room.pass_time(9)
    assert room.calls == [("mute", "1")]
    assert "silenced by anna" in room.decisions[-1].runs[0].reason
    assert room.conference.waiting == {}


def test_what_is_done_by_hand_and_the_limit_go_on_in_a_silence() -> None:
    room = Timeline(book(limits=(Limit(30.0),)))
    room.silences = (silence("", conference=""),)
    room.enter(1)
    room.happen("operator.acted", "", do={"mute": "all"}, operator="anna")
    room.pass_time(31)
    assert room.calls == [("mute", "all"), ("hang_up",)]


def test_a_rule_runs_dry_while_a_person_says_so_and_says_who() -> None:
    room = Timeline(book(rule("member.entered", mute(), speak())))
    room.silences = (replace(silence(), mode="dry_run"),)
    room.enter(1)
    assert room.calls == []
    run = room.decisions[-1].runs[0]
    assert run.outcome == "dry_run"
    assert run.reason == "made a dry run by anna until 2027-01-15 08:01:00 UTC: noise"
    assert run.steps[0].startswith("mute")
    room.pass_time(61)
    room.enter(2)
    assert ("mute", "2") in room.calls


def test_a_dry_rule_runs_for_real_while_a_person_says_so() -> None:
    room = Timeline(book(rule("member.entered", mute(), dry_run=True)))
    room.enter(1)
    room.silences = (replace(silence(), mode="real"),)
    room.enter(2)
    assert room.calls == [("mute", "2")]
    assert room.decisions[-1].runs[0].outcome == "applied"


def test_silenced_is_stronger_than_dry_and_the_last_word_counts() -> None:
    dry, real = replace(silence(), mode="dry_run"), replace(silence(), mode="real")
    for silences, calls in (
        ((dry, silence()), []),
        ((dry, real), [("mute", "1")]),
        ((real, dry), []),
    ):
        room = Timeline(book(rule("member.entered", mute())))
        room.silences = silences
        room.enter(1)
        assert room.calls == calls


def test_a_run_that_goes_on_while_it_is_dry_makes_no_more_calls() -> None:
    room = Timeline(book(rule("member.entered", mute(), wait(8.0), speak())))
    room.enter(1)
    room.silences = (replace(silence(), mode="dry_run"),)
    room.pass_time(9)
    assert room.calls == [("mute", "1")]
    assert room.decisions[-1].runs[0].outcome == "dry_run"
