from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    START,
    Says,
    Timeline,
    book,
    mute,
    rule,
    speak,
    step,
    webhook,
)
from workers.rules.engine.index import Rules
from workers.rules.vocabulary.model import Limit, Rule

LEFT = Says(lambda fields: f"{fields['conference']['time_left']:g} s left")


def standup(*more: Rule, **options: object) -> Rules:
    warn = rule(
        [("conference.time_left", 300.0), ("conference.time_left", 60.0)], speak(LEFT), name="warn"
    )
    return book(warn, *more, limits=(Limit(900.0),), **options)


def said(room: Timeline) -> list[tuple[float, str]]:
    return [
        (call.at - START, call.params.get("text", call.verb))
        for decision in room.decisions
        for call in decision.calls
    ]


def test_a_limit_warns_and_hangs_up() -> None:
    room = Timeline(standup())
    room.enter(1)
    room.pass_time(1000)
    assert said(room) == [(600.0, "300 s left"), (840.0, "60 s left"), (900.0, "hang_up")]


def test_a_limit_that_does_not_hang_up_only_warns() -> None:
    room = Timeline(book(rule(("conference.time_left", 1.0), speak()), limits=(Limit(9.0, False),)))
    room.enter(1)
    room.pass_time(100)
    assert room.calls == [("speak", "all")]


def test_an_extension_moves_warnings_and_the_limit() -> None:
    more = rule("member.digits", step("extend", duration=300.0), name="more")
    room = Timeline(standup(more))
    room.enter(1)
    room.pass_time(650)
    room.happen("member.digits", member_id="1", digits="5")
    room.pass_time(1000)
    assert said(room) == [
        (600.0, "300 s left"),
        (900.0, "300 s left"),
        (1140.0, "60 s left"),
        (1200.0, "hang_up"),
    ]


def test_what_is_said_after_an_extension_is_the_new_time_left() -> None:
    room = Timeline(standup(rule("member.digits", step("extend", duration=300.0), speak(LEFT))))
    room.enter(1)
    (call,) = room.happen("member.digits", member_id="1", digits="5").calls
    assert call.params["text"] == "1200 s left"


def test_nothing_can_be_extended_without_a_limit() -> None:
    room = Timeline(book(rule("member.entered", step("extend", duration=300.0))))
    assert room.enter(1).runs[0].outcome == "failed"


def test_timers_end_with_their_conference() -> None:
    room = Timeline(standup(rule(("conference.elapsed", 5.0), speak())))
    room.enter(1)
    assert len(room.conference.timers) == 4
    room.exit(1)
    assert not room.conference.timers
    assert room.pass_time(5000) == []


def test_what_was_due_in_a_conference_that_ends_is_told() -> None:
    every = rule([("conference.every", 30.0)], speak(), name="again and again")
    room = Timeline(standup(every))
    room.enter(1)
    room.pass_time(700)
    room.exit(1)
    notes = room.decisions[-1].notes
    assert list(notes) == ["rule “warn” was due in 2m20s: the conference has ended"]


def test_a_timer_event_that_comes_twice_fires_once() -> None:
    room = Timeline(book(rule(("conference.elapsed", 5.0), speak())))
    room.enter(1)
    (timer,) = room.conference.timers.values()
    room.at = timer.due
    room.happen("timer", uuid="", timer=timer.id, due=timer.due)
    room.happen("timer", uuid="", timer=timer.id, due=timer.due)
    assert room.calls == [("speak", "all")]


def test_a_timer_event_of_an_earlier_instance_means_nothing() -> None:
    room = Timeline(book(rule(("conference.elapsed", 5.0), speak())))
    room.enter(1)
    (old,) = room.conference.timers.values()
    room.exit(1)
    room.enter(2, uuid=OTHER_UUID)
    room.happen("timer", uuid="", timer=old.id, due=old.due)
    assert room.calls == []


def test_a_timer_event_from_before_it_was_moved_means_nothing() -> None:
    more = rule("member.digits", step("extend", duration=300.0), name="more")
    room = Timeline(standup(more))
    room.enter(1)
    old = next(timer for timer in room.conference.timers.values() if timer.kind == "limit")
    room.at = old.due
    room.happen("member.digits", member_id="1", digits="5")
    room.happen("timer", uuid="", timer=old.id, due=old.due)
    assert room.calls == []
    assert "not set any more" in room.notes[-1]


def test_a_late_timer_is_noted() -> None:
    room = Timeline(book(rule(("conference.elapsed", 5.0), speak(expires_in=20.0))))
    room.enter(1)
    room.pass_time(6, late=4.0)
    assert room.calls == [("speak", "all")]
    assert "4s late" in room.notes[0]


def test_a_timer_that_is_too_late_is_dropped_and_recorded() -> None:
    room = Timeline(book(rule(("conference.elapsed", 5.0), speak(expires_in=20.0), name="late")))
    room.enter(1)
    room.pass_time(6, late=30.0)
    assert room.calls == []
    assert room.runs == [("late", "skipped")]
    assert "30s late" in room.decisions[-1].runs[0].reason


def test_a_limit_hangs_up_however_late() -> None:
    room = Timeline(book(limits=(Limit(60.0),)))
    room.enter(1)
    room.pass_time(60, late=3600.0)
    call = room.decisions[-1].calls[0]
    assert call.verb == "hang_up"
    assert call.expires_at == room.at + 3600 + 60


def test_a_hang_up_at_the_limit_that_failed_is_tried_again() -> None:
    room = Timeline(book(limits=(Limit(60.0),)))
    room.enter(1)
    room.pass_time(60)
    call = room.decisions[-1].calls[0]
    room.happen("action.failed", run=call.run, step=0, call=call.id, error="500", verb="hang_up")
    room.pass_time(31)
    assert room.calls == [("hang_up",), ("hang_up",)]


def test_every_repeats_while_the_conference_is_live() -> None:
    room = Timeline(book(rule(("conference.every", 100.0), speak())))
    room.enter(1)
    room.pass_time(350)
    assert len(room.calls) == 3
    room.exit(1)
    assert room.pass_time(1000) == []


def test_every_does_not_catch_up_what_was_missed() -> None:
    room = Timeline(book(rule(("conference.every", 100.0), speak())))
    room.enter(1)
    (timer,) = room.conference.timers.values()
    event = replace(room.event("timer", "", timer=timer.id, due=timer.due), at=timer.due)
    room.feed(event, now=timer.due + 250)
    (again,) = room.conference.timers.values()
    assert (again.id, again.due) == (timer.id, START + 400)
    assert "missed 2" in room.notes[-1]


def test_who_is_alone_long_enough_is_told() -> None:
    room = Timeline(book(rule(("member.alone", 600.0), mute(), name="alone")))
    room.enter(1)
    room.pass_time(500)
    room.enter(2)
    room.pass_time(500)
    assert room.calls == []
    room.exit(1)
    room.pass_time(599)
    assert room.calls == []
    room.pass_time(2)
    assert room.calls == [("mute", "2")]


def test_a_schedule_runs_for_a_live_conference_at_local_time_and_over_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    room = Timeline(book(rule(("schedule", "0 9 * * *"), speak()), timezone=berlin))
    room.at = datetime(2027, 3, 26, 12, tzinfo=berlin).timestamp()  # clocks go forward on the 28th
    room.enter(1)
    room.pass_time(3 * 86400)
    at = [call.at for decision in room.decisions for call in decision.calls]
    assert [after - before for before, after in pairwise(at)] == [82800.0, 86400.0]


def test_timers_of_unchanged_rules_live_on_and_others_are_derived_again() -> None:
    same = rule(("conference.every", 100.0), speak("same"), name="same", id="1")
    old = rule(("conference.elapsed", 200.0), speak("old"), name="old", id="2")
    new = rule(("conference.elapsed", 300.0), speak("new"), name="new", id="3")
    room = Timeline(book(same, old, limits=(Limit(1000.0),)))
    room.enter(1)
    room.pass_time(150)
    before = dict(room.conference.timers)
    room.rules = book(same, new, limits=(Limit(500.0),), digest="other")
    room.happen("rules.changed", uuid="")
    after = dict(room.conference.timers)
    assert [t for t in after.values() if t.rule == "1"] == [
        t for t in before.values() if t.rule == "1"
    ]
    assert {t.rule: t.due - START for t in after.values()} == {"1": 200.0, "": 500.0, "3": 300.0}


def test_new_rules_are_taken_with_the_first_event_that_sees_them() -> None:
    room = Timeline(book(rule(("conference.elapsed", 200.0), speak(), id="1")))
    room.enter(1)
    room.rules = book(digest="other")
    room.enter(2)
    assert not room.conference.timers


def test_a_recording_that_does_not_come_is_missing() -> None:
    rules = book(
        rule("conference.started", step("record"), name="record"),
        rule(("recording.missing", 600.0), webhook(), name="missing"),
    )
    room = Timeline(rules)
    room.enter(1)
    room.exit(1)
    room.pass_time(601)
    assert room.runs[-1] == ("missing", "applied")


def test_a_recording_that_comes_is_not_missing() -> None:
    rules = book(
        rule("conference.started", step("record"), name="record"),
        rule(("recording.missing", 600.0), webhook(), name="missing"),
    )
    room = Timeline(rules)
    room.enter(1)
    room.exit(1)
    room.enter(2, uuid=OTHER_UUID)
    room.happen("recording.ready", recording_id="r1", url="https://x/r1.mp3", duration=5.0)
    room.pass_time(601)
    assert ("missing", "applied") not in room.runs


def test_a_conference_that_was_not_recorded_misses_nothing() -> None:
    room = Timeline(book(rule(("recording.missing", 600.0), webhook())))
    room.enter(1)
    room.exit(1)
    assert not room.conference.timers


def test_who_enters_a_live_conference_in_which_nobody_is_known_is_alone() -> None:
    room = Timeline(book(rule(("member.alone", 60.0), speak())))
    room.enter(1)
    room.exit(1, last=False)
    assert room.conference.live
    room.enter(2)
    room.pass_time(61)
    assert room.calls == [("speak", "all")]
