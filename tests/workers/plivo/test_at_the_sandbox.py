"""Every method at the sandbox, by our client and by the official SDK: the same to it, and done."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.embedded import Sandbox
from tests.waiting import until
from tests.workers.conftest import OfficialAt
from tests.workers.plivo.builders import PUBLIC_URL, Caller, call
from tests.workers.plivo.test_like_the_sdk import METHODS, ROOM
from workers.plivo import ALL, PlivoError


@pytest.fixture
def ours(sandbox: Sandbox) -> Iterator[Caller]:
    options = sandbox.options
    client = Caller(sandbox.url, options.auth_id, options.auth_token, public_url=PUBLIC_URL)
    yield client
    client.close()


def fill(sandbox: Sandbox) -> None:
    """The room with members 1 and 2, as after a start."""
    sandbox.reset()
    sandbox.switch(member_ids="restart")
    for caller in ("+14155550100", "+14155550101"):
        sandbox.call_in(ROOM, from_=caller)
    until(lambda: len(members(sandbox)) == 2, "both to be in")


def members(sandbox: Sandbox) -> list[Any]:
    return [
        member
        for conference in sandbox.state()["conferences"]
        for member in conference["members"]
        if conference["name"] == ROOM
    ]


def heard(sandbox: Sandbox) -> dict[str, Any]:
    """The last request, without when it came, its id, and what the SDK repeats beside its path."""
    request = sandbox.requests()[-1]
    request["path"] = request["path"].partition("?")[0]
    repeated = {"conference_name", "member_id"}
    request["params"] = {k: v for k, v in request["params"].items() if k not in repeated}
    return {key: value for key, value in request.items() if key not in ("at", "n", "api_id")}


@pytest.mark.parametrize("method", METHODS)
def test_the_sandbox_can_not_tell_our_client_from_the_sdk(
    sandbox: Sandbox, ours: Caller, official_at: OfficialAt, method: str
) -> None:
    mine, theirs = METHODS[method]
    official: Any = official_at(sandbox.url, sandbox.options.auth_id, sandbox.options.auth_token)
    said = []
    for act, who in ((mine, ours), (theirs, official)):
        fill(sandbox)
        if method == "stop recording":
            ours.record(ROOM)
        act(who)
        said.append(heard(sandbox))
    by_us, by_the_sdk = said
    assert by_us == by_the_sdk
    assert 200 <= by_us["status"] < 300


@pytest.mark.parametrize(
    "switches",
    [
        {"member_id_answer": "list", "delete_answer": "docs", "numbers": "decimal"},
        {"member_id_answer": "repr", "async_status": "201", "record_answer": "sync"},
        {"async_status": "202", "caller_name": "encoded", "missing_slash": "not_found"},
        {"second_record": "conflict", "list_to_kick": "refused"},
    ],
)
def test_whatever_plivo_really_answers_the_calls_are_done(
    sandbox: Sandbox, ours: Caller, switches: dict[str, str]
) -> None:
    fill(sandbox)
    sandbox.switch(**switches)
    assert ours.list_conferences() == [ROOM]
    assert [member.member_id for member in ours.get_conference(ROOM).members] == ["1", "2"]
    assert ours.get_conference(ROOM).run_time is not None
    ours.mute(ROOM, ["1", "2"])
    assert [member["muted"] for member in members(sandbox)] == [True, True]
    ours.unmute(ROOM, ALL)
    assert [member["muted"] for member in members(sandbox)] == [False, False]
    for _ in range(2):
        ours.perform(call("record", conference=ROOM))
    ours.stop_recording(ROOM)
    ours.perform(call("kick", "1", "2", conference=ROOM))
    with pytest.raises(PlivoError) as failed:
        ours.get_conference(ROOM)
    assert failed.value.kind == "gone"


@pytest.mark.parametrize("body", ["json", "text", "empty"])
def test_whatever_errors_look_like_they_are_told_apart(
    sandbox: Sandbox, ours: Caller, body: str
) -> None:
    fill(sandbox)
    sandbox.switch(error_body=body)
    stranger = Caller(sandbox.url, sandbox.options.auth_id, "another token")
    assert kind_of(lambda: ours.mute("nobody is here", ALL)) == "gone"
    assert kind_of(lambda: ours.mute(ROOM, ["99"])) == "gone"
    assert kind_of(lambda: ours.speak(ROOM, ALL, "")) == "permanent"
    assert kind_of(stranger.list_conferences) == "permanent"
    stranger.close()


def kind_of(doing: Callable[[], object]) -> str:
    with pytest.raises(PlivoError) as failed:
        doing()
    return failed.value.kind
