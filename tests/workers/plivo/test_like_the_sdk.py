"""Every method, compared on the wire with what the official SDK sends for the same call.

Where we want to differ, and why:
- The SDK repeats `conference_name` and `member_id` in the query of GET and in the body of POST and
  DELETE, though both are in the path: it serialises its arguments. The docs name no such
  parameters. We send none of them, hence no query at all and no body with DELETE.
- Without a body we send no Content-Type.
- We percent-encode names whole; the SDK lets `/` and `..` through and reaches other endpoints.
- `record` always carries our callback URLs; here the SDK is given the same ones.
- User-Agent is ours; Accept-Encoding is `identity`: answers are small, and what is not compressed
  can not explode.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from app.plivo.urls import recording_url, transcription_url
from tests.doubles.plivo_edge import PlivoEdge, Seen, answer
from tests.workers.plivo.builders import AUTH_ID, PUBLIC_URL, Caller
from workers.plivo import ALL

ROOM = "My Conf Room"
RECORDING = recording_url(PUBLIC_URL, ROOM)
TRANSCRIPTION = transcription_url(PUBLIC_URL, ROOM)
SONG = "https://s3.amazonaws.com/plivocloud/music.mp3"

Ours = Callable[[Caller], Any]
Theirs = Callable[[Any], Any]

METHODS: dict[str, tuple[Ours, Theirs]] = {
    "list": (lambda p: p.list_conferences(), lambda c: c.list()),
    "get": (lambda p: p.get_conference(ROOM), lambda c: c.get(ROOM)),
    "hang up": (lambda p: p.hang_up(ROOM), lambda c: c.delete(ROOM)),
    "hang up all": (lambda p: p.hang_up_all(), lambda c: c.delete_all()),
    "hang up a member": (
        lambda p: p.hang_up_member(ROOM, "1"),
        lambda c: c.member_hangup(ROOM, "1"),
    ),
    "kick": (lambda p: p.kick(ROOM, "1"), lambda c: c.member_kick(ROOM, "1")),
    "kick all": (lambda p: p.kick(ROOM, "all"), lambda c: c.member_kick(ROOM, "all")),
    "mute": (lambda p: p.mute(ROOM, ["1"]), lambda c: c.member_mute(ROOM, "1")),
    "mute some": (lambda p: p.mute(ROOM, ["1", "2"]), lambda c: c.member_mute(ROOM, "1,2")),
    "mute all": (lambda p: p.mute(ROOM, ALL), lambda c: c.member_mute(ROOM, "all")),
    "unmute": (lambda p: p.unmute(ROOM, ["1"]), lambda c: c.member_mute_stop(ROOM, "1")),
    "deaf": (lambda p: p.deaf(ROOM, ["1"]), lambda c: c.member_deaf(ROOM, "1")),
    "undeaf": (lambda p: p.undeaf(ROOM, ["1"]), lambda c: c.member_deaf_stop(ROOM, "1")),
    "play": (lambda p: p.play(ROOM, ALL, SONG), lambda c: c.member_play(ROOM, "all", SONG)),
    "stop play": (lambda p: p.stop_play(ROOM, ALL), lambda c: c.member_play_stop(ROOM, "all")),
    "speak": (
        lambda p: p.speak(ROOM, ["1"], "Grüße, hello"),
        lambda c: c.member_speak(ROOM, "1", "Grüße, hello"),
    ),
    "speak as": (
        lambda p: p.speak(ROOM, ["1"], "Hallo", "MAN", "de-DE"),
        lambda c: c.member_speak(ROOM, "1", "Hallo", voice="MAN", language="de-DE"),
    ),
    "stop speak": (lambda p: p.stop_speak(ROOM, ["1"]), lambda c: c.member_speak_stop(ROOM, "1")),
    "record": (
        lambda p: p.record(ROOM),
        lambda c: c.record(ROOM, callback_url=RECORDING),
    ),
    "record and transcribe": (
        lambda p: p.record(ROOM, "wav", transcribe=True),
        lambda c: c.record(ROOM, "wav", "auto", TRANSCRIPTION, callback_url=RECORDING),
    ),
    "stop recording": (lambda p: p.stop_recording(ROOM), lambda c: c.record_stop(ROOM)),
}

ANSWERS = {
    "list": answer(200, {"api_id": "1", "conferences": [ROOM]}),
    "get": answer(200, {"api_id": "1", "conference_name": ROOM, "members": []}),
}


@pytest.mark.parametrize("method", METHODS)
def test_our_request_is_the_sdks(
    edge: PlivoEdge, plivo: Caller, official: Any, method: str
) -> None:
    ours, theirs = METHODS[method]
    said = ANSWERS.get(method, answer(202, {"message": "done", "api_id": "1"}))
    edge.answers(said, said)
    ours(plivo)
    theirs(official)
    us, them = edge.seen
    assert as_compared(us) == as_compared(them)
    assert us.query == ""
    assert not (us.body and us.method != "POST")
    assert ("content-type" in us.headers) == bool(us.body)


def as_compared(seen: Seen) -> dict[str, Any]:
    """The request without the differences that we want."""
    body = seen.json() or {}
    repeated = {"conference_name", "member_id"}
    return {
        "method": seen.method,
        "path": seen.path,
        "body": {key: value for key, value in body.items() if key not in repeated},
        "authorization": seen.headers["authorization"],
        "accept": seen.headers["accept"],
        "content-type": seen.headers.get("content-type") if seen.method == "POST" else None,
    }


def test_the_comparison_sees_a_difference(edge: PlivoEdge, plivo: Caller, official: Any) -> None:
    plivo.mute(ROOM, ["1"])
    official.member_mute(ROOM, "11")
    us, them = edge.seen
    assert as_compared(us) != as_compared(them)


def test_the_sdk_reaches_another_endpoint_where_we_do_not(
    edge: PlivoEdge, plivo: Caller, official: Any
) -> None:
    plivo.hang_up("x/Member/all")
    official.delete("x/Member/all")
    assert [seen.path.removeprefix(f"/v1/Account/{AUTH_ID}") for seen in edge.seen] == [
        "/Conference/x%2FMember%2Fall/",
        "/Conference/x/Member/all/",
    ]


def test_all_sixteen_rows_are_compared(edge: PlivoEdge, plivo: Caller) -> None:
    for ours, _ in METHODS.values():
        edge.answers(answer(200, {"conferences": [], "conference_name": ROOM, "members": []}))
        ours(plivo)
    rows = {(seen.method, re.sub(r"Member/[^/]+", "Member/ID", seen.path)) for seen in edge.seen}
    assert len(rows) == 16
