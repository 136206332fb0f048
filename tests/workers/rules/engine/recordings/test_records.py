"""What is written down of recordings: one record each, whatever names it and in any order."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.callers.joining import Entry
from app.domain.recording import RecordingChange
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

URL = "https://media.plivo.com/r1.mp3"
RECORDS = book(rule("conference.started", step("record"), name="Record"))
MISSES = book(rule(("recording.missing", 60.0), webhook()), rule("member.entered", step("record")))


def written(room: Timeline) -> Mapping[str, dict[str, Any]]:
    """What the store would hold: see `lua/commit.lua`."""
    found: dict[str, dict[str, Any]] = {}
    for change in (change for made in room.decisions for change in made.recordings):
        keep(found, change)
    return found


def keep(found: dict[str, dict[str, Any]], change: RecordingChange) -> None:
    fields = found.setdefault(change.id, {})
    for was in change.was:
        for name, value in found.pop(was, {}).items():
            fields.setdefault(name, value)
    fields |= change.known
    for name, value in change.gaps.items():
        fields.setdefault(name, value)


def answer(room: Timeline, **told: str) -> None:
    """Plivo's answer to the record call that was decided."""
    call = next(c for made in room.decisions for c in made.calls if c.verb == "record")
    room.happen("record.answered", call=call.id, **told)


def facts(room: Timeline, *names: str) -> Sequence[Any]:
    (one,) = written(room).values()
    return [one.get(name) for name in names]


def test_a_recording_is_joined_with_its_instance_rule_run_members_and_transcript() -> None:
    room = Timeline(RECORDS)
    room.enter(1, **{"from": "+14155550100"})
    answer(room, recording_id="r1", api_id="api-1")
    room.happen("recording.started", recording_id="r1", url=URL)
    room.pass_time(5)
    room.enter(2, **{"from": "+14155550101"})
    room.exit(1)
    room.pass_time(5)
    room.enter(3)
    room.happen("transcription.ready", uuid="", recording_id="r1", text="Hello.")
    done = {"duration": 8.0, "started_at": START, "ended_at": START + 8, "format": "mp3"}
    room.happen("recording.ready", recording_id="r1", url=URL, **done)
    (run,) = [run.id for made in room.decisions for run in made.runs if run.rule == "Record"]
    assert written(room) == {
        "r1": {
            "conference": "sales-1",
            "uuid": UUID,
            "number": 1,
            "state": "ready",
            "heard_at": START,
            "api_id": "api-1",
            "rule": "Record",
            "run": run,
            "url": URL,
            "members": [
                {"id": "1", "from": "+14155550100"},
                {"id": "2", "from": "+14155550101"},
            ],
            "transcript": "Hello.",
            "transcript_state": "ready",
            "transcript_at": START + 10,
            **done,
        }
    }


TELLINGS = [
    [{"recording_id": "r1"}, {"recording_id": "r1", "url": URL}],
    [{"url": URL}, {"recording_id": "r1", "url": URL}],
    [{"recording_id": "r1"}, {"url": URL}],
    [{"url": URL}, {"url": URL}],
    [{}, {"recording_id": "r1", "url": URL}],
    [{}, {"url": URL}],
    [{"recording_id": "r1", "url": URL}, {"recording_id": "r1", "url": URL}],
]


@pytest.mark.parametrize("answered", ["first", "between", "last", "never"])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("start", "ready"), TELLINGS)
def test_a_start_and_an_end_of_whatever_shape_are_one_recording(
    start: dict[str, str], ready: dict[str, str], late: bool, answered: str
) -> None:
    room = Timeline(RECORDS)
    room.enter(1)
    tell = [
        lambda: room.happen("recording.started", **start),
        lambda: room.happen("recording.ready", duration=5.0, **ready),
    ]
    places = {"first": 0, "between": 1, "last": 2}
    tell = tell[::-1] if late else tell
    if answered in places:
        tell.insert(places[answered], lambda: answer(room, api_id="api-1"))
    for one in tell:
        one()
        room.pass_time(1)
    assert facts(room, "state", "rule", "members") == [
        "ready",
        "Record",
        [{"id": "1", "from": ""}],
    ]
    assert not room.conference.recording
    assert not room.conference.awaited


def test_two_recordings_one_after_the_other_are_two() -> None:
    room = Timeline(book(rule("member.entered", step("record"), name="Record")))
    room.enter(1)
    room.happen("recording.started", recording_id="r1")
    room.happen("recording.ready", recording_id="r1", url=URL, started_at=START)
    room.pass_time(20)
    room.enter(2)
    room.happen("recording.started")
    room.happen("recording.ready", recording_id="r2", url=URL + "2", started_at=START + 20)
    found = written(room)
    assert sorted(found) == ["r1", "r2"]
    assert found["r1"]["run"] != found["r2"]["run"]


def test_the_late_file_of_one_recording_is_not_that_of_the_next() -> None:
    room = Timeline(RECORDS)
    room.enter(1)
    room.happen("recording.started", recording_id="r1")
    room.pass_time(20)
    room.happen("recording.started", recording_id="r2")
    room.happen("recording.ready", recording_id="r1", url=URL)
    assert room.conference.recording
    assert {id: one["state"] for id, one in written(room).items()} == {
        "r1": "ready",
        "r2": "started",
    }


def test_a_recording_that_is_heard_of_before_anybody_entered_is_of_that_instance() -> None:
    room = Timeline(book())
    room.happen("recording.started", url=URL)
    room.enter(1)
    assert room.conference.recording
    room.happen("recording.ready", recording_id="r1", url=URL)
    assert facts(room, "number", "uuid", "state") == [1, UUID, "ready"]


def test_members_of_a_recording_whose_file_comes_after_the_end_are_known() -> None:
    room = Timeline(RECORDS)
    room.enter(1, **{"from": "+1415"})
    room.pass_time(10)
    room.exit(1)
    room.pass_time(1)
    room.enter(2, uuid=OTHER_UUID)
    when = {"started_at": START, "ended_at": START + 10}
    room.happen("recording.ready", recording_id="r1", url=URL, **when)
    found = written(room)["r1"]
    assert found["members"] == [{"id": "1", "from": "+1415"}]
    assert (found["uuid"], found["number"]) == (UUID, 1)


def test_a_recording_that_never_came_is_kept_as_missing_even_if_nothing_was_told_of_it() -> None:
    room = Timeline(MISSES)
    room.enter(1)
    room.exit(1)
    room.pass_time(61)
    assert facts(room, "state", "conference", "uuid") == ["missing", "sales-1", UUID]
    room.happen("recording.ready", recording_id="r1", url=URL)
    assert facts(room, "state", "url") == ["ready", URL]


def test_a_recording_that_our_answer_asked_for_is_awaited_though_nobody_tells_of_it() -> None:
    answers = (Entry(("*",), options={"record": True}),)
    room = Timeline(book(*MISSES.rules[:1], answers=answers))
    room.enter(1)
    assert not room.conference.recording
    room.exit(1)
    room.pass_time(61)
    assert facts(room, "state") == ["missing"]


def test_a_call_that_was_given_up_began_nothing() -> None:
    room = Timeline(book(rule("member.entered", step("record"), name="Record")))
    decision = room.enter(1)
    call = decision.calls[0]
    told = {"run": call.run, "step": 0, "call": call.id, "verb": "record", "error": "no"}
    room.happen("action.failed", **told)
    room.happen("recording.started", recording_id="r1")
    assert facts(room, "rule", "run") == [None, None]


def test_an_enter_may_tell_of_the_recording_and_late_ones_start_nothing() -> None:
    room = Timeline(book())
    room.enter(1, recording_id="r1", recording_url=URL)
    assert room.conference.recording
    room.happen("recording.ready", recording_id="r1", url=URL)
    room.enter(2, recording_id="r1", recording_url=URL)
    assert not room.conference.recording
    assert facts(room, "state") == ["ready"]


def test_what_a_repeated_callback_tells_beyond_the_first_is_taken_along() -> None:
    room = Timeline(book())
    room.enter(1)
    room.happen("recording.ready", recording_id="r1", url=URL)
    room.happen("recording.ready", recording_id="r1", url=URL + "?", duration=27.0)
    assert facts(room, "url", "duration") == [URL, 27.0]


@pytest.mark.parametrize("late", [False, True])
def test_a_transcript_failed_is_no_longer_so_when_it_came_after_all(late: bool) -> None:
    room = Timeline(book())
    room.enter(1)
    tell = [
        lambda: room.happen("transcription.failed", uuid="", recording_id="r1", error="too long"),
        lambda: room.happen("transcription.ready", uuid="", recording_id="r1", text="Hello."),
    ]
    for one in tell[::-1] if late else tell:
        one()
    assert facts(room, "transcript_state", "transcript") == ["ready", "Hello."]


def test_what_is_remembered_of_recordings_and_members_is_bounded() -> None:
    room = Timeline(RECORDS)
    for number in range(400):
        room.enter(number)
        room.happen("recording.ready", recording_id=f"r{number}", url=f"{URL}{number}")
        if number > 10:
            room.exit(number - 10)
    assert len(room.conference.records) <= 16
    assert len(room.conference.attended) <= 256
    assert {"399", "395"} <= room.conference.attended.keys()
