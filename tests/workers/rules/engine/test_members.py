import pytest

from app.callers.joining import CallerCheck, Entry
from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    Timeline,
    book,
    condition,
    mute,
    rule,
    speak,
    webhook,
)
from workers.rules.engine.state import STRAY_SECONDS, STRAYS_KEPT

COMING_AND_GOING = book(
    rule("member.entered", mute(), name="entered"),
    rule("member.exited", webhook(), name="exited"),
)


def test_an_enter_that_comes_twice_acts_once() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(1)
    assert room.calls == [("mute", "1")]
    assert "in already" in room.notes[0]


def test_a_second_enter_adds_facts_that_the_first_did_not_have() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(1, **{"from": "+14155550100"})
    assert room.conference.members["1"].facts["from"] == "+14155550100"


def test_an_exit_that_comes_twice_is_one() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(2)
    room.exit(1)
    room.exit(1)
    assert room.calls.count(("webhook",)) == 1


def test_an_exit_before_its_enter_leaves_nobody_behind() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.exit(2)
    room.enter(2)
    assert list(room.conference.members) == ["1"]
    assert ("mute", "2") not in room.calls


def test_the_first_exit_and_enter_of_a_conference_may_be_swapped() -> None:
    room = Timeline(COMING_AND_GOING)
    room.exit(1)
    room.enter(1)
    assert not room.conference.live
    room.enter(2)
    assert list(room.conference.members) == ["2"]


@pytest.mark.parametrize("call", ["call-1", ""])
def test_an_exit_without_a_uuid_may_come_before_the_enter_that_begins(call: str) -> None:
    room = Timeline(COMING_AND_GOING)
    room.exit(1, uuid="", call_uuid=call)
    room.enter(1)
    assert not room.conference.live
    assert room.calls == []
    assert "member 1 has left already" in room.notes[-1]
    room.enter(2)
    room.enter(1)
    assert list(room.conference.members) == ["2"]


def test_an_exit_without_a_uuid_may_come_before_the_enter_of_the_next_instance() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.exit(1)
    room.exit(1, uuid="", call_uuid="call-of-the-next")
    room.enter(1, uuid=OTHER_UUID, call_uuid="call-of-the-next")
    assert not room.conference.live


def test_an_exit_with_a_uuid_may_come_before_an_enter_without_one() -> None:
    room = Timeline(COMING_AND_GOING)
    room.exit(1)
    room.enter(1, uuid="")
    assert not room.conference.live


def test_another_call_under_the_same_id_has_not_left() -> None:
    room = Timeline(COMING_AND_GOING)
    room.exit(1, uuid="", call_uuid="call-of-before")
    room.enter(1)
    assert list(room.conference.members) == ["1"]
    room.exit(1, uuid="", call_uuid="call-of-before")
    assert list(room.conference.members) == ["1"]


def test_an_exit_that_names_only_its_member_is_soon_forgotten() -> None:
    room = Timeline(COMING_AND_GOING)
    room.exit(1, uuid="", call_uuid="")
    room.pass_time(STRAY_SECONDS + 1)
    room.enter(1)
    assert list(room.conference.members) == ["1"]


def test_an_enter_that_its_exit_overtook_is_refused_however_late_it_is_played_again() -> None:
    room = Timeline(COMING_AND_GOING)
    room.exit(1, uuid="")
    room.enter(1, call_uuid="")
    room.pass_time(90_000)
    room.exit(1, uuid="")
    room.enter(1, call_uuid="")
    assert not room.conference.live
    assert room.calls == []


def test_exits_of_unknown_conferences_are_remembered_within_a_bound() -> None:
    room = Timeline(COMING_AND_GOING)
    for member in range(STRAYS_KEPT * 2):
        room.exit(member, uuid="")
        room.exit(member, uuid="")
    assert len(room.conference.strays) == STRAYS_KEPT
    room.enter(STRAYS_KEPT * 2 - 1)
    assert not room.conference.live


def test_the_exit_of_a_new_instance_may_come_before_its_enter() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.exit(5, uuid=OTHER_UUID)
    room.enter(5, uuid=OTHER_UUID)
    assert list(room.conference.members) == ["1"]
    room.another(6)
    assert list(room.conference.members) == ["6"]
    assert "5" in room.conference.gone


def test_who_left_does_not_come_back_by_a_replay() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(2)
    room.exit(1)
    room.enter(1)
    assert list(room.conference.members) == ["2"]


def test_a_kicked_member_may_come_back_in_the_same_call_with_a_new_id() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(2)
    room.exit(1)
    room.enter(3, call_uuid="call-1")
    assert list(room.conference.members) == ["2", "3"]
    assert ("mute", "3") in room.calls


def test_who_comes_back_before_the_exit_was_told_is_in_once() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(3, call_uuid="call-1")
    assert list(room.conference.members) == ["3"]
    room.exit(1)
    assert list(room.conference.members) == ["3"]
    assert room.conference.live


def test_an_older_id_of_a_call_that_is_in_again_does_not_replace_it() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(3, call_uuid="call-1")
    room.enter(1)
    assert list(room.conference.members) == ["3"]


def test_the_same_id_in_another_call_is_another_member() -> None:
    room = Timeline(COMING_AND_GOING)
    room.enter(1)
    room.enter(1, call_uuid="another")
    assert room.conference.members["1"].facts["call_uuid"] == "another"
    assert room.runs == [("entered", "applied"), ("exited", "applied"), ("entered", "applied")]


def test_an_exit_without_from_still_tells_who_it_was() -> None:
    only = condition(lambda fields: fields["member"]["from"] == "+14155550100")
    room = Timeline(book(rule("member.exited", webhook(), match=only)))
    room.enter(1, **{"from": "+14155550100"})
    room.enter(2)
    room.exit(1)
    assert room.calls == [("webhook",)]


def test_a_missing_field_makes_a_rule_unknown_not_false() -> None:
    named = condition(lambda fields: fields["member"]["caller_name"] == "Anna")
    room = Timeline(book(rule("member.entered", mute(), name="named", match=named)))
    decision = room.enter(1)
    assert room.runs == [("named", "unknown")]
    assert decision.runs[0].reason == "caller_name is absent"


def test_who_is_first_is_known_without_the_flag_and_the_flag_wins() -> None:
    first = condition(lambda fields: fields["member"]["first"] is True)
    room = Timeline(book(rule("member.entered", mute(), name="first", match=first)))
    room.enter(1)
    room.enter(2)
    room.enter(3, first=True)
    assert [outcome for _, outcome in room.runs] == ["applied", "skipped", "applied"]


def test_the_reason_of_a_refusal_is_kept() -> None:
    refuses = condition(lambda _: False, "member.from was …5421, wanted one of hosts")
    room = Timeline(book(rule("member.entered", mute(), match=refuses)))
    run = room.enter(1).runs[0]
    assert (run.outcome, run.reason) == ("skipped", "member.from was …5421, wanted one of hosts")


def test_digits_run_the_rules_that_wait_for_them_or_for_any() -> None:
    rules = book(
        rule(("member.digits", "*1"), speak("One"), name="one"),
        rule(("member.digits", "*2"), speak("Two"), name="two"),
        rule("member.digits", speak("Any"), name="any"),
    )
    room = Timeline(rules)
    room.enter(1)
    room.happen("member.digits", member_id="1", digits="*1")
    assert room.runs == [("one", "applied"), ("any", "applied")]


def test_digits_may_overtake_the_enter_of_their_member() -> None:
    rules = book(
        rule("member.digits", speak(), name="digits"),
        rule("member.entered", mute(), name="entered"),
    )
    room = Timeline(rules)
    room.enter(1)
    room.happen("member.digits", member_id="2", digits="1")
    room.enter(2)
    assert room.runs == [("entered", "applied"), ("digits", "applied"), ("entered", "applied")]


def test_who_is_let_in_muted_is_known_to_be() -> None:
    answers = (Entry(("sales-*",), options={"muted": True}), Entry(("*",)))
    room = Timeline(book(answers=answers))
    room.enter(1)
    assert room.conference.members["1"].facts["muted"] is True


def test_who_came_by_which_entry_is_told_by_the_role_and_what_is_known_of_them() -> None:
    hosts = CallerCheck("member.from", texts=("14155550100",))
    entries = (
        Entry(checks=(hosts,), options={"role": "host"}),
        Entry(options={"role": "guest", "muted": True}),
    )
    room = Timeline(book(answers=entries))
    room.enter(1, role="host", **{"from": "+14155550100"})
    room.enter(2, role="guest", **{"from": "+14155550100"})  # by another entry at that time
    room.enter(3, **{"from": "+14155550100"})  # by XML of their own
    muted = [member.facts["muted"] for member in room.conference.members.values()]
    assert muted == [False, True, False]


def test_speaking_sees_what_is_known_of_the_member() -> None:
    known = condition(lambda fields: fields["member"]["from"] == "+1")
    room = Timeline(book(rule("member.speaking", mute(), match=known)))
    room.enter(1, **{"from": "+1"})
    room.happen("member.speaking", member_id="1")
    assert room.calls == [("mute", "1")]


@pytest.mark.parametrize(
    ("parameter", "times"),
    [(("is", 2), 3), (("above", 1), 2), (("below", 2), 2), (("above", 5), 0)],
)
def test_the_count_is_crossed(parameter: tuple[str, int], times: int) -> None:
    room = Timeline(book(rule(("conference.members", parameter), webhook())))
    for member in (1, 2, 3):
        room.enter(member)
    for member in (3, 2):
        room.exit(member)
    room.enter(4)
    room.exit(4)
    assert len(room.calls) == times
