"""What the client makes of Plivo's answers, over real HTTP."""

from typing import Any

import pytest

from tests import log_lines
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.workers.plivo.builders import AUTH_ID, AUTH_TOKEN, PUBLIC_URL, Caller, call
from workers.plivo import ALL, PlivoError, RecordingStarted, build_requests

CONFERENCE = {
    "conference_name": "townhall-1",
    "conference_run_time": "590",
    "conference_member_count": "1",
    "members": [
        {
            "muted": True,
            "member_id": "17",
            "deaf": False,
            "from": "1456789903",
            "to": "1677889900",
            "caller_name": "Joe%20Doe",
            "direction": "inbound",
            "call_uuid": "acfbf0b5",
            "join_time": "590.5",
        },
        {"member_id": 18, "muted": "true", "caller_name": "", "join_time": "soon"},
        {"muted": False},
        "what?",
    ],
    "api_id": "816e903e",
}


def test_the_list_of_conferences_is_their_names(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(answer(200, {"api_id": "1", "conferences": ["My Conf Room", "support"]}))
    assert plivo.list_conferences() == ["My Conf Room", "support"]


def test_a_conference_is_read_leniently(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(answer(200, CONFERENCE))
    assert plivo.get_conference("townhall-1").data() == {
        "gone": False,
        "run_time": 590.0,
        "partial": True,
        "unreadable": ["join_time", "members"],
        "api_id": "816e903e",
        "members": [
            {
                "member_id": "17",
                "muted": True,
                "deaf": False,
                "from": "1456789903",
                "to": "1677889900",
                "caller_name": "Joe Doe",
                "direction": "inbound",
                "call_uuid": "acfbf0b5",
                "join_time": 590.5,
            },
            {"member_id": "18", "muted": True},
        ],
    }


@pytest.mark.parametrize("run_time", [590, "590", "590.0", 590.0])
def test_run_times_come_in_many_forms(edge: PlivoEdge, plivo: Caller, run_time: object) -> None:
    edge.answers(answer(200, {**CONFERENCE, "conference_run_time": run_time}))
    assert plivo.get_conference("townhall-1").run_time == 590.0


@pytest.mark.parametrize("run_time", [None, "", "x", True, "nan", "1e999", ["590"]])
def test_a_run_time_that_is_no_number_is_absent(
    edge: PlivoEdge, plivo: Caller, run_time: object
) -> None:
    edge.answers(answer(200, {**CONFERENCE, "conference_run_time": run_time}))
    assert "run_time" not in plivo.get_conference("townhall-1").data()


@pytest.mark.parametrize("body", ["", "hello", "[]", "{}", '{"conferences": 7}', "[" * 50_000])
def test_an_answer_that_is_no_list_is_a_temporary_failure(
    edge: PlivoEdge, plivo: Caller, body: str
) -> None:
    edge.answers(answer(200, body), answer(200, body))
    with pytest.raises(PlivoError) as failed:
        plivo.list_conferences()
    assert failed.value.kind == "temporary"
    with pytest.raises(PlivoError):
        plivo.get_conference("townhall-1")


@pytest.mark.parametrize("done", [answer(200), answer(201, {}), answer(202, "ok"), answer(204)])
def test_any_2xx_is_done_whatever_its_body(edge: PlivoEdge, plivo: Caller, done: bytes) -> None:
    edge.answers(done)
    plivo.unmute("townhall-1", ALL)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (answer(202, {"recording_id": "r-1", "url": "https://u"}), ("r-1", "https://u", False)),
        (answer(200, {"api_id": "1", "message": "async api spawned"}), (None, None, False)),
        (answer(201, ""), (None, None, False)),
        (answer(400, {"error": "Conference is already being recorded"}), (None, None, True)),
    ],
)
def test_record_is_success_with_or_without_ids(
    edge: PlivoEdge, plivo: Caller, said: bytes, heard: tuple[Any, ...]
) -> None:
    edge.answers(said, said)
    for started in (plivo.record("townhall-1"), plivo.perform(call("record"))):
        assert isinstance(started, RecordingStarted)
        assert (started.recording_id, started.url, started.already) == heard


@pytest.mark.parametrize(
    ("said", "kind", "sent"),
    [
        (answer(400, {"error": "text parameter is missing"}), "permanent", "yes"),
        (answer(401, "Unauthorized"), "permanent", "yes"),
        (answer(403), "permanent", "yes"),
        (answer(404, {"error": "not found"}), "gone", "yes"),
        (answer(405), "permanent", "yes"),
        (answer(408), "temporary", "yes"),
        (answer(409), "permanent", "yes"),
        (answer(429), "temporary", "yes"),
        (answer(500, "<html>"), "temporary", "yes"),
        (answer(501), "permanent", "yes"),
        (answer(502), "temporary", "maybe"),
        (answer(503), "temporary", "yes"),
        (answer(504), "temporary", "maybe"),
        (answer(200, {"error": "failed"}), "temporary", "maybe"),
        (answer(301, Location="http://127.0.0.1:1/"), "permanent", "yes"),
    ],
)
def test_every_refusal_is_one_of_three_kinds(
    edge: PlivoEdge, plivo: Caller, said: bytes, kind: str, sent: str
) -> None:
    edge.answers(said)
    with pytest.raises(PlivoError) as failed:
        plivo.perform(call("mute", "10"))
    assert (failed.value.kind, failed.value.sent) == (kind, sent)
    assert len(edge.seen) == 1


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("1.5", 1.5, 1.5),
        ("-1", 0, 0),
        ("99999999", 86_400, 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 86_400, 86_400),
    ],
)
def test_retry_after_is_a_number_or_a_date(
    edge: PlivoEdge, plivo: Caller, header: str, low: float, high: float
) -> None:
    edge.answers(answer(429, Retry_After=header))
    with pytest.raises(PlivoError) as failed:
        plivo.mute("townhall-1", ALL)
    assert failed.value.retry_after is not None
    assert low <= failed.value.retry_after <= high


def test_a_date_in_retry_after_counts_from_that_of_the_answer(
    edge: PlivoEdge, plivo: Caller
) -> None:
    said = {"Date": "Wed, 21 Oct 2015 07:28:00 GMT"}  # years from what this host takes for now
    edge.answers(answer(429, Retry_After="Wed, 21 Oct 2015 07:28:09 GMT", **said))
    with pytest.raises(PlivoError) as failed:
        plivo.mute("townhall-1", ALL)
    assert failed.value.retry_after == 9.0


@pytest.mark.parametrize("header", ["soon", "", "Wed, 99 Foo 2015 07:28:00 GMT", "nan"])
def test_a_retry_after_that_says_nothing_is_none(
    edge: PlivoEdge, plivo: Caller, header: str
) -> None:
    edge.answers(answer(429, Retry_After=header))
    with pytest.raises(PlivoError) as failed:
        plivo.mute("townhall-1", ALL)
    assert failed.value.retry_after is None


def test_messages_say_what_was_asked_and_answered_but_no_secret(
    edge: PlivoEdge, plivo: Caller
) -> None:
    edge.answers(answer(400, {"error": f"bad\nthing {AUTH_TOKEN} \x1b[31m" + "x" * 1000}))
    with pytest.raises(PlivoError) as failed:
        plivo.mute("townhall-1", ["10"])
    text = str(failed.value)
    assert text.startswith(
        "POST /Conference/townhall-1/Member/10/Mute/ was answered 400: bad thing"
    )
    assert AUTH_TOKEN not in text
    assert text.isprintable()
    assert len(text) < 300
    assert AUTH_TOKEN not in repr(plivo.__dict__)


def test_one_who_is_gone_does_not_keep_the_others_from_being_kicked(
    edge: PlivoEdge, plivo: Caller
) -> None:
    edge.answers(answer(404))
    plivo.perform(call("kick", "10", "11"))
    assert [seen.path for seen in edge.seen] == [
        f"/v1/Account/{AUTH_ID}/Conference/townhall-1/Member/{member}/Kick/"
        for member in ("10", "11")
    ]


def test_when_all_are_gone_the_call_is_gone(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(answer(404), answer(404))
    with pytest.raises(PlivoError) as failed:
        plivo.perform(call("kick", "10", "11"))
    assert failed.value.kind == "gone"


def test_what_was_planned_is_what_is_sent(edge: PlivoEdge, plivo: Caller) -> None:
    wanted = call("speak", "10", "11", conference="a/../b é", params={"text": "Grüße ☎"})
    plivo.perform(wanted)
    [planned] = build_requests(wanted, PUBLIC_URL)
    [seen] = edge.seen
    assert (seen.method, seen.target, seen.json()) == (
        planned.method,
        f"/v1/Account/{AUTH_ID}{planned.path}",
        planned.body,
    )


def test_a_field_that_can_not_be_read_costs_no_more_than_itself_and_is_told(
    edge: PlivoEdge, plivo: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    member = {"member_id": 7, "muted": "perhaps", "from": ["+14155550100"], "join_time": {}}
    said = {"conference_name": "a", "conference_run_time": [], "members": [member]}
    edge.answers(answer(200, said), answer(202, {"recording_id": {}, "url": "https://u/r.mp3"}))
    seen = plivo.get_conference("a")
    assert seen.unreadable == ("conference_run_time", "muted", "from", "join_time")
    assert not seen.partial
    assert [(one.member_id, one.muted, one.from_) for one in seen.members] == [("7", None, None)]
    assert plivo.record("a") == RecordingStarted(None, "https://u/r.mp3", False, ("recording_id",))
    for name in ("muted", "from", "join_time", "conference_run_time", "recording_id"):
        assert name in log_lines.text(caplog)


@pytest.mark.parametrize("odd", [{"member_id": {}}, "7", {"muted": "true"}])
def test_a_member_who_can_not_be_read_makes_the_list_a_partial_one(
    edge: PlivoEdge, plivo: Caller, odd: object
) -> None:
    edge.answers(answer(200, {"conference_name": "a", "members": [{"member_id": "7"}, odd]}))
    seen = plivo.get_conference("a")
    assert [member.member_id for member in seen.members] == ["7"]
    assert seen.data()["partial"] is True
    assert "members" in seen.unreadable


def test_members_that_are_no_list_leave_what_else_is_said(edge: PlivoEdge, plivo: Caller) -> None:
    said = {"conference_name": "a", "conference_run_time": "9", "members": {"member_id": "7"}}
    edge.answers(answer(200, said))
    assert plivo.get_conference("a").data() == {
        **{"gone": False, "run_time": 9.0, "partial": True},
        **{"unreadable": ["members"], "members": []},
    }


def test_a_name_that_can_not_be_read_is_not_taken_for_gone(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(answer(200, {"conferences": ["a", 7]}), answer(200, {"conferences": ["a", {}]}))
    assert plivo.list_conferences() == ["a", "7"]
    with pytest.raises(PlivoError, match="is not the list"):
        plivo.list_conferences()


def test_plivos_api_id_is_kept_of_answers_and_of_refusals(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(
        answer(202, {"api_id": "a-1"}),
        answer(404, {"api_id": "a-2", "error": "not found"}),
        answer(202, {"api_id": "a-3", "recording_id": "r"}),
        answer(400, {"api_id": "a-4", "error": "no"}),
        answer(202, {"api_id": "x" * 65}),
        answer(200, {"api_id": "a-5", "conference_name": "a"}),
    )
    assert plivo.perform(call("kick", "10", "11")).request_ids == ("a-1", "a-2")
    assert plivo.perform(call("record")).request_ids == ("a-3",)
    with pytest.raises(PlivoError) as failed:
        plivo.perform(call("mute", "10"))
    assert failed.value.request_ids == ("a-4",)
    assert plivo.perform(call("mute", "10")).request_ids == ()
    assert plivo.get_conference("a").data()["api_id"] == "a-5"
