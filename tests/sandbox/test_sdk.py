"""The official package drives every conference method, and meets no surprise."""

from collections.abc import Callable, Iterator
from typing import Any

import plivo
import pytest
from plivo.exceptions import AuthenticationError, ResourceNotFoundError, ValidationError

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import members
from tests.sandbox.service import Service

Room = Callable[..., str]


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[plivo.RestClient]:
    """Its addresses are constants of a module: set there, as it has no option for them."""
    for name in ("", "_FALLBACK_1", "_FALLBACK_2"):
        constant = f"plivo.rest.client.API_VOICE_BASE_URI{name}"
        monkeypatch.setattr(constant, f"{sandbox.url}/v1/Account")
    with plivo.RestClient(sandbox.options.auth_id, sandbox.options.auth_token) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("member_mute", {}, "muted"),
        ("member_deaf", {}, "deaf"),
        ("member_kick", {}, "kicked"),
        ("member_speak", {"text": "Hello", "voice": "MAN", "language": "en-GB"}, "speak queued"),
        ("member_play", {"url": "https://h.example/a.mp3"}, "play queued"),
    ],
)
@pytest.mark.parametrize("member", ["1", "1,2", "all"])
def test_what_is_done_to_members_is_answered_with_their_ids(
    method: str,
    arguments: dict[str, str],
    message: str,
    member: str,
    client: Any,
    room: Room,
    sandbox: Sandbox,
) -> None:
    sandbox.switch(member_ids="restart")
    room()
    room()
    answer = getattr(client.conferences, method)("room", member, **arguments)
    assert answer.message.startswith(message)
    assert answer.member_id == member.split(",")


@pytest.mark.parametrize(
    "method", ["member_mute_stop", "member_deaf_stop", "member_speak_stop", "member_play_stop"]
)
def test_what_is_undone_is_answered_with_nothing(method: str, client: Any, room: Room) -> None:
    room()
    assert getattr(client.conferences, method)("room", "all") is None


def test_mute_and_deaf_are_seen_and_undone(client: Any, room: Room, sandbox: Sandbox) -> None:
    room()
    client.conferences.member_mute("room", "all")
    client.conferences.member_deaf("room", "all")
    shown = client.conferences.get("room").members[0]
    assert (shown.muted, shown.deaf) == (True, True)
    client.conferences.member_mute_stop("room", "all")
    client.conferences.member_deaf_stop("room", "all")
    assert [(one["muted"], one["deaf"]) for one in members(sandbox)] == [(False, False)]


def test_conferences_are_listed_and_shown(client: Any, room: Room) -> None:
    room("a b", caller="+4930100")
    assert client.conferences.list().conferences == ["a b"]
    shown = client.conferences.get("a b")
    assert (shown.conference_name, shown.conference_member_count) == ("a b", "1")
    assert getattr(shown.members[0], "from") == "+4930100"


@pytest.mark.parametrize(("method", "names"), [("delete", 1), ("hangup", 1)])
def test_one_conference_is_hung_up(method: str, names: int, client: Any, room: Room) -> None:
    room("one")
    room("two")
    getattr(client.conferences, method)("one")
    assert client.conferences.list().conferences == ["two"]
    assert names == 1


@pytest.mark.parametrize("method", ["delete_all", "hangup_all"])
def test_all_conferences_are_hung_up(method: str, client: Any, room: Room) -> None:
    room("one")
    room("two")
    getattr(client.conferences, method)()
    assert client.conferences.list().conferences == []


def test_a_member_is_hung_up(client: Any, room: Room, sandbox: Sandbox) -> None:
    room()
    room()
    client.conferences.member_hangup("room", members(sandbox)[0]["id"])
    assert len(members(sandbox)) == 1


def test_a_conference_is_recorded_and_no_more(client: Any, room: Room) -> None:
    room()
    answer = client.conferences.record("room", file_format="wav", transcription_type="auto")
    assert answer.message == "conference recording started"
    assert answer.url.endswith(answer.recording_id + ".wav")
    assert client.conferences.record_stop("room") is None


def test_a_callback_url_makes_it_asynchronous(client: Any, room: Room, service: Service) -> None:
    room()
    answer = client.conferences.member_mute(
        "room", "all", callback_url=f"{service.url}/done", callback_method="GET"
    )
    assert answer.message == "async api spawned"
    assert service.wait("/done")[0].method == "GET"


@pytest.mark.parametrize("position", ["list", "repr", "text"])
def test_member_id_comes_in_every_form(
    position: str, client: Any, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_id_answer=position)
    room()
    expected = {"list": ["all"], "repr": "[u'all']", "text": "all"}[position]
    assert client.conferences.member_mute("room", "all").member_id == expected


def test_deletes_can_answer_as_the_docs_print(client: Any, room: Room, sandbox: Sandbox) -> None:
    sandbox.switch(delete_answer="docs")
    room()
    assert client.conferences.member_mute_stop("room", "all").message == "unmuted"
    assert client.conferences.delete("room").message == "conference hung up"


def test_errors_are_those_of_the_package(client: Any, room: Room, sandbox: Sandbox) -> None:
    with pytest.raises(ResourceNotFoundError, match="conference not found"):
        client.conferences.get("nobody")
    room()
    with pytest.raises(ValidationError, match="text parameter is missing"):
        client.conferences.member_speak("room", "all", "")
    stranger = plivo.RestClient(sandbox.options.auth_id, "wrong")
    with stranger, pytest.raises(AuthenticationError, match="credentials were not provided"):
        stranger.conferences.list()
