"""One switch for each fact that nobody outside Plivo knows."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sandbox.callbacks.signing import signature_v2, signature_v3
from sandbox.control.client import ControlFailed
from sandbox.embedded import Sandbox
from sandbox.scenarios.scenario import shipped
from sandbox.scenarios.steps import STEPS
from sandbox.world.errors import BadParameter
from sandbox.world.faults import KINDS
from sandbox.world.switches import Switches
from tests.sandbox.conftest import Api, members
from tests.sandbox.service import Service

Room = Callable[..., str]


@pytest.mark.parametrize(
    ("switch", "value", "path", "status"),
    [
        ("unknown_in_list", "partial_ok", "room/Member/1,99/Mute/", 202),
        ("unknown_in_list", "not_found", "room/Member/1,99/Mute/", 404),
        ("list_to_kick", "allowed", "room/Member/1,2/Kick/", 202),
        ("list_to_kick", "refused", "room/Member/1,2/Kick/", 400),
        ("missing_slash", "serve", "room/Member/1/Mute", 202),
        ("missing_slash", "not_found", "room/Member/1/Mute", 404),
        ("name_case", "insensitive", "ROOM/Member/1/Mute/", 202),
        ("name_case", "sensitive", "ROOM/Member/1/Mute/", 404),
    ],
)
def test_a_position_decides_the_status(
    switch: str, value: str, path: str, status: int, api: Api, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart", **{switch: value})
    room()
    room()
    assert api("POST", path).status_code == status


@pytest.mark.parametrize(
    ("switches", "params", "status"),
    [
        ({"voice_pair": "reject"}, {"voice": "MAN", "language": "da-DK"}, 400),
        ({"voice_pair": "accept"}, {"voice": "MAN", "language": "da-DK"}, 202),
        ({"voice_pair": "reject"}, {"voice": "MAN", "language": "pt-PT"}, 202),
        ({"speak_limit": 3}, {}, 400),
        ({"speak_limit": 4}, {}, 202),
    ],
)
def test_the_bounds_of_speak_can_be_narrowed(
    switches: dict[str, Any],
    params: dict[str, str],
    status: int,
    api: Api,
    room: Room,
    sandbox: Sandbox,
) -> None:
    sandbox.switch(**switches)
    room()
    assert api("POST", "room/Member/all/Speak/", text="four", **params).status_code == status


def test_a_path_without_slash_can_be_redirected(api: Api, sandbox: Sandbox) -> None:
    sandbox.switch(missing_slash="redirect")
    answer = api("GET", "")
    bare = api("GET", "nobody")
    assert answer.status_code == 200
    assert [one.status_code for one in bare.history] == [301]


@pytest.mark.parametrize(
    ("position", "text"), [("text", "conference not found"), ("empty", ""), ("json", '{"error"')]
)
def test_errors_have_the_body_that_is_switched(
    position: str, text: str, api: Api, sandbox: Sandbox
) -> None:
    sandbox.switch(error_body=position)
    answer = api("GET", "nobody/")
    assert answer.status_code == 404
    assert answer.text.startswith(text)
    assert bool(answer.text) is bool(text)


def test_numbers_and_names_of_members_can_look_otherwise(
    api: Api, sandbox: Sandbox, service: Service
) -> None:
    sandbox.switch(numbers="decimal", caller_name="encoded")
    sandbox.call_in("room", caller_name="Joe Doe", attributes={})
    service.wait_until(lambda: bool(members(sandbox)))
    shown = api("GET", "room/").json()
    assert shown["conference_run_time"] == "0.0"
    assert shown["members"][0]["caller_name"] == "Joe%20Doe"


def test_a_stop_must_name_the_target_in_the_form_of_the_start(
    api: Api, room: Room, sandbox: Sandbox
) -> None:
    def prompts() -> int:
        return len(sandbox.state()["conferences"][0]["prompts"])

    sandbox.switch(member_ids="restart")
    room()
    api("POST", "room/Member/all/Speak/", text="a long text that takes its time")
    api("DELETE", "room/Member/1/Speak/")
    api("DELETE", "room/Member/all/Play/")
    assert prompts() == 1
    api("DELETE", "room/Member/all/Speak/")
    assert prompts() == 0
    sandbox.switch(stop_form="lenient")
    api("POST", "room/Member/all/Speak/", text="a long text that takes its time")
    api("DELETE", "room/Member/1/Speak/")
    assert prompts() == 0


def test_texts_to_the_same_ears_come_one_after_the_other(
    api: Api, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart")
    room()
    room()
    for target in ("1", "2", "all"):
        api("POST", f"room/Member/{target}/Speak/", text="one two three")
    one, two, both = sandbox.state()["conferences"][0]["prompts"]
    assert one["ends_at"] == two["ends_at"]
    assert both["ends_at"] > one["ends_at"] + 1


def test_a_long_name_can_be_refused(sandbox: Sandbox, service: Service) -> None:
    sandbox.switch(name_limit=5)
    call = sandbox.call_in("longer", attributes={})
    service.wait_until(lambda: len(sandbox.state()["ended_calls"]) == 1)
    assert sandbox.state()["ended_calls"][0]["call_uuid"] == call


def test_the_first_to_enter_can_hold_the_floor(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(floor_on_first_entry=True)
    room(floorEvent=True)
    service.wait_for("floor")


def test_recordings_over_the_api_can_tell_the_callback_url_too(
    sandbox: Sandbox, service: Service, room: Room, api: Api
) -> None:
    sandbox.switch(record_event_for_api=True, record_event_url="RecordFile")
    room()
    api("POST", "room/Record/")
    assert "RecordUrl" in service.wait_for("record").fields
    api("DELETE", "room/Record/")
    service.wait_until(lambda: service.actions().count("record") == 2)
    assert "RecordFile" in service.wait_for("record").fields


@pytest.mark.parametrize(("position", "same"), [("sdk", True), ("documented", False)])
def test_a_post_without_query_can_be_signed_as_the_page_says(
    position: str, same: bool, sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(signed_post=position)
    room()
    got = service.wait_for("enter")
    expected = signature_v3(
        sandbox.options.auth_token,
        "POST",
        f"{service.url}/events",
        got.fields,
        got.headers["X-Plivo-Signature-V3-Nonce"],
    )
    assert (got.headers["X-Plivo-Signature-V3"] == expected) is same


def test_the_fragment_can_be_signed_too(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(signed_url="with_fragment")
    room(callbackUrl=f"{service.url}/events#rc=2")
    got = service.wait_for("enter")
    nonce = got.headers["X-Plivo-Signature-V2-Nonce"]
    token = sandbox.options.auth_token
    signed = signature_v2(token, f"{service.url}/events#rc=2", nonce)
    assert (
        got.headers["X-Plivo-Signature-V2"]
        == signed
        != signature_v2(token, f"{service.url}/events", nonce)
    )


def test_sounds_can_be_fetched_by_get(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(wait_sound_method="GET")
    room(waitSound=f"{service.url}/music")
    assert service.wait("/music")[0].method == "GET"


def test_record_with_a_callback_url_can_answer_at_once(
    sandbox: Sandbox, service: Service, room: Room, api: Api
) -> None:
    sandbox.switch(record_answer="sync", async_status="201")
    room()
    answer = api("POST", "room/Record/", callback_url=f"{service.url}/recording")
    assert (answer.status_code, "recording_id" in answer.json()) == (202, True)
    muted = api("POST", "room/Member/all/Mute/", callback_url=f"{service.url}/done")
    assert muted.status_code == 201


@pytest.mark.parametrize("shape", ["response_json", "json"])
def test_a_transcript_can_have_another_shape(
    shape: str, sandbox: Sandbox, service: Service, room: Room, api: Api
) -> None:
    sandbox.switch(transcription_shape=shape, transcription_delay=0)
    room()
    wanted = {"transcription_type": "auto", "transcription_url": f"{service.url}/text"}
    api("POST", "room/Record/", **wanted)
    api("DELETE", "room/Record/")
    got = service.wait("/text")[0]
    fields = json.loads(got.fields["response"]) if shape == "response_json" else got.fields
    assert len(fields["recording_id"]) == 36


def test_conferences_can_be_smaller(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(max_members=1)
    room()
    sandbox.call_in("room", attributes={})
    service.wait_until(lambda: len(sandbox.state()["ended_calls"]) == 1)
    assert len(members(sandbox)) == 1


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"nonsense": "1"}, "nonsense: no such switch"),
        ({"profile": "poor"}, "'poor' is not one of rich, documented, minimal_exit"),
        ({"recording_auth": "perhaps"}, "neither true nor false"),
        ({"retry_delay": "-1"}, "not a number"),
        ({"retry_delay": "nan"}, "not a number"),
    ],
)
def test_a_wrong_position_is_refused_by_name(
    wanted: dict[str, str], message: str, sandbox: Sandbox
) -> None:
    with pytest.raises(BadParameter, match=message):
        Switches().changed(wanted)
    with pytest.raises(ControlFailed, match=message):
        sandbox.switch(**wanted)


def test_every_switch_fault_and_step_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    for item in fields(Switches):
        default = str(item.default).lower() if isinstance(item.default, bool) else item.default
        shown = f"{default:g}" if isinstance(default, int | float) else default
        row = next(line for line in page.splitlines() if line.startswith(f"| `{item.name}` "))
        assert row.startswith(f"| `{item.name}` | `{shown}`")
        assert row.endswith(f"| {item.metadata['about']} |")
    for name in [*KINDS, *STEPS, *shipped()]:
        assert f"`{name}`" in page, name
