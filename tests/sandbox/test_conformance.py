"""What the official packages of other languages need of an answer, and what no request may break
(docs/plivo.md 7, 27.27, 28.3)."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api, members
from tests.sandbox.service import Service
from tests.waiting import PATIENCE

Room = Callable[..., str]


def test_an_empty_answer_is_still_json_by_its_type(api: Api, room: Room, sandbox: Sandbox) -> None:
    """The official Ruby package takes an empty body of another type for text, and fails."""
    room()
    answer = api("DELETE", "room/Member/all/Mute/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Content-Type"] == "application/json"
    assert sandbox.requests()[-1]["api_id"] == ""


def test_an_empty_name_means_all_only_when_it_is_switched(
    api: Api, room: Room, sandbox: Sandbox
) -> None:
    """The official Ruby package hangs up all conferences by DELETE …/Conference//."""
    room("one")
    room("two")
    assert api("DELETE", "/").status_code == 404
    sandbox.switch(empty_name="all")
    assert api("DELETE", "//").status_code == 404
    assert len(sandbox.state()["conferences"]) == 2
    assert api("DELETE", "/").status_code == 204
    assert sandbox.state()["conferences"] == []


def test_a_number_has_every_field_that_the_official_packages_read(sandbox: Sandbox) -> None:
    options = sandbox.options
    url = f"{sandbox.url}/v1/Account/{options.auth_id}/Number/14155550199/"
    auth = (options.auth_id, options.auth_token)
    told = requests.get(url, auth=auth, timeout=PATIENCE).json()
    texts = {"added_on", "renewal_date", "monthly_rental_rate", "voice_rate", "sms_rate"}
    flags = {"active", "voice_enabled", "sms_enabled", "mms_enabled"}
    assert {name for name in texts | {"mms_rate"} if not isinstance(told[name], str)} == set()
    assert {name for name in flags if not isinstance(told[name], bool)} == set()
    others = {"city", "country", "cnam_lookup", "sub_account", "sub_account_name"}
    verified = "toll_free_sms_verification"
    others |= {"tendlc_campaign_id", "tendlc_registration_status", verified, f"{verified}_id"}
    assert others | {f"{verified}_order_status"} <= set(told)


@pytest.mark.parametrize("path", ["room/", ""])
def test_an_answer_with_lists_goes_to_a_callback_url_too(
    path: str, api: Api, room: Room, service: Service
) -> None:
    room()
    answer = api("GET", f"{path}?callback_url={service.url}/done")
    assert (answer.status_code, answer.json()["message"]) == (200, "async api spawned")
    told = service.wait("/done")[0].fields
    assert told["api_id"] == answer.json()["api_id"]
    if path:
        assert '"member_id":' in told["members"]
    else:
        assert told["conferences"] == "room"


@pytest.mark.parametrize("path", ["/v1/Account/{auth_id}/Conference/", "/sandbox/switches"])
def test_a_body_that_is_not_packed_as_it_says_is_400(path: str, sandbox: Sandbox) -> None:
    options = sandbox.options
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = requests.request(
        "DELETE" if path.startswith("/v1/") else "POST",
        sandbox.url + path.format(auth_id=options.auth_id),
        auth=(options.auth_id, options.auth_token),
        headers=headers,
        data="no gzip",
        timeout=PATIENCE,
    )
    assert answer.status_code == 400
    assert answer.json()["error"] == "the body is not what Content-Encoding says"


def test_a_huge_body_is_told_by_the_control_api_as_json(sandbox: Sandbox) -> None:
    large = {"from": "x" * 100_000}
    answer = requests.post(f"{sandbox.url}/sandbox/calls", json=large, timeout=PATIENCE)
    assert (answer.status_code, answer.json()) == (413, {"error": "request body is too large"})


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/sandbox/nope", 404), ("POST", "/sandbox/state", 405)]
)
def test_the_control_api_answers_json_where_nothing_is(
    method: str, path: str, status: int, sandbox: Sandbox
) -> None:
    answer = requests.request(method, sandbox.url + path, timeout=PATIENCE)
    assert answer.status_code == status
    assert f"{method} {path}" in answer.json()["error"]


@pytest.mark.parametrize("kind", ["Conference", "Call", "Nothing"])
def test_who_asks_comes_before_what_for(kind: str, sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/v1/Account/{sandbox.options.auth_id}/{kind}/"
    assert requests.get(url, timeout=PATIENCE).status_code == 401


@pytest.mark.parametrize("url", ["http://h:99999/a.mp3", "http://h:0/a.mp3", "http://h:x/a.mp3"])
def test_an_address_with_a_port_that_is_none_is_400(url: str, api: Api, room: Room) -> None:
    room()
    answer: Any = api("POST", "room/Member/all/Play/", url=url)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("url parameter is invalid")


def test_ids_come_back_as_they_are_meant(api: Api, room: Room, sandbox: Sandbox) -> None:
    room()
    room()
    ids = [one["id"] for one in members(sandbox)]
    assert api("POST", f"room/Member/{ids[0]}, {ids[1]}/Mute/").json()["member_id"] == ids


@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        ("calls", {"conference": "a", "atributes": {}}, "atributes: no such field here; did you"),
        ("calls", {"conference": "a", "attributes": {}, "direction": "up"}, "direction parameter"),
        ("calls", {"conference": "a", "attributes": {}, "headers": []}, "headers parameter"),
        ("clock", {"speed": 10}, "speed: no such field here; there are rate, advance, skew"),
        ("scenarios", {"nme": "quiet-call"}, "nme: no such field here; did you mean 'name'?"),
    ],
)
def test_what_the_control_api_would_not_do_is_refused(
    path: str, sent: dict[str, Any], told: str, sandbox: Sandbox
) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/{path}", json=sent, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["error"][: len(told)]) == (400, told)
    assert sandbox.state()["calls"] == []
