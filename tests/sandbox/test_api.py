"""The 16 operations: statuses, bodies, bounds, errors (docs/plivo.md 7)."""

from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api, members
from tests.sandbox.service import Service
from tests.waiting import PATIENCE

Room = Callable[..., str]

TABLE = [
    ("GET", "", 200, None),
    ("GET", "room/", 200, None),
    ("POST", "room/Member/1/Mute/", 202, {"message": "muted", "member_id": ["1"]}),
    ("DELETE", "room/Member/1/Mute/", 204, None),
    ("POST", "room/Member/1/Deaf/", 202, {"message": "deaf", "member_id": ["1"]}),
    ("DELETE", "room/Member/1/Deaf/", 204, None),
    ("POST", "room/Member/1/Speak/", 202, {"message": "speak queued into conference"}),
    ("DELETE", "room/Member/1/Speak/", 204, None),
    ("POST", "room/Member/1/Play/", 202, {"message": "play queued into conference"}),
    ("DELETE", "room/Member/1/Play/", 204, None),
    ("POST", "room/Record/", 202, {"message": "conference recording started"}),
    ("DELETE", "room/Record/", 204, None),
    ("POST", "room/Member/1/Kick/", 202, {"message": "kicked", "member_id": ["1"]}),
    ("DELETE", "room/Member/1/", 204, None),
    ("DELETE", "room/", 204, None),
    ("DELETE", "", 204, None),
]
PARAMS = {"text": "Hello", "url": "https://cdn.example.com/a.mp3"}


@pytest.mark.parametrize(("method", "path", "status", "body"), TABLE)
def test_every_operation_answers_as_documented(
    method: str, path: str, status: int, body: Any, api: Api, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart")
    room()
    if (method, path) == ("DELETE", "room/Record/"):
        api("POST", "room/Record/")
    answer = api(method, path, **PARAMS)
    assert answer.status_code == status
    if status == 204:
        assert answer.content == b""
    else:
        assert {**answer.json(), **(body or {})} == answer.json()
        assert len(answer.json()["api_id"]) == 36


@pytest.mark.parametrize(("method", "path"), [row[:2] for row in TABLE if "room" in row[1]])
def test_an_unknown_conference_is_404(method: str, path: str, api: Api) -> None:
    answer = api(method, path.replace("room", "nobody"), **PARAMS)
    assert (answer.status_code, answer.json()["error"]) == (404, "conference not found")


@pytest.mark.parametrize(("method", "path"), [row[:2] for row in TABLE if "/Member/" in row[1]])
def test_an_unknown_member_is_404(method: str, path: str, api: Api, room: Room) -> None:
    room()
    answer = api(method, path.replace("Member/1/", "Member/999/"), **PARAMS)
    assert (answer.status_code, answer.json()["error"]) == (404, "member not found")


def test_a_conference_is_shown_with_text_numbers_and_real_booleans(
    api: Api, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart")
    call = room(muted=True, caller="sip:joe@phone.plivo.com")
    sandbox.clock(advance=590)
    shown = api("GET", "room/").json()
    assert shown["conference_run_time"] == "590"
    assert shown["conference_member_count"] == "1"
    assert shown["members"] == [
        {
            "muted": True,
            "member_id": "1",
            "deaf": False,
            "from": "sip:joe@phone.plivo.com",
            "to": "+14155550199",
            "caller_name": "",
            "direction": "inbound",
            "call_uuid": call,
            "join_time": "590",
        }
    ]


@pytest.mark.parametrize("ids", ["1,2", "all", "2,1", " 1 , 2 "])
def test_lists_and_all_mean_several_members(
    ids: str, api: Api, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart")
    room()
    room()
    assert api("POST", f"room/Member/{ids}/Mute/").status_code == 202
    assert [one["muted"] for one in members(sandbox)] == [True, True]


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("room/Member/1/Speak/", {}, "text parameter is missing"),
        ("room/Member/1/Speak/", {"text": ""}, "text parameter is missing"),
        ("room/Member/1/Speak/", {"text": ["a"]}, "text parameter is invalid"),
        ("room/Member/1/Speak/", {"text": "a", "voice": "CHILD"}, "voice parameter is invalid"),
        ("room/Member/1/Speak/", {"text": "a", "language": "en"}, "language parameter is invalid"),
        ("room/Member/1/Play/", {}, "url parameter is missing"),
        ("room/Member/1/Play/", {"url": "ftp://h/a.mp3"}, "url parameter is invalid"),
        ("room/Member/1/Play/", {"url": "http://h/a.ogg"}, "url parameter is invalid"),
        ("room/Member/1/Play/", {"url": "http://[/a.mp3"}, "url parameter is invalid"),
        ("room/Member/ten/Mute/", {}, "member_id parameter is invalid"),
        ("room/Member/²/Mute/", {}, "member_id parameter is invalid"),
        ("room/Record/", {"file_format": "ogg"}, "file_format parameter is invalid"),
        ("room/Record/", {"callback_url": "nowhere"}, "callback_url parameter is invalid"),
        ("room/Record/", {"callback_method": "PUT"}, "callback_method parameter is invalid"),
        ("room/Record/", {"transcription_type": "x"}, "transcription_type parameter is invalid"),
    ],
)
def test_a_parameter_out_of_bounds_is_400_and_named(
    path: str, params: dict[str, Any], error: str, api: Api, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart")
    room()
    answer = api("POST", path, **params)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)


@pytest.mark.parametrize("language", ["en-GB-WLS", "arb", "cmn-CN", "de-DE"])
def test_languages_of_the_longer_list_are_taken(language: str, api: Api, room: Room) -> None:
    room()
    assert api("POST", "room/Member/all/Speak/", text="a", language=language).status_code == 202


def test_extra_keys_are_tolerated(api: Api, room: Room) -> None:
    room()
    answer = api("POST", "room/Member/all/Mute/", conference_name="room", member_id="all", x=1)
    assert answer.status_code == 202
    assert api("GET", "room/?conference_name=room").status_code == 200


@pytest.mark.parametrize("auth", [None, ("MASANDBOXGAVEL000001", "wrong"), ("x", "y")])
def test_wrong_credentials_are_401(auth: Any, sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/v1/Account/{sandbox.options.auth_id}/Conference/"
    answer = requests.get(url, auth=auth, timeout=PATIENCE)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert answer.json()["error"] == "authentication credentials were not provided"


@pytest.mark.parametrize(("position", "status"), [("unauthorized", 401), ("not_found", 404)])
def test_the_path_of_another_account_is_refused(
    position: str, status: int, sandbox: Sandbox
) -> None:
    sandbox.switch(foreign_account=position)
    url = f"{sandbox.url}/v1/Account/MAAAAAAAAAAAAAAAAAAA/Conference/"
    auth = (sandbox.options.auth_id, sandbox.options.auth_token)
    assert requests.get(url, auth=auth, timeout=PATIENCE).status_code == status


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "room/"), ("POST", ""), ("GET", "room/Record/"), ("GET", "room/Member/1/Mute/")],
)
def test_other_methods_are_405(method: str, path: str, api: Api) -> None:
    assert api(method, path).status_code == 405


@pytest.mark.parametrize("path", ["room/Member/", "room/Mute/", "room/Member/1/Fly/", "a/b/c/d/e/"])
def test_other_paths_are_404(path: str, api: Api) -> None:
    assert api("GET", path).status_code == 404


@pytest.mark.parametrize("name", ["My Conf Room", "a/b", "50%", "☎️ café", "?x=1#y", "..", "a+b"])
def test_a_name_may_be_anything_when_it_is_percent_encoded(
    name: str, api: Api, room: Room, sandbox: Sandbox
) -> None:
    room(name)
    path = requests.utils.quote(name, safe="").replace("..", "%2E%2E")
    assert api("GET", "").json()["conferences"] == [name]
    if name != "..":  # requests resolves it away, however it is written
        assert api("GET", f"{path}/").json()["conference_name"] == name
        assert api("DELETE", f"{path}/").status_code == 204
        assert sandbox.state()["conferences"] == []


def test_an_empty_name_is_no_way_to_hang_up_everything(api: Api, room: Room) -> None:
    room()
    assert api("DELETE", "/").status_code == 404
    assert api("GET", "").json()["conferences"] == ["room"]


@pytest.mark.parametrize("name", ["..", ".", "%2E%2E", "..%2F"])
def test_a_path_trick_hangs_nothing_up(name: str, sandbox: Sandbox, api: Api, room: Room) -> None:
    room()
    token = f"{sandbox.options.auth_id}:{sandbox.options.auth_token}".encode()
    headers = {"Authorization": "Basic " + b64encode(token).decode()}
    connection = HTTPConnection(sandbox.url.removeprefix("http://"))
    path = f"/v1/Account/{sandbox.options.auth_id}/Conference/{name}/"
    connection.request("DELETE", path, headers=headers)
    assert connection.getresponse().status in {400, 404}
    connection.close()
    assert api("GET", "").json()["conferences"] == ["room"]


def test_a_body_that_is_not_json_is_400(sandbox: Sandbox, room: Room) -> None:
    room()
    url = f"{sandbox.url}/v1/Account/{sandbox.options.auth_id}/Conference/room/Record/"
    auth = (sandbox.options.auth_id, sandbox.options.auth_token)
    for body in ("{", "[]", '"x"', "[" * 30_000):
        assert requests.post(url, data=body, auth=auth, timeout=PATIENCE).status_code == 400


def test_a_huge_body_is_413(api: Api, room: Room, sandbox: Sandbox) -> None:
    room()
    assert api("POST", "room/Member/all/Speak/", text="x" * 100_000).status_code == 413
    assert sandbox.requests()[-1]["status"] == 413


def test_the_request_too_many_is_429() -> None:
    with Sandbox(rate=3, rate_seconds=60) as small:
        small.switch(retry_after=2)
        url = f"{small.url}/v1/Account/{small.options.auth_id}/Conference/"
        auth = (small.options.auth_id, small.options.auth_token)
        answers = [requests.get(url, auth=auth, timeout=PATIENCE) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].json()["error"] == "rate limit exceeded"
    assert answers[3].headers["Retry-After"] == "2"


def test_a_callback_url_makes_any_call_asynchronous(api: Api, room: Room, service: Service) -> None:
    room()
    answer = api("POST", "room/Member/all/Mute/", callback_url=f"{service.url}/done")
    assert (answer.status_code, answer.json()["message"]) == (200, "async api spawned")
    assert "member_id" not in answer.json()
    told = service.wait("/done")[0].fields
    assert told == {"message": "muted", "member_id": "all", "api_id": answer.json()["api_id"]}


def test_the_log_shows_each_request_and_its_answer(api: Api, room: Room, sandbox: Sandbox) -> None:
    room()
    seen = sandbox.requests()[-1]["n"] if sandbox.requests() else sandbox.state()["requests"]
    api("POST", "room/Member/all/Speak/", text="Hi")
    api("POST", "room/Member/7000/Kick/")
    spoken, kicked = sandbox.requests(after=seen, wait=1)
    assert (spoken["operation"], spoken["conference"]) == ("speak", "room")
    assert (spoken["members"], spoken["params"], spoken["status"]) == (["all"], {"text": "Hi"}, 202)
    assert (kicked["status"], kicked["error"]) == (404, "member not found")


def test_the_log_is_told_whole(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/v1/Account/{sandbox.options.auth_id}/Conference/"
    auth = (sandbox.options.auth_id, sandbox.options.auth_token)
    before = len(sandbox.requests())
    with requests.Session() as session:
        for _ in range(1_001):
            session.get(url, auth=auth, timeout=PATIENCE)
    assert len(sandbox.requests()) - before == 1_001
