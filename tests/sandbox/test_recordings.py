"""Recordings and transcripts: callbacks, shapes, files (docs/plivo.md 3 and 4)."""

import io
import json
import wave
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.service import Received, Service
from tests.waiting import PATIENCE

Room = Callable[..., str]


def record(api: Api, service: Service, **wanted: Any) -> requests.Response:
    """Record with our callback URLs."""
    urls = {
        "callback_url": f"{service.url}/recording",
        "transcription_url": f"{service.url}/transcript",
    }
    return api("POST", "room/Record/", **{**urls, **wanted})


def finished(service: Service) -> Received:
    """The callback of a finished recording; that of its start may come before or after it."""

    def told() -> list[Received]:
        return [one for one in service.at("/recording") if "message" not in one.fields]

    service.wait_until(lambda: bool(told()))
    return told()[-1]


def test_an_asynchronous_record_tells_twice(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    room()
    answer = record(api, service)
    assert (answer.status_code, "recording_id" in answer.json()) == (200, False)
    started = service.wait("/recording")[0].fields
    assert started["message"] == "conference recording started"
    sandbox.clock(advance=27.4)
    assert api("DELETE", "room/Record/").status_code == 204
    told = finished(service).fields
    assert told["recording_id"] == started["recording_id"]
    assert told["record_url"] == started["url"]
    assert (told["conference_name"], told["recording_duration"]) == ("room", "27")
    length = int(told["recording_end_ms"]) - int(told["recording_start_ms"])
    assert length == int(told["recording_duration_ms"])
    assert told["api_id"] == answer.json()["api_id"]


def test_a_synchronous_record_has_id_and_url(api: Api, room: Room, sandbox: Sandbox) -> None:
    room()
    answer = api("POST", "room/Record/", file_format="wav")
    assert answer.status_code == 202
    assert answer.json()["url"].endswith(f"/Recording/{answer.json()['recording_id']}.wav")
    assert api("POST", "room/Record/").json()["recording_id"] == answer.json()["recording_id"]
    sandbox.switch(second_record="conflict")
    assert api("POST", "room/Record/").status_code == 409


def test_a_recording_ends_with_its_conference(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    call = room()
    record(api, service)
    sandbox.clock(advance=5)
    sandbox.hang_up(call)
    assert finished(service).fields["recording_duration"] in {"4", "5"}


@pytest.mark.parametrize("file_format", ["wav", "mp3"])
def test_the_file_is_there_when_it_is_told_of_and_as_long_as_told(
    file_format: str, api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    room()
    record(api, service, file_format=file_format)
    url = service.wait("/recording")[0].fields["url"]
    assert requests.get(url, timeout=PATIENCE).status_code == 404
    sandbox.clock(advance=12)
    api("DELETE", "room/Record/")
    told = finished(service).fields
    got = requests.get(told["record_url"], timeout=PATIENCE)
    assert got.status_code == 200
    milliseconds = int(told["recording_duration_ms"])
    if file_format == "wav":
        with wave.open(io.BytesIO(got.content)) as sound:
            assert round(sound.getnframes() / sound.getframerate() * 1000) == milliseconds
    else:
        assert len(got.content) / 72 * 72 == len(got.content)
        assert len(got.content) // 72 * 72 == milliseconds
    part = requests.get(told["record_url"], headers={"Range": "bytes=10-19"}, timeout=PATIENCE)
    assert (part.status_code, part.content) == (206, got.content[10:20])


def test_files_may_want_credentials(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.switch(recording_auth=True)
    room()
    record(api, service)
    api("DELETE", "room/Record/")
    url = finished(service).fields["record_url"]
    auth = (sandbox.options.auth_id, sandbox.options.auth_token)
    assert requests.get(url, timeout=PATIENCE).status_code == 401
    assert requests.get(url, auth=auth, timeout=PATIENCE).status_code == 200


def test_a_file_may_come_after_its_callback(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.switch(recording_file_delay=60)
    room()
    record(api, service)
    api("DELETE", "room/Record/")
    url = finished(service).fields["record_url"]
    assert requests.get(url, timeout=PATIENCE).status_code == 404
    sandbox.clock(advance=60)
    assert requests.get(url, timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize("shape", ["flat", "response_json", "json", "camel"])
def test_the_callback_has_the_shape_that_is_switched(
    shape: str, api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.switch(recording_callback_shape=shape, record_posts_started=False)
    room()
    record(api, service)
    sandbox.clock(advance=5)
    api("DELETE", "room/Record/")
    got = service.wait("/recording")[0]
    fields = json.loads(got.fields["response"]) if shape == "response_json" else got.fields
    duration = "RecordingDuration" if shape == "camel" else "recording_duration"
    assert fields[duration] in {"4", "5"}
    assert ("application/json" in got.headers["Content-Type"]) is (shape == "json")


def test_one_callback_can_be_wrapped(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.fault("wrap", actions=["recording"])
    room()
    record(api, service)
    api("DELETE", "room/Record/")
    assert list(finished(service).fields) == ["response"]


def test_record_in_the_xml_tells_start_and_stop(
    room: Room, service: Service, sandbox: Sandbox
) -> None:
    call = room(record=True, recordFileFormat="wav")
    room(record=True)
    started = service.wait_for("record").fields
    entered = service.wait_for("enter").fields
    assert (started["Event"], "RecordingDuration" in started) == ("ConferenceRecordStart", False)
    assert entered["RecordUrl"] == started["RecordUrl"]
    assert started["RecordUrl"].endswith(".wav")
    sandbox.clock(advance=8)
    for one in sandbox.state()["calls"]:
        sandbox.hang_up(one["call_uuid"])
    service.wait_until(lambda: service.actions().count("record") == 2)
    stopped = service.wait_for("record").fields
    assert (stopped["Event"], stopped["RecordingDuration"]) == ("ConferenceRecordStop", "8")
    assert call


def test_recording_waits_for_the_second_when_the_xml_says_so(
    room: Room, service: Service, sandbox: Sandbox
) -> None:
    room(record=True, recordWhenAlone=False)
    assert sandbox.state()["recordings"] == []
    room()
    service.wait_for("record")


@pytest.mark.parametrize(
    ("switch", "value", "expected"),
    [
        ("record_event_call_uuid", "empty", {"CallUUID": ""}),
        ("record_event_duration", "minus_one", {"RecordingDuration": "-1"}),
        ("record_event_duration", "zero", {"RecordingDuration": "0"}),
    ],
)
def test_the_start_event_can_look_otherwise(
    switch: str,
    value: str,
    expected: dict[str, str],
    room: Room,
    service: Service,
    sandbox: Sandbox,
) -> None:
    sandbox.switch(**{switch: value})
    room(record=True)
    assert expected.items() <= service.wait_for("record").fields.items()


def test_the_transcript_has_the_words_that_were_heard(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.switch(transcription_delay=0)
    anna, bert = room(), room(muted=True)
    sandbox.speak(anna, "before")
    record(api, service, transcription_type="auto")
    sandbox.speak(anna, "Good morning.")
    sandbox.speak(bert, "Nobody hears me.")
    api("POST", "room/Member/all/Speak/", text="Five minutes left.")
    sandbox.clock(advance=5)
    api("DELETE", "room/Record/")
    told = service.wait("/transcript")[0].fields
    assert told["transcription"] == "Good morning. Five minutes left."
    assert (told["error"], "conference_name" in told) == ("", False)
    assert told["recording_id"] == finished(service).fields["recording_id"]


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_transcript_comes_before_or_after_the_recording(
    order: str, api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    sandbox.switch(
        transcription_order=order,
        transcription_delay=0.05,
        record_posts_started=False,
        callback_order="ordered",
    )
    sandbox.clock(rate=1)
    room()
    record(api, service, transcription_type="auto")
    api("DELETE", "room/Record/")
    service.wait("/transcript")
    service.wait("/recording")
    paths = [one.path for one in service.received if one.path != "/events"]
    expected = ["/recording", "/transcript"]
    assert paths == (expected if order == "after" else expected[::-1])


def test_a_transcript_can_fail(api: Api, room: Room, service: Service, sandbox: Sandbox) -> None:
    sandbox.switch(transcription_delay=0)
    sandbox.fault("no_transcript")
    room()
    record(api, service, transcription_type="auto")
    sandbox.clock(advance=5)
    api("DELETE", "room/Record/")
    told = service.wait("/transcript")[0].fields
    assert (told["transcription"], told["error"]) == ("", "Transcription failed")


def test_a_wrong_clock_shows_in_what_is_told(
    api: Api, room: Room, service: Service, sandbox: Sandbox
) -> None:
    now = sandbox.clock(skew=-3600)["now"]
    room()
    record(api, service)
    api("DELETE", "room/Record/")
    start = int(finished(service).fields["recording_start_ms"]) / 1000
    assert start == pytest.approx(now - 3600, abs=0.002)
