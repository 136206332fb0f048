"""Plivo is asked before a recording is told as missing, and later again."""

from app.domain.recording import Sought
from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    START,
    UUID,
    Timeline,
    book,
    rule,
    step,
    webhook,
)
from tests.workers.rules.engine.recordings.test_records import facts, written
from workers.rules.vocabulary.model import Rule

RECORD = rule("member.entered", step("record"), name="record")
MISSING = rule(("recording.missing", 60.0), webhook(), name="missing")
READY = rule("recording.ready", webhook(), name="ready")
URL = "https://media.plivo.com/r1.mp3"


def over(*rules: Rule, answers: bool = False) -> Timeline:
    """A recorded conference that lasted 30 s, and no word of its recording."""
    room = Timeline(book(RECORD, MISSING, READY, *rules))
    room.plivo_answers = answers
    room.enter(1)
    room.pass_time(30)
    room.exit(1)
    return room


def sought(room: Timeline) -> list[Sought]:
    return [one for made in room.decisions for one in made.sought]


def ran(room: Timeline, name: str) -> int:
    return room.runs.count((name, "applied"))


def test_nothing_is_told_as_missing_before_plivo_was_asked() -> None:
    room = over()
    room.pass_time(60)
    at = START + 30
    assert sought(room) == [Sought("sales-1", 1, UUID, START, at, at + 60)]
    assert ran(room, "missing") == 0
    assert not written(room)
    room.happen("recordings.sought", UUID, number=1, said="it has none")
    assert ran(room, "missing") == 1
    assert facts(room, "state") == ["missing"]


def test_what_plivo_has_is_ready_and_not_missing() -> None:
    room = over()
    room.pass_time(60)
    room.happen("recording.ready", UUID, recording_id="r1", url=URL, duration=30.0)
    room.happen("recordings.sought", UUID, number=1, said="it has r1")
    assert (ran(room, "ready"), ran(room, "missing")) == (1, 0)
    assert not room.conference.timers
    assert not room.conference.sought


def test_that_plivo_could_not_be_asked_says_nothing_of_a_recording() -> None:
    room = over()
    room.pass_time(60)
    room.happen("recordings.sought", UUID, number=1, said="it could not", error="503")
    assert ran(room, "missing") == 0
    room.pass_time(3600)
    assert len(sought(room)) > 1


def test_it_is_looked_for_without_a_rule_and_for_a_day() -> None:
    room = Timeline(book(RECORD, READY))
    room.enter(1)
    room.exit(1)
    room.pass_time(3 * 86400)
    assert [one.asked_at - START for one in sought(room)] == [120, 600, 3600, 6 * 3600, 86400]
    assert facts(room, "state") == ["missing"]
    said = [
        c for made in room.decisions for c in made.recordings if c.known == {"state": "missing"}
    ]
    assert len(said) <= 1


def test_one_that_plivo_lists_late_is_ready_after_all() -> None:
    room = over(answers=True)
    room.pass_time(61)
    assert ran(room, "missing") == 1
    room.happen("recording.ready", UUID, recording_id="r1", url=URL, duration=30.0)
    assert ran(room, "ready") == 1
    asked = len(sought(room))
    room.pass_time(86400)
    assert len(sought(room)) == asked
    assert facts(room, "state") == ["ready"]


def test_every_rule_that_waits_is_told_at_its_own_time() -> None:
    room = over(rule(("recording.missing", 90.0), webhook(), name="later"), answers=True)
    room.pass_time(61)
    assert (ran(room, "missing"), ran(room, "later")) == (1, 0)
    room.pass_time(30)
    assert (ran(room, "missing"), ran(room, "later")) == (1, 1)


def test_two_that_wait_for_one_answer_are_both_told() -> None:
    room = over(rule(("recording.missing", 90.0), webhook(), name="later"))
    room.pass_time(91)
    room.happen("recordings.sought", UUID, number=1, said="it has none")
    assert (ran(room, "missing"), ran(room, "later")) == (1, 1)


def test_an_answer_that_comes_twice_tells_once() -> None:
    room = over()
    room.pass_time(60)
    for _ in range(2):
        room.happen("recordings.sought", UUID, number=1, said="it has none")
    assert ran(room, "missing") == 1
    assert "recordings.sought ignored: its recording is there" in room.notes


def test_an_instance_that_lives_on_misses_nothing() -> None:
    room = over()
    room.happen("conference.observed", "", gone=False, run_time=35.0, members=[{"member_id": "1"}])
    assert not room.conference.live  # the list may be older than the end
    room.pass_time(5)
    row = {"member_id": "1", "call_uuid": "call-1"}
    room.happen("conference.observed", "", gone=False, run_time=35.0, members=[row])
    assert room.conference.live
    room.pass_time(600)
    assert sought(room) == []


def test_the_recording_of_one_instance_is_not_that_of_the_next() -> None:
    room = over()
    room.enter(2, uuid=OTHER_UUID)
    room.pass_time(60)
    assert [(one.number, one.uuid) for one in sought(room)] == [(1, UUID)]
    room.happen("recording.ready", OTHER_UUID, recording_id="r2", url=URL + "2", duration=5.0)
    room.happen("recordings.sought", UUID, number=1, said="it has none")
    assert ran(room, "missing") == 1
    assert sorted(one["state"] for one in written(room).values()) == ["missing", "ready"]


def test_what_is_awaited_survives_json() -> None:
    room = over()
    room.pass_time(60)
    state = room.conference
    assert state.sought
    assert type(state).from_json(state.to_json()) == state
