"""From Plivo's fields to an event: every shape of docs/plivo.md 2 to 4."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Unusable
from app.plivo.fields import flat_fields, form_pairs, object_fields
from app.plivo.parse import Callback, identities, parse
from tests.app.builders import enter, recording, transcription
from workers.rules.vocabulary.triggers import EVENTS

URL = "https://media.plivo.com/v1/Account/MA/Recording/93bc7c6a.mp3"


def data(fields: dict[str, str]) -> dict[str, Any]:
    return dict(parse(fields).event.data)


def test_enter_becomes_member_entered_with_typed_fields() -> None:
    event = parse(enter()).event
    assert (event.kind, event.conference) == ("member.entered", "demo")
    assert event.uuid == "f0a7239c-f92a-11e6-87d6-d3f6ab578519"
    assert event.data == {
        "member_id": "8398",
        "call_uuid": "e7d6125a-f92a-11e6-85a7-d3f6ab578519",
        "from": "+14155550100",
        "to": "+14155550199",
        "direction": "inbound",
        "first": True,
    }


def test_enter_may_know_a_recording() -> None:
    found = data(enter(RecordUrl=URL, RecordingID="r1"))
    assert (found["recording_id"], found["recording_url"]) == ("r1", URL)


def test_the_least_that_an_exit_carries_is_enough() -> None:
    minimal = {"ConferenceAction": "exit", "ConferenceName": "demo", "ConferenceMemberID": "1"}
    event = parse(minimal).event
    assert (event.kind, event.uuid, event.data) == ("member.exited", "", {"member_id": "1"})


def test_exit_says_who_was_last() -> None:
    fields = enter(ConferenceAction="exit", ConferenceLastMember="true")
    assert data(fields)["last"] is True
    assert "last" not in data(fields | {"ConferenceLastMember": "perhaps"})


def test_digits_and_floor() -> None:
    digits = parse(enter(ConferenceAction="digits", ConferenceDigitsMatch="*1")).event
    assert (digits.kind, digits.data["digits"]) == ("member.digits", "*1")
    floor = parse(enter(ConferenceAction="floor")).event
    assert (floor.kind, floor.data["member_id"]) == ("member.speaking", "8398")


def test_the_event_field_alone_tells_what_happened() -> None:
    fields = {k: v for k, v in enter().items() if k != "ConferenceAction"}
    assert parse(fields).event.kind == "member.entered"


@pytest.mark.parametrize(
    "fields",
    [
        enter(ConferenceAction="dance"),
        enter(ConferenceAction="waitSound", ConferenceMemberID="", ConferenceUUID=""),
        enter(ConferenceAction="", Event="ConferenceRemoteSounds"),
        enter(ConferenceMemberID=""),
        enter(ConferenceAction="digits"),
        {"ConferenceName": "demo"},
        {"conference_name": "demo", "transcription": "words without a recording"},
    ],
)
def test_what_is_not_known_is_kept_and_never_a_member_event(fields: dict[str, str]) -> None:
    event = parse(fields).event
    assert event.kind == "callback.unknown"
    assert event.data["fields"] == fields


def test_unknown_fields_are_ignored() -> None:
    assert data(enter(Shoesize="44", SessionStart="now")) == data(enter())


def test_a_recording_by_rest_is_ready_with_numbers() -> None:
    event = parse(recording()).event
    assert (event.kind, event.conference) == ("recording.ready", "demo")
    assert event.data == {
        "recording_id": "93bc7c6a-3b2b-11e3",
        "url": URL,
        "duration": 27.4,
        "started_at": 1407235509.007,
        "ended_at": 1407235536.407,
        "format": "mp3",
    }


def test_the_three_shapes_of_a_recording_say_the_same() -> None:
    flat = parse(recording())
    numbers = recording() | {"recording_duration": 27}
    wrapped = parse(flat_fields((), [("response", json.dumps(numbers))]))
    body = parse(object_fields(numbers))
    camel = parse(
        {
            "ConferenceAction": "record",
            "ConferenceName": "demo",
            "RecordUrl": URL,
            "RecordingID": "93bc7c6a-3b2b-11e3",
            "RecordingDuration": "27",
            "RecordingDurationMs": "27400",
            "RecordingStartMs": "1407235509007",
            "RecordingEndMs": "1407235536407",
            "CallUUID": "",
        }
    )
    assert flat.event.data == wrapped.event.data == body.event.data == camel.event.data
    assert flat.identity == wrapped.identity == body.identity == camel.identity


@pytest.mark.parametrize("duration", ["", "0", "-1", "None", "0.0"])
def test_a_recording_without_a_duration_has_only_started(duration: str) -> None:
    fields = recording(recording_duration=duration, recording_duration_ms="")
    event = parse(fields).event
    assert event.kind == "recording.started"
    assert event.data == {"recording_id": "93bc7c6a-3b2b-11e3", "url": URL}


def test_the_answer_of_the_asynchronous_api_is_a_start() -> None:
    fields = {
        "conference_name": "demo",
        "message": "conference recording started",
        "recording_id": "r1",
        "url": URL,
    }
    assert parse(fields).event.kind == "recording.started"


@pytest.mark.parametrize("message", ["record_done", "record done"])
def test_a_message_that_says_done_is_enough(message: str) -> None:
    fields = {"record_url": URL, "conference_name": "demo", "message": message}
    event = parse(fields).event
    assert (event.kind, "duration" in event.data) == ("recording.ready", False)


def test_a_record_stop_with_a_file_and_nothing_else_is_ready() -> None:
    fields = {"Event": "ConferenceRecordStop", "ConferenceName": "demo", "RecordFile": URL}
    assert parse(fields).event.kind == "recording.ready"
    assert parse(fields | {"RecordingDuration": "-1"}).event.kind == "recording.started"


def test_a_wav_is_known_by_its_address() -> None:
    assert data(recording(record_url="https://x/r.WAV?sig=1"))["format"] == "wav"


def test_start_and_end_of_one_recording_are_two_events() -> None:
    started = parse(recording(recording_duration="", recording_duration_ms=""))
    assert started.identity != parse(recording()).identity


def test_a_transcription_knows_only_its_recording() -> None:
    callback = parse(transcription())
    assert callback.recording_id == "93bc7c6a-3b2b-11e3"
    assert callback.event.conference == ""
    assert callback.event.kind == "transcription.ready"
    assert callback.event.data == {
        "recording_id": "93bc7c6a-3b2b-11e3",
        "text": "Good morning.",
        "duration": 27.4,
        "charge": 0.0095,
        "rate": 0.0095,
    }


def test_our_transcription_url_names_the_conference() -> None:
    query = form_pairs(b"conference=t%C3%B6wn%2F1&v=1")
    callback = parse(flat_fields(query, list(transcription().items())))
    assert (callback.event.conference, callback.recording_id) == ("töwn/1", "")


def test_an_empty_transcript_is_ready_and_an_error_is_not() -> None:
    assert data(transcription(transcription=""))["text"] == ""
    failed = parse(transcription(transcription="", error="Recording duration too long")).event
    assert failed.kind == "transcription.failed"
    assert failed.data == {
        "recording_id": "93bc7c6a-3b2b-11e3",
        "error": "Recording duration too long",
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (enter(ConferenceName=""), "ConferenceName is missing"),
        (enter(ConferenceName=".."), "ConferenceName can not be '..'"),
        (enter(ConferenceName="."), "ConferenceName can not be '.'"),
        (enter(ConferenceName="a\nb"), "control character"),
        (enter(ConferenceName="x" * 2000), "ConferenceName has 2000 characters"),
        (enter(ConferenceMemberID="all"), "ConferenceMemberID must be a number"),
        (enter(ConferenceMemberID="1,2"), "ConferenceMemberID must be a number"),
        (enter(ConferenceMemberID="10/../.."), "ConferenceMemberID must be a number"),
        (enter(ConferenceMemberID="٣"), "ConferenceMemberID must be a number"),
        (recording(recording_duration="long"), "RecordingDuration must be a number"),
        (recording(recording_duration_ms="inf"), "RecordingDurationMs must be a number"),
        (recording(conference_name="", recording_id=""), "ConferenceName is missing"),
        ({"Event": "ConferenceEnter"}, "ConferenceName is missing"),
        ({}, "ConferenceName is missing"),
    ],
)
def test_what_can_not_be_used_names_the_field(fields: dict[str, str], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        parse(fields)


@pytest.mark.parametrize("response", ["{", "[]", "1", '"x"', "[" * 60_000, '{"a": NaN}'])
def test_a_broken_response_field_is_unusable(response: str) -> None:
    with pytest.raises(Unusable, match="response"):
        flat_fields((), [("response", response)])


def test_half_a_surrogate_pair_is_unusable() -> None:
    with pytest.raises(Unusable, match="UTF-8"):
        flat_fields((), [("response", '{"conference_name": "\\ud800"}')])


def test_fields_that_are_not_utf8_are_unusable() -> None:
    with pytest.raises(Unusable, match="UTF-8"):
        form_pairs(b"ConferenceName=%ff")
    with pytest.raises(Unusable, match="UTF-8"):
        form_pairs(b"ConferenceName=\xff")


def test_one_field_with_two_values_is_unusable() -> None:
    with pytest.raises(Unusable, match="ConferenceName was given twice"):
        flat_fields((), [("ConferenceName", "a"), ("ConferenceName", "b")])


@pytest.mark.parametrize("name", ["a/b", "a//b/", "töwn 🎉 hall", "x" * 512, "..a", "%2e%2e"])
def test_unusual_names_are_taken_as_they_are(name: str) -> None:
    assert parse(enter(ConferenceName=name)).event.conference == name


def known_by(fields: dict[str, str], nonce: str = "") -> set[str]:
    found = identities(parse(fields), nonce, dedupe=3600, replay=86400)
    return {identity.key for identity in found}


@pytest.mark.parametrize(
    "change",
    [
        {"ConferenceAction": "exit"},
        {"ConferenceUUID": "another"},
        {"ConferenceMemberID": "9"},
        {"CallUUID": "another"},
        {"ConferenceName": "another"},
    ],
    ids=str,
)
def test_what_differs_in_a_key_field_is_another_event(change: dict[str, str]) -> None:
    assert known_by(enter()).isdisjoint(known_by(enter() | change))


def test_what_differs_elsewhere_is_the_same_event() -> None:
    assert known_by(enter()) == known_by(enter(BillRate="1", From="+49301234567"))


def test_digits_are_the_same_for_two_seconds_only_and_their_nonce_for_a_day() -> None:
    pressed = parse(enter(ConferenceAction="digits", ConferenceDigitsMatch="1"))
    found = identities(pressed, "77", dedupe=3600, replay=86400)
    assert [(i.key[:6], i.seconds) for i in found if i.key == "nonce:77"] == [("nonce:", 86400)]
    assert [i.seconds for i in found if i.key != "nonce:77"] == [2]


def test_fields_can_not_be_shifted_into_the_same_identity() -> None:
    one = enter(ConferenceMemberID="1", CallUUID="23")
    other = enter(ConferenceMemberID="12", CallUUID="3")
    assert known_by(one).isdisjoint(known_by(other))


NAMES = list(enter()) + list(recording()) + list(transcription()) + ["response", "RecordFile"]
VALUES = st.sampled_from(["enter", "exit", "record", "digits", "floor", "demo", "1", "-1", "0.5"])


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), VALUES | st.text(max_size=9)))
def test_any_fields_become_a_known_event_or_a_refusal(fields: dict[str, str]) -> None:
    try:
        callback: Callback = parse(flat_fields((), list(fields.items())))
    except Unusable:
        return
    assert callback.event.kind in EVENTS
    assert callback.event.conference or callback.recording_id
    assert None not in callback.event.data.values()
