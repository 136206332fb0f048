"""From a call to its requests: tables, nothing is sent."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.plivo.builders import PUBLIC_URL, call
from workers.plivo import ApiRequest, PlivoError, build_requests
from workers.rules.vocabulary.actions import VERBS, WEB_VERBS

ROOM = "/Conference/townhall-1"


@pytest.mark.parametrize(
    ("verb", "members", "params", "expected"),
    [
        ("hang_up", (), {}, [("DELETE", f"{ROOM}/", None)]),
        ("hang_up_all", (), {}, [("DELETE", "/Conference/", None)]),
        ("hang_up_member", ("10",), {}, [("DELETE", f"{ROOM}/Member/10/", None)]),
        ("kick", ("10",), {}, [("POST", f"{ROOM}/Member/10/Kick/", {})]),
        ("kick", ("all",), {}, [("POST", f"{ROOM}/Member/all/Kick/", {})]),
        ("mute", ("10",), {}, [("POST", f"{ROOM}/Member/10/Mute/", {})]),
        ("mute", ("10", "11"), {}, [("POST", f"{ROOM}/Member/10,11/Mute/", {})]),
        ("mute", ("10", "10"), {}, [("POST", f"{ROOM}/Member/10/Mute/", {})]),
        ("unmute", ("all",), {}, [("DELETE", f"{ROOM}/Member/all/Mute/", None)]),
        ("deaf", ("10",), {}, [("POST", f"{ROOM}/Member/10/Deaf/", {})]),
        ("undeaf", ("10",), {}, [("DELETE", f"{ROOM}/Member/10/Deaf/", None)]),
        ("play", ("all",), {"url": "u"}, [("POST", f"{ROOM}/Member/all/Play/", {"url": "u"})]),
        ("stop_play", ("all",), {}, [("DELETE", f"{ROOM}/Member/all/Play/", None)]),
        (
            "speak",
            ("10",),
            {"text": "Hi", "voice": "MAN", "language": None},
            [("POST", f"{ROOM}/Member/10/Speak/", {"text": "Hi", "voice": "MAN"})],
        ),
        ("stop_speak", ("10", "11"), {}, [("DELETE", f"{ROOM}/Member/10,11/Speak/", None)]),
        ("stop_recording", (), {}, [("DELETE", f"{ROOM}/Record/", None)]),
    ],
)
def test_a_call_becomes_these_requests(
    verb: str, members: tuple[str, ...], params: dict[str, Any], expected: list[Any]
) -> None:
    planned = build_requests(call(verb, *members, params=params), PUBLIC_URL)
    assert planned == tuple(ApiRequest(*row) for row in expected)


@pytest.mark.parametrize("verb", ["kick", "hang_up_member"])
def test_kick_and_hang_up_go_out_one_by_one(verb: str) -> None:
    planned = build_requests(call(verb, "10", "11", "10"), PUBLIC_URL)
    assert [request.path.split("/Member/")[1][:2] for request in planned] == ["10", "11"]


def test_every_verb_that_goes_to_plivo_has_a_row() -> None:
    for verb in set(VERBS) - WEB_VERBS:
        members = () if VERBS[verb].members == "none" else ("10",)
        assert build_requests(call(verb, *members), PUBLIC_URL)


def test_recording_reports_to_our_own_callbacks() -> None:
    params = {"format": "wav", "transcribe": True}
    [request] = build_requests(call("record", conference="a b&v=2#c", params=params), PUBLIC_URL)
    assert request.body == {
        "file_format": "wav",
        "transcription_type": "auto",
        "callback_url": "https://gavel.example.com/plivo/recording"
        "?conference=a%20b%26v%3D2%23c&v=1#rp=all&rc=5",
        "transcription_url": "https://gavel.example.com/plivo/transcription"
        "?conference=a%20b%26v%3D2%23c&v=1#rp=all&rc=5",
    }


def test_no_transcription_is_asked_for_when_none_is_wanted() -> None:
    [request] = build_requests(call("record"), PUBLIC_URL)
    assert request.body is not None
    assert list(request.body) == ["callback_url"]


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "a\x00", "\x7f", "\x85", "\ud800"])
@pytest.mark.parametrize("verb", ["hang_up", "record", "mute"])
def test_a_name_that_would_reach_something_else_is_refused(verb: str, name: str) -> None:
    members = ("10",) if verb == "mute" else ()
    with pytest.raises(PlivoError) as refused:
        build_requests(call(verb, *members, conference=name), PUBLIC_URL)
    assert (refused.value.kind, refused.value.sent) == ("permanent", "no")


@pytest.mark.parametrize(
    "members",
    [(), ("",), ("..",), ("10/../..",), ("10,11",), ("all", "10"), ("\u0661",), ("10\n",), ("-1",)],
)
@pytest.mark.parametrize("verb", ["mute", "kick"])
def test_what_is_no_member_id_is_refused(verb: str, members: tuple[str, ...]) -> None:
    with pytest.raises(PlivoError):
        build_requests(call(verb, *members), PUBLIC_URL)


def test_a_call_for_a_whole_conference_names_no_members() -> None:
    with pytest.raises(PlivoError):
        build_requests(call("hang_up", "10"), PUBLIC_URL)


@pytest.mark.parametrize("verb", ["webhook", "unheard_of", "__class__", "list_conferences"])
def test_only_calls_of_the_conference_api_are_planned(verb: str) -> None:
    with pytest.raises(PlivoError):
        build_requests(call(verb), PUBLIC_URL)


@given(st.text(min_size=1).filter(lambda name: name not in (".", "..")))
def test_any_name_stays_one_segment_of_the_path(name: str) -> None:
    try:
        [request] = build_requests(call("record", conference=name), PUBLIC_URL)
    except PlivoError:
        return
    assert request.path.count("/") == 4
    assert unquote(request.path.split("/")[2]) == name
    assert request.body is not None
    query = urlsplit(request.body["callback_url"]).query
    assert parse_qs(query) == {"conference": [name], "v": ["1"]}
