import pytest

from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    START,
    Says,
    Timeline,
    book,
    rule,
    speak,
    webhook,
)

URL = "https://media.plivo.com/r1.mp3"
ELAPSED = Says(lambda fields: fields["conference"]["elapsed"])
ALL_KINDS = book(
    *(
        rule(kind, webhook(), name=kind)
        for kind in (
            "recording.started",
            "recording.ready",
            "transcription.ready",
            "transcription.failed",
        )
    )
)


def test_a_recording_starts_and_is_ready_once_whatever_names_it() -> None:
    room = Timeline(ALL_KINDS)
    room.enter(1)
    room.happen("recording.started", recording_id="r1")
    room.happen("recording.started", recording_id="r1", url=URL)
    assert room.conference.recording
    room.happen("recording.ready", recording_id="r1", url=URL, duration=5.0)
    room.happen("recording.ready", uuid="", url=URL, duration=5.0)
    assert [name for name, _ in room.runs] == ["recording.started", "recording.ready"]
    assert not room.conference.recording


def test_a_late_start_does_not_overwrite_the_finished_recording() -> None:
    room = Timeline(ALL_KINDS)
    room.enter(1)
    room.happen("recording.ready", recording_id="r1", url=URL, duration=5.0)
    room.happen("recording.started", recording_id="r1")
    assert [name for name, _ in room.runs] == ["recording.ready"]
    assert not room.conference.recording


@pytest.mark.parametrize("swapped", [False, True])
def test_a_transcript_may_come_before_its_recording(swapped: bool) -> None:
    room = Timeline(ALL_KINDS)
    room.enter(1)
    kinds = ["recording.ready", "transcription.ready"]
    for kind in reversed(kinds) if swapped else kinds:
        room.happen(kind, uuid="", recording_id="r1", url=URL, text="Hello", duration=5.0)
    assert sorted(name for name, _ in room.runs) == kinds


def test_a_transcript_that_failed_is_told_once() -> None:
    room = Timeline(ALL_KINDS)
    room.enter(1)
    for _ in range(2):
        room.happen("transcription.failed", uuid="", recording_id="r1", error="too long")
    assert room.runs == [("transcription.failed", "applied")]


def test_a_recording_of_an_instance_that_is_over_is_told_with_its_facts() -> None:
    room = Timeline(book(rule("recording.ready", webhook(json={"elapsed": ELAPSED}), speak())))
    room.enter(1)
    room.pass_time(90)
    room.exit(1)
    room.pass_time(10)
    room.enter(2, uuid=OTHER_UUID)
    decision = room.happen("recording.ready", recording_id="r1", url=URL, duration=80.0)
    assert [call.params["json"] for call in decision.calls] == [{"elapsed": 90.0}]
    assert decision.calls[0].uuid != OTHER_UUID


@pytest.mark.parametrize(
    ("began", "elapsed"), [(START + 5, 90.0), (START + 105, 10.0), (None, 10.0)]
)
def test_a_recording_without_a_uuid_is_of_the_instance_in_which_it_began(
    began: float | None, elapsed: float
) -> None:
    room = Timeline(book(rule("recording.ready", webhook(json={"elapsed": ELAPSED}))))
    room.enter(1)
    room.pass_time(90)
    room.exit(1)
    room.pass_time(10)
    room.enter(2, uuid=OTHER_UUID)
    room.pass_time(10)
    when = {} if began is None else {"started_at": began}
    decision = room.happen("recording.ready", uuid="", recording_id="r1", url=URL, **when)
    assert decision.calls[0].params["json"] == {"elapsed": elapsed}


def test_a_recording_that_began_with_a_new_instance_is_not_of_the_one_before() -> None:
    room = Timeline(book(rule("recording.ready", speak())))
    room.enter(1)
    room.pass_time(90)
    room.exit(1)
    room.pass_time(1)
    room.enter(2, uuid=OTHER_UUID)
    room.happen("recording.ready", uuid="", recording_id="r1", started_at=room.at - 0.5)
    assert room.calls == [("speak", "all")]


def test_a_recording_that_began_before_the_one_before_ended_is_of_that_one() -> None:
    room = Timeline(book(rule("recording.ready", webhook(json={"elapsed": ELAPSED}))))
    room.enter(1)
    room.pass_time(90)
    room.exit(1)
    room.pass_time(1)
    room.enter(2, uuid=OTHER_UUID)
    began = room.at - 1.5
    decision = room.happen("recording.ready", uuid="", recording_id="r1", started_at=began)
    assert decision.calls[0].params["json"] == {"elapsed": 90.0}


def test_recordings_that_are_remembered_do_not_grow_without_end() -> None:
    room = Timeline(ALL_KINDS)
    room.enter(1)
    for number in range(500):
        room.happen("recording.ready", recording_id=f"r{number}", url=f"{URL}{number}")
    assert len(room.conference.recordings) <= 64
