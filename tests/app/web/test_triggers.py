"""`POST /triggers/<name>`: what your own systems say."""

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.factory import create_app
from app.store.connection import connect
from app.store.inbox import Inbox
from tests.app.builders import TRIGGER_TOKEN, Plivo, settings

Stored = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def send(plivo: Plivo, publish: Callable[..., None]) -> Callable[..., Any]:
    publish(trigger_names=["vip-arrived"])
    return sender(plivo)


def sender(plivo: Plivo) -> Callable[..., Any]:
    def post(body: Any = None, name: str = "vip-arrived", token: str = TRIGGER_TOKEN, **more: str):
        return plivo.client.post(
            f"/triggers/{name}",
            json={"conference": "demo"} if body is None else body,
            headers={"Authorization": f"Bearer {token}"} | more,
        )

    return post


def test_a_trigger_is_answered_202_with_the_id_of_its_event(send: Any, stored: Stored) -> None:
    answer = send({"conference": "demo", "member": "17", "data": {"tier": "gold", "n": [1, None]}})
    assert answer.status_code == 202
    [event] = stored()
    assert event["id"] == answer.json["event_id"]
    assert event["kind"] == "trigger"
    assert event["data"] == {
        "name": "vip-arrived",
        "member_id": "17",
        "data": {"tier": "gold", "n": [1, None]},
        "chain": 0,
    }


def test_without_a_trigger_token_the_address_is_closed(redis: Redis) -> None:
    plivo = Plivo(create_app(settings(trigger_token=()), Inbox(redis)).test_client())
    answer = sender(plivo)()
    assert answer.status_code == 403
    assert "TRIGGER_TOKEN" in answer.json["error"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic " + TRIGGER_TOKEN, "é"])
def test_a_missing_or_wrong_token_is_answered_401(plivo: Plivo, header: str) -> None:
    answer = plivo.client.post("/triggers/x", json={}, headers={"Authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_while_a_token_is_rotated_both_are_good(redis: Redis, publish: Any) -> None:
    publish(trigger_names=["vip-arrived"])
    app = create_app(settings(trigger_token=("new", "old")), Inbox(redis))
    post = sender(Plivo(app.test_client()))
    assert [post(token=token).status_code for token in ("new", "old", "older")] == [202, 202, 401]


def test_a_name_that_no_rule_listens_to_is_answered_404(send: Any, stored: Stored) -> None:
    answer = send(name="vip-arived")
    assert answer.status_code == 404
    assert "vip-arived" in answer.json["error"]
    assert stored() == []


def test_before_the_rules_are_loaded_the_answer_is_503(redis: Redis) -> None:
    app = create_app(settings(), Inbox(redis))
    assert sender(Plivo(app.test_client()))().status_code == 503


def test_without_redis_the_answer_is_503() -> None:
    app = create_app(settings(), Inbox(connect("redis://127.0.0.1:1/0", timeout=0.2)))
    assert sender(Plivo(app.test_client()))().status_code == 503


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "conference"),
        ({"conference": ""}, "conference"),
        ({"conference": ".."}, "conference"),
        ({"conference": 7}, "conference"),
        ({"conference": "demo", "member": 17}, "member"),
        ({"conference": "demo", "member": "all"}, "member"),
        ({"conference": "demo", "data": []}, "data"),
        ({"conference": "demo", "data": None}, "data"),
        ({"conference": "demo", "data": {"x": "\ud800"}}, "data"),
        ({"conference": "\ud800"}, "conference"),
        ({"conference": "demo", "colour": "red"}, "colour"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_an_unusable_body_is_answered_400_with_the_field(
    send: Any, stored: Stored, body: Any, field: str
) -> None:
    answer = send(body)
    assert answer.status_code == 400
    assert field in answer.json["error"]
    assert stored() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "conference=demo",
        '{"conference": "demo", "data": {"x": 1e999}}',
        '{"conference": "demo", "data": {"x": NaN}}',
        '{"conference": "demo", "data": ' + '{"a":' * 500 + "1" + "}" * 501,
        '{"conference": "demo", "data": ' + '{"a":' * 9000 + "1" + "}" * 9001,
        '{"conference": "demo", "data": {"x": ' + "9" * 5000 + "}}",
    ],
)
def test_what_is_not_plain_json_is_answered_400(plivo: Plivo, publish: Any, text: str) -> None:
    publish(trigger_names=["t"])
    bearer = {"Authorization": f"Bearer {TRIGGER_TOKEN}"}
    assert plivo.client.post("/triggers/t", data=text, headers=bearer).status_code == 400


def test_a_body_over_64_kib_is_answered_413(send: Any) -> None:
    assert send({"conference": "demo", "data": {"x": "x" * 65536}}).status_code == 413


def test_the_same_idempotency_key_counts_once(send: Any, stored: Stored) -> None:
    first = send(**{"Idempotency-Key": "order-7"})
    again = send(**{"Idempotency-Key": "order-7"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert len(stored()) == 1


def test_an_idempotency_key_with_another_body_is_a_mistake(send: Any, stored: Stored) -> None:
    send({"conference": "demo"}, **{"Idempotency-Key": "order-7"})
    answer = send({"conference": "demo", "data": {"x": 1}}, **{"Idempotency-Key": "order-7"})
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json["error"]
    assert len(stored()) == 1


def test_without_a_key_every_trigger_counts(send: Any, stored: Stored) -> None:
    assert send().json != send().json
    assert len(stored()) == 2


@pytest.mark.parametrize("key", ["x" * 256, "é"])
def test_an_unusable_idempotency_key_is_answered_400(send: Any, key: str) -> None:
    assert send(**{"Idempotency-Key": key}).status_code == 400
