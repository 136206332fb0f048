"""Bad days on demand, at the API and on the way to the service."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from plivo.utils import validate_v3_signature

from sandbox.control.client import ControlFailed
from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api, members
from tests.sandbox.service import Service
from tests.waiting import PATIENCE

Room = Callable[..., str]
NONCE = "X-Plivo-Signature-V3-Nonce"


def test_a_status_comes_as_often_as_it_was_ordered(sandbox: Sandbox, api: Api, room: Room) -> None:
    room()
    sandbox.fault("status", status=429, retry_after=3, times=2, actions=["mute"])
    answers = [api("POST", "room/Member/all/Mute/") for _ in range(3)]
    assert [one.status_code for one in answers] == [429, 429, 202]
    assert answers[0].headers["Retry-After"] == "3"
    assert api("GET", "").status_code == 200


def test_a_500_does_nothing(sandbox: Sandbox, api: Api, room: Room) -> None:
    room()
    sandbox.fault("status", status=500)
    assert api("POST", "room/Member/all/Mute/").json()["error"] == "server error"
    assert members(sandbox)[0]["muted"] is False


@pytest.mark.parametrize(
    ("status", "text"), [(403, "forbidden"), (409, "conflict"), (503, "service unavailable")]
)
def test_an_ordered_status_has_its_own_text(
    status: int, text: str, sandbox: Sandbox, api: Api
) -> None:
    sandbox.fault("status", status=status)
    assert api("GET", "").json()["error"] == text


def test_only_the_named_conference_and_action_suffer(
    sandbox: Sandbox, api: Api, room: Room
) -> None:
    room()
    room("sales-1")
    sandbox.fault("status", conference="sales-*", actions="mute,deaf", times=0)
    assert api("POST", "room/Member/all/Mute/").status_code == 202
    assert api("POST", "sales-1/Member/all/Deaf/").status_code == 500
    assert api("POST", "sales-1/Member/all/Mute/").status_code == 500
    sandbox.clear_faults()
    assert api("POST", "sales-1/Member/all/Mute/").status_code == 202


def test_a_bracket_in_the_name_of_a_conference_is_itself(
    sandbox: Sandbox, api: Api, room: Room
) -> None:
    room("room[1]a")
    room("room1a")
    sandbox.fault("status", conference="room[1]*", times=0)
    assert api("POST", "room1a/Member/all/Mute/").status_code == 202
    assert api("POST", "room%5B1%5Da/Member/all/Mute/").status_code == 500


def test_a_fault_can_let_some_pass_first(sandbox: Sandbox, api: Api) -> None:
    sandbox.fault("status", status=503, skip=2)
    assert [api("GET", "").status_code for _ in range(4)] == [200, 200, 503, 200]


def test_a_plain_text_401_and_a_200_with_error(sandbox: Sandbox, api: Api, room: Room) -> None:
    room()
    sandbox.fault("plain_401")
    answer = api("GET", "")
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    sandbox.fault("ok_error")
    answer = api("POST", "room/Member/all/Mute/")
    assert (answer.status_code, answer.json()["error"]) == (200, "failed")
    assert members(sandbox)[0]["muted"] is False


def test_an_answer_with_odd_fields_keeps_its_names_and_ids(
    sandbox: Sandbox, api: Api, room: Room
) -> None:
    room()
    sandbox.fault("odd_fields")
    body = api("GET", "room/").json()
    assert (body["conference_name"], body["conference_run_time"]) == ("room", {})
    assert body["members"][0]["member_id"] == members(sandbox)[0]["id"]
    assert (body["members"][0]["muted"], body["members"][0]["join_time"]) == ({}, {})


@pytest.mark.parametrize(("kind", "done"), [("reset", True), ("reset_before", False)])
def test_a_connection_is_reset_after_or_before_the_deed(
    kind: str, done: bool, sandbox: Sandbox, api: Api, room: Room
) -> None:
    room()
    sandbox.fault(kind)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        api("POST", "room/Member/all/Mute/")
    assert members(sandbox)[0]["muted"] is done


def test_a_slow_answer_comes_late_and_the_deed_is_done_at_once(
    sandbox: Sandbox, service: Service, api: Api, room: Room
) -> None:
    room()
    sandbox.fault("slow", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        api("POST", "room/Member/all/Mute/", timeout=0.5)
    service.wait_until(lambda: members(sandbox)[0]["muted"])
    assert sandbox.state()["faults"] == []


def test_the_action_can_be_dropped_when_it_is_named(
    sandbox: Sandbox, service: Service, api: Api, room: Room
) -> None:
    sandbox.fault("drop", actions=["action"])
    room(action=f"{service.url}/next")
    api("POST", "room/Member/all/Kick/")
    service.wait_until(lambda: any(one["error"] == "dropped" for one in sandbox.deliveries()))
    assert service.at("/next") == []


def test_a_fault_for_any_callback_spares_what_is_read(
    sandbox: Sandbox, service: Service, api: Api, room: Room
) -> None:
    room(action=f"{service.url}/next", callbackUrl="")
    sandbox.fault("drop", times=0)
    api("POST", "room/Member/all/Kick/")
    assert service.wait("/next")


def test_the_answer_url_can_be_asked_with_a_wrong_signature(
    sandbox: Sandbox, service: Service
) -> None:
    sandbox.fault("bad_signature", actions=["answer"])
    for path in ("one", "two"):
        sandbox.call_in(answer_url=f"{service.url}/{path}")
        service.wait(f"/{path}")
    first, second = service.at("/one")[0], service.at("/two")[0]
    token = sandbox.options.auth_token
    valid = [
        validate_v3_signature(
            "POST",
            service.url + one.path,
            one.headers[NONCE],
            token,
            one.headers["X-Plivo-Signature-V3"],
            dict(one.fields),
        )
        for one in (first, second)
    ]
    assert valid == [False, True]


def test_a_callback_comes_twice(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.fault("duplicate", seconds=0)
    room()
    one, two = service.wait("/events", 2)
    assert one.fields == two.fields
    assert one.headers[NONCE] == two.headers[NONCE]
    sandbox.fault("duplicate", seconds=0, new_nonce=True, actions=["exit"])
    sandbox.hang_up(members_call(sandbox))
    *_, one, two = service.wait("/events", 4)
    assert one.headers[NONCE] != two.headers[NONCE]


def members_call(sandbox: Sandbox) -> str:
    return str(members(sandbox)[0]["call_uuid"])


def test_a_callback_is_dropped_and_logged(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.fault("drop", actions=["enter"])
    sandbox.hang_up(room())
    service.wait_for("exit")
    assert service.actions() == ["exit"]
    assert sandbox.deliveries()[0]["error"] == "dropped"


def test_an_exit_comes_late_by_the_sandboxes_clock(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.fault("delay", actions=["exit"], seconds=3600)
    sandbox.hang_up(room())
    room("other")
    service.wait("/events", 2)
    assert service.actions() == ["enter", "enter"]
    sandbox.clock(advance=3600)
    service.wait_for("exit")


def test_two_callbacks_change_their_order(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.fault("reorder", actions=["enter"], seconds=3600)
    sandbox.hang_up(room())
    service.wait("/events", 2)
    assert service.actions() == ["exit", "enter"]


def test_who_is_never_followed_comes_late(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.fault("reorder", seconds=60)
    room()
    service.wait_until(lambda: sandbox.state()["under_way"] == 1)
    assert service.actions() == []
    sandbox.clock(advance=60)
    service.wait_for("enter")


def test_a_signature_is_of_another_token(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.fault("bad_signature", actions=["exit"])
    sandbox.hang_up(room())
    one, two = service.wait_for("enter"), service.wait_for("exit")
    assert one.headers["X-Plivo-Signature-V2"] != two.headers["X-Plivo-Signature-V2"]


def test_chance_is_the_same_in_every_run(sandbox: Sandbox) -> None:
    def statuses() -> list[int]:
        with Sandbox(seed=7) as own:
            own.fault("status", status=500, chance=0.5, times=0)
            url = f"{own.url}/v1/Account/{own.options.auth_id}/Conference/"
            auth = (own.options.auth_id, own.options.auth_token)
            return [requests.get(url, auth=auth, timeout=PATIENCE).status_code for _ in range(12)]

    first = statuses()
    assert set(first) == {200, 500}
    assert statuses() == first


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"kind": "earthquake"}, "is no fault"),
        ({"kind": "status", "colour": "red"}, "no such field"),
        ({"kind": "status", "status": "many"}, "does not fit"),
        ({"kind": "delay", "actions": 5}, "does not fit"),
    ],
)
def test_a_fault_that_is_none_is_refused(
    wanted: dict[str, Any], message: str, sandbox: Sandbox
) -> None:
    with pytest.raises(ControlFailed, match=message):
        sandbox.fault(**wanted)
