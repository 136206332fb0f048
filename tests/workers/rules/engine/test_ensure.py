"""What rules ensure: held against the conference after every event."""

import pytest

from app.domain.conference import Conference
from app.domain.event import Event
from app.domain.silence import Silence
from tests.workers.rules.engine.builders import NAME, Timeline
from tests.workers.rules.engine.ensuring import PANEL, RECORDED, Room
from workers.rules.engine.decide import decide
from workers.rules.load import load


def test_it_holds_for_whom_it_names_and_says_nothing_of_others() -> None:
    room = Room()
    room.enter(1)
    room.enter(2, "host", muted=True)
    assert room.calls == ["mute 1"]
    assert [(run.rule, run.outcome, run.steps, run.reason) for run in room.told] == [
        ("Guests stay muted", "applied", ("mute 1",), "")
    ]
    assert room.why_idle == "all is as it shall be"


def test_it_holds_in_its_conferences_only() -> None:
    room = Room(name="other")
    room.enter(1)
    assert room.calls == []
    assert room.why_idle == "conference.name is 'other', not panel-*"


def test_it_holds_when_a_var_that_it_reads_is_set() -> None:
    room = Room()
    for member in (1, 2):
        room.enter(member)
    room.happen("trigger", name="floor", data={"member": "1"})
    room.by_hand(unmute=["1"])
    assert room.since() == ["mute 1", "mute 2", "unmute 1"]
    room.happen("trigger", name="floor", data={"member": "2"})
    assert room.calls == ["mute 1"]


def test_members_are_corrected_together() -> None:
    room = Room()
    room.enter(1)
    room.enter(2)
    room.since()
    room.listed(m1=False, m2=False)
    assert room.calls == ["mute 1,2"]
    assert room.told[-1].reason == "Plivo's list shows members 1, 2 not muted"


def test_of_two_that_contradict_the_first_holds() -> None:
    text = """
version: 1
rules:
  - name: Hosts are heard
    ensure:
      unmuted: {where: member.role == "host"}
      undeaf: true
  - name: Nobody else is
    ensure: {muted: true}
"""
    room = Room(text)
    room.enter(1)
    room.enter(2, "host")
    assert room.calls == ["mute 1"]
    room.since()
    room.listed(m1=False, m2=True)
    assert room.calls == ["unmute 2", "mute 1"]


def test_while_our_call_is_under_way_no_other_is_made() -> None:
    room = Timeline(load(PANEL, "rules.yaml"), "panel-1")
    call = room.enter(1, role="guest").calls[0]
    room.pass_time(20.0)
    rows = [{"member_id": "1", "call_uuid": "call-1", "muted": False}]
    decision = room.happen("conference.observed", members=rows)
    assert decision.calls == ()
    assert decision.idle[0].reason == "its call is under way"
    through = {"run": call.run, "step": 0, "call": call.id, "verb": "mute"}
    assert room.happen("step.done", **through).calls == ()
    assert room.conference.members["1"].facts["muted"] is True
    room.pass_time(20.0)
    assert [c.verb for c in room.happen("conference.observed", members=rows).calls] == ["mute"]


def test_a_call_behind_ours_is_not_forgotten_when_ours_is_through() -> None:
    room = Timeline(load(PANEL, "rules.yaml"), "panel-1")
    call = room.enter(1, role="guest").calls[0]
    room.pass_time(1.0)
    room.happen("member.digits", member_id="1", digits="1")
    through = {"run": call.run, "step": 0, "call": call.id, "verb": "mute"}
    decision = room.happen("step.done", **through)
    assert [call.verb for call in decision.calls] == ["mute"]


def test_a_call_that_was_lost_is_made_again() -> None:
    room = Timeline(load(PANEL, "rules.yaml"), "panel-1")
    room.enter(1, role="guest")
    rows = [{"member_id": "1", "call_uuid": "call-1", "muted": False}]
    room.pass_time(69.0)
    assert room.happen("conference.observed", members=rows).calls == ()
    room.pass_time(2.0)
    assert len(room.happen("conference.observed", members=rows).calls) == 1


def test_a_call_that_fails_is_made_again_after_a_while() -> None:
    room = Room()
    room.outside.answers = {"mute": "400"}
    room.enter(1)
    assert room.notes == ["“Guests stay muted”: mute failed for member 1; trying again in 1m"]
    room.since()
    room.later(59.0)
    assert room.since() == []
    room.outside.answers = {}
    room.later(2.0)
    assert room.since() == ["mute 1"]
    room.listed(m1=True)
    assert room.calls == []


def test_late_work_is_done_all_the_same() -> None:
    rules = load(PANEL, "rules.yaml")
    room = Timeline(rules, "panel-1")
    event = room.event("member.entered", member_id="1", role="guest")
    (call,) = room.feed(event, now=room.at + 3600.0).calls
    assert call.expires_at == room.at + 3660.0


def test_how_it_is_recorded_goes_with_the_call() -> None:
    room = Timeline(load(RECORDED, "rules.yaml"), "panel-1")
    room.enter(1)
    (call,) = room.enter(2).calls
    assert (call.params, call.members) == ({"format": "wav"}, ())


def test_a_dry_run_tells_once_and_calls_nobody() -> None:
    room = Room(ensure="dry_run: true\n    ensure")
    room.enter(1)
    room.listed(m1=False)
    assert room.calls == []
    assert [(run.outcome, run.steps) for run in room.told] == [("dry_run", ("mute 1",))]
    assert room.why_idle == "this was told already"


def test_a_silence_keeps_it_from_being_ensured() -> None:
    room = Timeline(load(PANEL, "rules.yaml"), "panel-1")
    silence = Silence("s1", "Guests stay muted", "", room.at + 60.0, "", "anna", "cli", room.at)
    room.silences = (silence,)
    assert room.enter(1, role="guest").calls == ()
    room.silences = ()
    room.pass_time(61.0)
    assert [call.verb for call in room.enter(2, role="guest").calls] == ["mute"]


def test_a_person_may_have_it_run_dry_for_a_while() -> None:
    room = Timeline(load(PANEL, "rules.yaml"), "panel-1")
    until = room.at + 60.0
    dry = Silence("s1", "Guests stay muted", "", until, "", "anna", "cli", room.at, "dry_run")
    room.silences = (dry,)
    decision = room.enter(1, role="guest")
    assert (decision.calls, decision.runs[-1].outcome) == ((), "dry_run")


def test_what_is_known_survives_a_restart() -> None:
    room = Room()
    room.enter(1)
    room.listed(m1=False)
    room.listed(m1=False)
    assert room.state.ensured
    assert room.state.acted
    assert Conference.from_json(room.state.to_json()) == room.state
    room.outside.restart()
    room.since()
    room.later(61.0)
    assert room.calls == ["mute 1"]


def test_what_is_known_goes_with_the_member_the_conference_and_the_rule() -> None:
    room = Room()
    room.enter(1)
    room.enter(2)
    assert len(room.state.ensured) == len(room.state.acted) == 2
    room.happen("member.exited", member_id="1", call_uuid="call-1")
    assert len(room.state.ensured) == len(room.state.acted) == 1
    kept = room.state
    room.happen("member.exited", member_id="2", call_uuid="call-2")
    assert not room.state.ensured
    assert not room.state.acted
    without = load("version: 1\nrules: []", "rules.yaml")
    event = room.outside.event("member.speaking", room.name, "", {"member_id": "2"})
    assert not decide(kept, [event], without, event.at).conference.ensured


@pytest.mark.parametrize("after", [1.0, 30.0])
def test_no_timer_is_left_once_it_is_as_it_shall_be(after: float) -> None:
    room = Room()
    room.enter(1)
    for _ in range(2):
        room.listed(m1=False)
    assert [timer.kind for timer in room.state.timers.values()] == ["ensure"]
    room.later(after)
    room.by_hand(mute=["1"])
    assert not room.state.timers


def test_rules_without_it_keep_nothing_of_it() -> None:
    text = "version: 1\nrules: [{name: a, when: member.entered, do: [{mute: member}]}]"
    room = Timeline(load(text, "rules.yaml"), NAME)
    decision = room.enter(1)
    assert decision.idle == ()
    assert not decision.conference.ensured
    assert not decision.conference.acted


def test_new_rules_hold_at_once_and_calls_of_several_conferences_are_told_apart() -> None:
    ids = set()
    for name in ("panel-1", "panel-2"):
        room = Timeline(load("version: 1\nrules: []", "rules.yaml"), name)
        room.enter(1, role="guest")
        room.rules = load(PANEL, "rules.yaml")
        event = Event("evt-of-all", "rules.changed", name, room.at, "", {"said": "1 rule"})
        (call,) = room.feed(event).calls
        ids.add(call.id)
    assert len(ids) == 2
