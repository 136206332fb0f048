"""Plivo's own list: it wins for who is there, callbacks win for who they are."""

from collections.abc import Sequence

from tests.workers.rules.engine.builders import (
    START,
    UUID,
    Timeline,
    book,
    mute,
    observation,
    rule,
    speak,
    webhook,
)
from workers.rules.engine.run import Decision
from workers.rules.vocabulary.model import Limit

LIFE = book(
    rule("conference.started", speak("Welcome"), name="started"),
    rule("conference.ended", webhook(), name="ended"),
    rule("member.entered", mute(), name="entered"),
    rule("member.exited", webhook(), name="exited"),
)


def observe(room: Timeline, members: Sequence[int], run_time: float) -> Decision:
    return room.happen("conference.observed", uuid="", **observation(members, run_time))


def gone(room: Timeline, as_of: float | None = None) -> Decision:
    data = {"gone": True} | ({} if as_of is None else {"as_of": as_of})
    return room.happen("conference.observed", uuid="", **data)


def names(room: Timeline) -> list[str]:
    return [name for name, _ in room.runs]


def test_a_conference_that_was_never_seen_to_start_starts_with_its_true_age() -> None:
    room = Timeline(LIFE)
    observe(room, [1, 2], run_time=500.0)
    assert room.conference.live
    assert room.conference.started_at == START - 500
    assert names(room) == ["started", "entered", "entered"]


def test_warnings_of_a_conference_that_was_never_seen_to_start_are_on_time() -> None:
    rules = book(rule(("conference.time_left", 60.0), speak("A minute")), limits=(Limit(900.0),))
    room = Timeline(rules)
    observe(room, [1], run_time=500.0)
    room.pass_time(1000)
    at = [(call.verb, call.at - START) for d in room.decisions for call in d.calls]
    assert at == [("speak", 340.0), ("hang_up", 400.0)]


def test_a_limit_that_has_passed_unseen_hangs_up_at_once() -> None:
    room = Timeline(book(limits=(Limit(900.0),)))
    observe(room, [1], run_time=5000.0)
    room.pass_time(1)
    assert room.calls == [("hang_up",)]


def test_the_callbacks_of_a_conference_that_was_observed_first_are_its_own() -> None:
    room = Timeline(LIFE)
    observe(room, [1], run_time=5.0)
    room.enter(1)
    assert room.conference.uuid == UUID or not room.conference.uuid
    room.enter(2)
    assert room.conference.uuid == UUID
    assert names(room) == ["started", "entered", "entered"]


def test_a_missed_enter_and_a_missed_exit_are_made_up_for() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.enter(2)
    room.pass_time(30)
    observe(room, [2, 3], run_time=30.0)
    assert list(room.conference.members) == ["2", "3"]
    assert names(room)[-2:] == ["entered", "exited"]


def test_a_conference_that_is_gone_ends() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(30)
    gone(room)
    assert names(room)[-1] == "ended"
    gone(room)
    assert names(room).count("ended") == 1


def test_an_old_snapshot_does_not_undo_what_callbacks_said_since() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    decision = gone(room, as_of=room.at - 1)
    assert room.conference.live
    room.pass_time(60)
    room.enter(2)
    observe(room, [1], run_time=60.0)
    assert list(room.conference.members) == ["1", "2"]
    assert "ignored: a callback came within 3s" in decision.notes[0]


def test_an_old_snapshot_does_not_start_again_what_has_ended() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(30)
    room.exit(1)
    observe(room, [1], run_time=30.0)
    assert not room.conference.live


def test_who_has_left_does_not_come_back_by_a_snapshot() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.enter(2)
    room.exit(2)
    observe(room, [1, 2], run_time=0.0)
    assert list(room.conference.members) == ["1"]


def test_an_empty_list_of_a_conference_that_exists_says_nothing() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(30)
    observe(room, [], run_time=30.0)
    assert list(room.conference.members) == ["1"]


def test_a_list_in_which_not_everybody_could_be_read_says_nothing_of_who_is_missing() -> None:
    room = Timeline(LIFE)
    room.enter("1")
    room.enter("2")
    room.pass_time(600)
    room.happen("conference.observed", uuid="", partial=True, **observation([3], 60.0))
    assert set(room.conference.members) == {"1", "2", "3"}
    assert names(room) == ["started", "entered", "entered", "entered"]


def test_the_known_start_stays_within_two_seconds() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(100)
    observe(room, [1], run_time=101.5)
    assert room.conference.started_at == START
    observe(room, [1], run_time=200.0)
    assert room.conference.started_at == START - 100


def test_a_short_run_time_and_only_strangers_is_a_new_instance() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(100)
    observe(room, [7], run_time=20.0)
    assert names(room) == ["started", "entered", "ended", "started", "entered"]
    assert room.conference.started_at == START + 80
    assert room.enter(1).runs == ()


def test_a_short_run_time_with_the_same_members_is_the_same_instance() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(100)
    observe(room, [1], run_time=20.0)
    assert names(room) == ["started", "entered"]


def test_a_conference_taken_for_ended_that_lives_goes_on_and_ends_once() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.pass_time(10)
    room.exit(1)
    room.pass_time(30)
    observe(room, [2], run_time=40.0)
    assert room.conference.live
    assert room.conference.uuid == UUID
    room.exit(2)
    assert names(room).count("started") == 1
    assert names(room).count("ended") == 1


def test_a_list_without_a_run_time_still_tells_who_is_there() -> None:
    room = Timeline(LIFE)
    data = observation([1], 0.0)
    del data["run_time"]
    room.happen("conference.observed", uuid="", **data)
    assert room.conference.started_at == START
    assert list(room.conference.members) == ["1"]


def test_muted_is_what_plivo_says() -> None:
    room = Timeline(book())
    room.enter(1)
    room.pass_time(10)
    data = observation([1], 10.0)
    data["members"][0]["muted"] = True
    room.happen("conference.observed", uuid="", **data)
    assert room.conference.members["1"].facts["muted"] is True
