"""What the sandbox sends: fields by profile, signatures, tries (docs/plivo.md 2, 5, 6)."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from plivo.utils import validate_signature, validate_v3_signature

from sandbox.callbacks.policy import Policy, split_url
from sandbox.callbacks.sender import as_sent
from sandbox.callbacks.signing import signature_v2, signature_v3
from sandbox.embedded import Sandbox
from tests.sandbox.service import Reply, Service

Room = Callable[..., str]
VECTORS = json.loads((Path(__file__).parent / "signature_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one['scheme']}-{one['url']}")
def test_the_official_vectors_are_signed_the_same(vector: dict[str, Any]) -> None:
    token, url, nonce = vector["auth_token"], vector["url"], vector["nonce"]
    if vector["scheme"] == "v2":
        assert signature_v2(token, url, nonce) == vector["signature"]
    else:
        signed = signature_v3(token, vector["method"], url, vector["params"], nonce)
        assert signed == vector["signature"]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("query", ["", "?v=1", "?b=2&a=%20x&a=+y&empty="])
def test_the_official_package_accepts_every_callback(
    method: str, query: str, service: Service, room: Room, sandbox: Sandbox
) -> None:
    url = f"{service.url}/events{query}"
    room("café ☎ <b>&", callbackUrl=url, callbackMethod=method)
    got = service.wait_for("enter")
    token, nonce = sandbox.options.auth_token, got.headers["X-Plivo-Signature-V3-Nonce"]
    fields = {k: v for k, v in got.fields.items() if k not in {"v", "a", "b", "empty"}}
    for header in ("X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"):
        signature = got.headers[header]
        assert validate_v3_signature(method, url, nonce, token, signature, dict(fields))
        other = {**fields, "From": "+1"}
        assert not validate_v3_signature(method, url, nonce, token, signature, other)
    v2, v2_nonce = got.headers["X-Plivo-Signature-V2"], got.headers["X-Plivo-Signature-V2-Nonce"]
    assert validate_signature(url, v2_nonce, v2, token)


@pytest.mark.parametrize("path", ["/%7Eevents", "/a/../events", "/events?x=%7E&y=a%2fb"])
def test_an_address_is_sent_and_signed_as_it_was_given(
    path: str, service: Service, room: Room, sandbox: Sandbox
) -> None:
    room(callbackUrl=service.url + path)
    service.wait_until(lambda: bool(service.received))
    got = service.received[0]
    assert got.path == path.partition("?")[0]
    nonce, signature = (got.headers[f"X-Plivo-Signature-V3{end}"] for end in ("-Nonce", ""))
    token = sandbox.options.auth_token
    assert validate_v3_signature(
        "POST", service.url + path, nonce, token, signature, dict(got.fields)
    )


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("http://Example.COM:80/x", "http://Example.COM:80/x"),
        ("https://h.example", "https://h.example"),
        ("http://h.example/a b/é?q=☎%", "http://h.example/a%20b/%C3%A9?q=%E2%98%8E%"),
    ],
)
def test_only_what_cannot_be_sent_is_encoded(given: str, sent: str) -> None:
    assert as_sent(given) == sent


def test_a_subaccount_signs_with_two_tokens(service: Service) -> None:
    with Sandbox(main_auth_token="main") as own:
        own.call_in("room", attributes={"callbackUrl": f"{service.url}/events"})
        headers = service.wait_for("enter").headers
    assert headers["X-Plivo-Signature-V3"] != headers["X-Plivo-Signature-Ma-V3"]


@pytest.mark.parametrize(
    ("position", "present"),
    [("v3", {"V3"}), ("ma_v3", {"Ma-V3"}), ("v2", {"V2", "Ma-V2"}), ("none", set())],
)
def test_signature_headers_can_be_left_out(
    position: str, present: set[str], sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(signatures=position)
    room()
    headers = service.wait_for("enter").headers
    names = {"V3", "Ma-V3", "V2", "Ma-V2"}
    assert {name for name in names if f"X-Plivo-Signature-{name}" in headers} == present


def test_the_documented_profile_says_only_what_the_page_lists(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(profile="documented")
    room()
    always = {"ConferenceName", "ConferenceUUID", "ConferenceMemberID", "CallUUID"}
    assert set(service.wait_for("enter").fields) == {"ConferenceAction", *always}


def test_the_rich_profile_says_all_that_was_ever_seen(service: Service, room: Room) -> None:
    room()
    told = service.wait_for("enter").fields
    seen = (
        "ALegUUID ALegRequestUUID BillRate CallerName Event ParentAuthID RequestUUID SessionStart"
    )
    assert set(seen.split()) <= set(told)
    assert told["ParentAuthID"].startswith("MA")
    assert datetime.fromisoformat(told["SessionStart"]).year >= 2020


def test_a_minimal_exit_says_only_who_left(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(profile="minimal_exit")
    sandbox.hang_up(room())
    entered, left = service.wait_for("enter").fields, service.wait_for("exit").fields
    assert "From" in entered
    assert "From" not in left
    assert (left["Event"], left["ConferenceLastMember"]) == ("ConferenceExit", "true")


def test_the_fragment_is_obeyed_and_not_sent() -> None:
    url, policy = split_url("https://h/p?q=1#ct=500&rt=900&tt=3000&rc=4&rp=5xx,rt")
    assert url == "https://h/p?q=1"
    assert policy == Policy(500, 900, 3000, 4, frozenset({"5xx", "rt"}))
    assert split_url("http://h/#ct=1&rt=x&rc=9&rp=all&zz=1")[1] == Policy(
        retry_on=frozenset({"4xx", "5xx", "ct", "rt"})
    )


def test_a_500_is_lost_by_default(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(retry_delay=0)
    service.reply("/events", Reply(500), Reply())
    call = room()
    service.wait_for("enter")
    sandbox.hang_up(call)
    service.wait_for("exit")
    assert service.actions() == ["enter", "exit"]


def test_a_500_is_tried_again_when_the_url_asks(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(retry_delay=0)
    service.reply("/events", Reply(500), Reply(404), Reply())
    room(callbackUrl=f"{service.url}/events#rp=all&rc=5")
    first, second, third = service.wait("/events", 3)
    assert first.fields == second.fields == third.fields
    nonces = {one.headers["X-Plivo-Signature-V3-Nonce"] for one in service.at("/events")}
    assert len(nonces) == 3


def test_a_second_try_may_repeat_the_nonce(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(retry_delay=0, retry_nonce="same")
    service.reply("/events", Reply(500), Reply())
    room(callbackUrl=f"{service.url}/events#rp=5xx")
    one, two = service.wait("/events", 2)
    nonce = "X-Plivo-Signature-V3-Nonce"
    assert one.headers[nonce] == two.headers[nonce]


def test_a_slow_answer_is_tried_again_after_the_read_timeout(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(retry_delay=0)
    service.reply("/events", Reply(after=0.5), Reply())
    room(callbackUrl=f"{service.url}/events#rt=300&rc=5")
    service.wait_until(lambda: any(one["status"] == 200 for one in sandbox.deliveries()))
    first, *_, last = sandbox.deliveries()
    assert first["error"]
    assert last["status"] == 200


def test_all_tries_together_end_with_the_total_timeout(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(retry_delay=0)
    service.reply("/events", Reply(after=0.15))
    room(callbackUrl=f"{service.url}/events#tt=200&rt=100&rc=5&rp=all")
    service.wait_until(lambda: not sandbox.state()["under_way"])
    assert 1 <= len(sandbox.deliveries()) <= 2  # of six that rc alone would allow


def test_the_fragment_of_an_enter_sound_means_nothing(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(retry_delay=0)
    service.reply("/beep", Reply(500))
    room(enterSound=f"{service.url}/beep#rp=all&rc=5")
    service.wait("/beep")
    service.wait_until(lambda: any(one["action"] == "sound" for one in sandbox.deliveries()))
    assert len(service.at("/beep")) == 1


def test_a_refused_connection_is_tried_again_and_logged(sandbox: Sandbox, service: Service) -> None:
    sandbox.switch(retry_delay=0)
    url = "http://127.0.0.1:1/events#rc=3"
    sandbox.call_in("room", attributes={"callbackUrl": url})
    service.wait_until(lambda: len(sandbox.deliveries()) == 4)
    assert all("no connection" in one["error"] for one in sandbox.deliveries())


def test_callbacks_of_a_conference_can_come_one_after_the_other(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.switch(callback_order="ordered")
    service.reply("/events", Reply(after=0.1), Reply())
    sandbox.hang_up(room())
    service.wait_for("exit")
    assert service.story[:3] == ["enter came", "enter answered", "exit came"]


def test_an_unsigned_answer_request_can_be_switched(sandbox: Sandbox, service: Service) -> None:
    sandbox.switch(unsigned="answer")
    service.answer_xml("/answer", "<Hangup/>")
    sandbox.call_in(answer_url=f"{service.url}/answer")
    assert "X-Plivo-Signature-V3" not in service.wait("/answer")[0].headers
