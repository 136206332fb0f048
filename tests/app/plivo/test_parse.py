"""From Plivo's fields to an event: every shape of docs/plivo.md 2 to 4."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.event import Event
from app.errors import Unusable
from app.plivo import parse as parsing
from app.plivo.request import form_pairs
from app.plivo.schemas import SPELLINGS
from tests.app.builders import enter, posted, recording, transcription
from workers.rules.vocabulary.triggers import EVENTS

API_ID = "2867b6e2-58c3-11e1-86da-adf28403fe48"
URL = "https://media.plivo.com/v1/Account/MA/Recording/93bc7c6a.mp3"


def parse(fields: dict[str, Any]) -> Event:
    return parsing.parse(posted(fields))


def data(fields: dict[str, Any]) -> dict[str, Any]:
    return dict(parse(fields).data)


def content(event: Event) -> str:
    [identity] = parsing.identities(event, "", dedupe=3600, replay=86400)
    return identity.key


def test_enter_becomes_member_entered_with_typed_fields() -> None:
    event = parse(enter())
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
    event = parse(minimal)
    assert (event.kind, event.uuid, event.data) == ("member.exited", "", {"member_id": "1"})


def test_exit_says_who_was_last() -> None:
    fields = enter(ConferenceAction="exit", ConferenceLastMember="true")
    assert data(fields)["last"] is True
    assert "last" not in data(fields | {"ConferenceLastMember": ""})


def test_digits_and_floor() -> None:
    digits = parse(enter(ConferenceAction="digits", ConferenceDigitsMatch="*1"))
    assert (digits.kind, digits.data["digits"]) == ("member.digits", "*1")
    floor = parse(enter(ConferenceAction="floor"))
    assert (floor.kind, floor.data["member_id"]) == ("member.speaking", "8398")


def test_the_event_field_alone_tells_what_happened() -> None:
    fields = {k: v for k, v in enter().items() if k != "ConferenceAction"}
    assert parse(fields).kind == "member.entered"


@pytest.mark.parametrize(
    "fields",
    [
        enter(ConferenceAction="dance"),
        enter(ConferenceAction="waitSound", ConferenceMemberID="", ConferenceUUID=""),
        enter(ConferenceAction="", Event="ConferenceRemoteSounds"),
        enter(ConferenceAction="pause", Event="ConferenceRecordPause", RecordUrl=URL),
        enter(ConferenceAction="", Event="", RecordUrl=URL, RecordingID="r1"),  # to an `action`
        enter(ConferenceAction="", Event="Redirect", RecordUrl=URL, RecordingID="r1"),
        enter(ConferenceMemberID=""),
        enter(ConferenceAction="digits"),
        {"ConferenceName": "demo"},
        {"conference_name": "demo", "transcription": "words without a recording"},
    ],
)
def test_what_is_not_known_is_kept_and_never_a_member_event(fields: dict[str, str]) -> None:
    event = parse(fields)
    assert event.kind == "callback.unknown"
    assert event.data["fields"] == fields


def test_unknown_fields_are_ignored() -> None:
    assert data(enter(Shoesize="44", SessionStart="now")) == data(enter())


def test_a_recording_by_rest_is_ready_with_numbers() -> None:
    event = parse(recording())
    assert (event.kind, event.conference) == ("recording.ready", "demo")
    assert event.data == {
        "recording_id": "93bc7c6a-3b2b-11e3",
        "url": URL,
        "duration": 27.4,
        "started_at": 1407235509.007,
        "ended_at": 1407235536.407,
        "format": "mp3",
        "api_id": API_ID,
    }


def test_the_shapes_of_a_recording_say_the_same() -> None:
    flat = parse(recording())
    numbers = recording() | {"recording_duration": 27}
    wrapped = parse({"response": json.dumps(numbers)})
    body = parsing.parse(posted((), json=numbers))
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
    assert flat.data == wrapped.data == body.data == camel.data | {"api_id": API_ID}
    assert content(flat) == content(wrapped) == content(body) == content(camel)


@pytest.mark.parametrize("duration", ["", "0", "-1", "None", "0.0"])
def test_a_recording_without_a_duration_has_only_started(duration: str) -> None:
    fields = recording(recording_duration=duration, recording_duration_ms="")
    event = parse(fields)
    assert event.kind == "recording.started"
    found = {"recording_id": "93bc7c6a-3b2b-11e3", "url": URL, "api_id": API_ID}
    assert event.data == found


def test_the_answer_of_the_asynchronous_api_is_a_start() -> None:
    fields = {
        "conference_name": "demo",
        "message": "conference recording started",
        "recording_id": "r1",
        "url": URL,
    }
    assert parse(fields).kind == "recording.started"


@pytest.mark.parametrize("message", ["record_done", "record done"])
def test_a_message_that_says_done_is_enough(message: str) -> None:
    fields = {"record_url": URL, "conference_name": "demo", "message": message}
    event = parse(fields)
    assert (event.kind, "duration" in event.data) == ("recording.ready", False)


def test_a_record_stop_with_a_file_and_nothing_else_is_ready() -> None:
    fields = {"Event": "ConferenceRecordStop", "ConferenceName": "demo", "RecordFile": URL}
    assert parse(fields).kind == "recording.ready"
    assert parse(fields | {"RecordingDuration": "-1"}).kind == "recording.started"


def test_a_wav_is_known_by_its_address() -> None:
    assert data(recording(record_url="https://x/r.WAV?sig=1"))["format"] == "wav"


def test_start_and_end_of_one_recording_are_two_events() -> None:
    started = parse(recording(recording_duration="", recording_duration_ms=""))
    assert content(started) != content(parse(recording()))


def test_a_transcription_knows_only_its_recording() -> None:
    event = parse(transcription())
    assert (event.kind, event.conference) == ("transcription.ready", "")
    assert event.data == {
        "recording_id": "93bc7c6a-3b2b-11e3",
        "text": "Good morning.",
        "duration": 27.4,
        "charge": 0.0095,
        "rate": 0.0095,
    }


def test_our_transcription_url_names_the_conference() -> None:
    query = form_pairs(b"conference=t%C3%B6wn%2F1&v=1")
    assert parsing.parse(posted(transcription(), query)).conference == "töwn/1"


def test_an_empty_transcript_is_ready_and_an_error_is_not() -> None:
    assert data(transcription(transcription=""))["text"] == ""
    failed = parse(transcription(transcription="", error="Recording duration too long"))
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
        (enter(ConferenceName="\udcff"), "ConferenceName is not UTF-8"),
        (enter(ConferenceMemberID="\udcff"), "ConferenceMemberID is not UTF-8"),
        (enter(ConferenceAction="\udcff"), "ConferenceAction is not UTF-8"),
        (recording(recording_id="\udcff"), "RecordingID is not UTF-8"),
        (transcription(recording_id="\udcff"), "RecordingID is not UTF-8"),
        (recording(recording_id="", record_url="\udcff"), "RecordUrl is not UTF-8"),
        (recording(conference_name="", recording_id=""), "ConferenceName is missing"),
        ({"Event": "ConferenceEnter"}, "ConferenceName is missing"),
        ({}, "ConferenceName is missing"),
    ],
)
def test_what_can_not_be_used_names_the_field(fields: dict[str, str], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        parse(fields)


@pytest.mark.parametrize("response", ["{", "[]", "1", '"x"', "[" * 60_000])
def test_a_broken_response_field_is_unusable(response: str) -> None:
    with pytest.raises(Unusable, match="response"):
        parse({"response": response})


def test_what_identifies_an_event_may_not_be_given_twice() -> None:
    twice = [*enter().items(), ("ConferenceName", "another")]
    with pytest.raises(Unusable, match="ConferenceName was given twice"):
        parsing.parse(posted(twice))


NUMBER = "must be a number, not"
NO_TEXT = "must be a text or a number"


@pytest.mark.parametrize(
    ("fields", "kind", "told"),
    [
        (recording(recording_end_ms="abc"), "recording.ready", {"RecordingEndMs": NUMBER}),
        (recording(recording_start_ms="1e400"), "recording.ready", {"RecordingStartMs": NUMBER}),
        (recording(recording_start_ms="9" * 30), "recording.ready", {"RecordingStartMs": NUMBER}),
        (recording(recording_duration="5s"), "recording.ready", {"RecordingDuration": NUMBER}),
        (recording(Event="Redirect"), "recording.ready", {"Event": "is not known: 'Redirect'"}),
        (recording(ConferenceAction="x"), "recording.ready", {"ConferenceAction": "is not known"}),
        (recording(From="\udce9", CallerName="\ud83d"), "recording.ready",
         {"From": "is not UTF-8 text", "CallerName": "is not UTF-8 text"}),
        (recording(recording_duration="x", recording_duration_ms="y"), "recording.ready",
         {"RecordingDuration": NUMBER, "RecordingDurationMs": NUMBER}),
        (recording(recording_duration="-1", recording_duration_ms="x"), "recording.started",
         {"RecordingDurationMs": NUMBER}),
        (recording(record_url="\udcff"), "recording.started", {"RecordUrl": "is not UTF-8 text"}),
        (transcription(duration="x"), "transcription.ready", {"duration": NUMBER}),
        (transcription(Event="Transcribed"), "transcription.ready", {"Event": "is not known"}),
        (transcription(error="too long", transcription_rate="free"), "transcription.failed",
         {"transcription_rate": NUMBER}),
        (enter(ConferenceFirstMember="perhaps"), "member.entered",
         {"ConferenceFirstMember": "must be true or false, not 'perhaps'"}),
        (enter(Event="ConferenceWhatever"), "member.entered", {"Event": "is not known"}),
        (enter(CallerName="Ren\udce9"), "member.entered", {"CallerName": "is not UTF-8 text"}),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_left_out_and_told(
    fields: dict[str, str], kind: str, told: dict[str, str]
) -> None:
    event = parse(fields)
    assert event.kind == kind
    assert event.data["unreadable"].keys() == told.keys()
    assert all(event.data["unreadable"][name].startswith(why) for name, why in told.items())
    event.to_json().encode()  # it can be stored


def test_what_is_left_out_takes_nothing_else_with_it() -> None:
    whole, odd = parse(recording()), parse(recording(recording_end_ms="abc", Event="Redirect"))
    left = {key: value for key, value in odd.data.items() if key != "unreadable"}
    assert left == {key: value for key, value in whole.data.items() if key != "ended_at"}
    assert content(odd) == content(whole)


def test_one_number_that_can_not_be_read_leaves_the_other() -> None:
    assert data(recording(recording_duration_ms="abc"))["duration"] == 27
    assert data(recording(recording_duration="abc"))["duration"] == 27.4
    assert "duration" not in data(recording(recording_duration="a", recording_duration_ms="b"))


def test_a_start_stays_a_start_whatever_its_duration_is() -> None:
    started = recording(Event="ConferenceRecordStart", recording_duration="x")
    assert parse(started | {"recording_duration_ms": ""}).kind == "recording.started"


def test_a_field_that_does_not_identify_may_be_given_twice() -> None:
    event = parsing.parse(posted([*enter().items(), ("From", "+4930")]))
    assert event.data["unreadable"] == {"From": "was given twice with different values"}
    assert "from" not in event.data


@pytest.mark.parametrize("odd", [{"a": 1}, [27], [], float("inf")], ids=str)
def test_json_values_of_another_type_are_left_out(odd: Any) -> None:
    found = parsing.parse(posted((), json=recording() | {"recording_end_ms": odd}))
    assert found.kind == "recording.ready"
    assert found.data["unreadable"].keys() == {"RecordingEndMs"}
    with pytest.raises(Unusable, match=f"RecordingID {NO_TEXT}"):
        parsing.parse(posted((), json=recording() | {"recording_id": {"a": 1}}))


@pytest.mark.parametrize("nothing", ["NaN", "null", '"None"', '""'])
def test_json_that_says_nothing_about_a_field_is_no_fault(nothing: str) -> None:
    text = json.dumps(recording() | {"recording_end_ms": 0}).replace(
        '_end_ms": 0', f'_end_ms": {nothing}'
    )
    found = data({"response": text})
    assert "unreadable" not in found
    assert "ended_at" not in found


def test_an_unknown_callback_keeps_what_it_can_and_tells_the_rest() -> None:
    fields = [
        ("ConferenceName", "demo"),
        ("Event", "New"),
        ("To", "1"),
        ("To", "2"),
        ("X", "\udcff"),
    ]
    event = parsing.parse(posted(fields))
    assert event.data["fields"] == {"ConferenceName": "demo", "Event": "New", "X": "?"}
    assert event.data["unreadable"].keys() == {"To"}
    event.to_json().encode()


def test_every_field_that_we_know_has_one_meaning() -> None:
    assert len(SPELLINGS) == len({spelling.casefold() for spelling in SPELLINGS})


@pytest.mark.parametrize("name", ["a/b", "a//b/", "töwn 🎉 hall", "x" * 512, "..a", "%2e%2e"])
def test_unusual_names_are_taken_as_they_are(name: str) -> None:
    assert parse(enter(ConferenceName=name)).conference == name


def known_by(fields: dict[str, str], nonce: str = "") -> set[str]:
    found = parsing.identities(parse(fields), nonce, dedupe=3600, replay=86400)
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
    found = parsing.identities(pressed, "77", dedupe=3600, replay=86400)
    assert [(i.key[:6], i.seconds) for i in found if i.key == "nonce:77"] == [("nonce:", 86400)]
    assert [i.seconds for i in found if i.key != "nonce:77"] == [2]


def test_fields_can_not_be_shifted_into_the_same_identity() -> None:
    one = enter(ConferenceMemberID="1", CallUUID="23")
    other = enter(ConferenceMemberID="12", CallUUID="3")
    assert known_by(one).isdisjoint(known_by(other))


NAMES = list(enter()) + list(recording()) + list(transcription()) + ["response", "RecordFile"]
VALUES = st.sampled_from(["enter", "exit", "record", "digits", "floor", "demo", "1", "-1", "0.5"])


@given(
    st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=5), VALUES | st.text(st.characters(), max_size=9)
    )
)
def test_any_fields_become_a_known_event_or_a_refusal(fields: dict[str, str]) -> None:
    try:
        event = parse(fields)
    except Unusable:
        return
    assert event.kind in EVENTS
    assert event.conference or event.data["recording_id"]
    assert None not in event.data.values()
    event.to_json().encode()
