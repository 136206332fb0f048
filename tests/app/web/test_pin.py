"""Callers who are asked for a PIN, and those who would get in without one."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from redis import Redis

from app.callers.pins import MOST, MOST_OF_CALLER
from app.domain.redaction import Redaction
from app.logs import LineFormatter
from app.store import keys
from tests.app.builders import FORM, Plivo, answer_path
from workers.rules.vocabulary.triggers import EVENTS

Element = ElementTree.Element
ROLES = {"host": "HOST_PIN", "guest": "GUEST_PIN"}
ASKS = {
    "conference": ["board-*"],
    "ask_pin": {"roles": ROLES, "prompt": {"text": "Your PIN, please."}, "tries": 3},
}
HOSTS: dict[str, Any] = {
    "conference": ["board-*"],
    "caller": [{"name": "member.role", "texts": ["host"], "said": "host"}],
    "end_on_exit": True,
}
GUESTS = {
    "conference": ["board-*"],
    "caller": [{"name": "member.role", "texts": ["guest"], "said": "guest"}],
    "muted": True,
}
RIGHT, GUEST = "427319", "1111"


@pytest.fixture
def board(plivo: Plivo, publish: Any, monkeypatch: pytest.MonkeyPatch) -> Plivo:
    monkeypatch.setenv("HOST_PIN", RIGHT)
    monkeypatch.setenv("GUEST_PIN", GUEST)
    publish(joining=[HOSTS, GUESTS, ASKS])
    return plivo


def elements(answer: Any) -> list[Element]:
    assert answer.status_code == 200, answer.data
    return list(ElementTree.fromstring(answer.data))


def call(plivo: Plivo, caller: str = "+4930123456", path: str = "board-1") -> list[Element]:
    return elements(plivo.post({"CallUUID": "c", "From": caller}, answer_path(path)))


def asked_at(found: list[Element]) -> str:
    """The path and query that the digits go to."""
    parts = urlsplit(found[0].attrib["action"])
    return f"{parts.path}?{parts.query}"


def enter(
    plivo: Plivo, digits: str, caller: str = "+4930123456", at: str = "", **more: str
) -> list[Element]:
    at = at or "/plivo/pin/board-1?pin_try=1"
    return elements(plivo.post({"CallUUID": "c", "From": caller, "Digits": digits} | more, at))


def tags(found: list[Element]) -> list[str]:
    return [element.tag for element in found]


def test_a_caller_is_asked_and_plivo_keeps_no_digits(board: Plivo) -> None:
    digits, closed, end = call(board)
    assert (digits.tag, closed.tag, end.tag) == ("GetDigits", "Speak", "Hangup")
    assert digits.attrib["action"] == (
        "https://gavel.example.com/plivo/pin/board-1?pin_try=1#rp=all&rc=5"
    )
    wanted = {"method": "POST", "finishOnKey": "#", "log": "false", "numDigits": "20"}
    assert wanted.items() <= digits.attrib.items()
    assert [(one.tag, one.text) for one in digits] == [("Speak", "Your PIN, please.")]


@pytest.mark.parametrize(
    ("pin", "role", "attribute"),
    [(RIGHT, "host", "endConferenceOnExit"), (GUEST, "guest", "muted")],
)
def test_each_pin_gives_its_role_and_what_the_entry_of_the_role_says(
    board: Plivo, pin: str, role: str, attribute: str
) -> None:
    [conference] = enter(board, pin, at=asked_at(call(board)))
    assert f"?role={role}&" in conference.attrib["callbackUrl"]
    flags = {name: conference.get(name) for name in ("endConferenceOnExit", "muted")}
    assert flags == {name: str(name == attribute).lower() for name in flags}


def test_one_pin_lets_in_by_the_entry_that_asked(board: Plivo, publish: Any) -> None:
    ask = {"is": "GUEST_PIN", "prompt": {"text": "PIN?"}, "digits": 4}
    publish(joining=[{"conference": [], "ask_pin": ask, "role": "member", "muted": True}])
    [digits, *_] = call(board)
    assert digits.attrib["numDigits"] == "4"
    [conference] = enter(board, GUEST)
    assert conference.attrib["muted"] == "true"
    assert "?role=member&" in conference.attrib["callbackUrl"]


def test_after_so_many_wrong_tries_the_call_ends(board: Plivo) -> None:
    found = call(board)
    for number in (2, 3):
        found = enter(board, "0000", at=asked_at(found))
        assert f"pin_try={number}" in asked_at(found)
        assert found[0][0].text == "That is not right."
    assert tags(enter(board, "0000", at=asked_at(found))) == ["Speak", "Hangup"]


@pytest.mark.parametrize("digits", ["", "427", "4273190", "١٢٣٤", "427319#"])
def test_nothing_but_the_pin_is_right(board: Plivo, digits: str) -> None:
    assert tags(enter(board, digits)) == ["GetDigits", "Speak", "Hangup"]


def test_what_the_own_query_said_is_still_known_after_the_pin(board: Plivo, publish: Any) -> None:
    at_desk = [*HOSTS["caller"], {"name": "query.desk", "texts": ["a b"]}]
    publish(joining=[HOSTS | {"caller": at_desk, "role": "chair"}, ASKS])
    found = elements(board.post({"From": "+49"}, answer_path("board-1") + "?desk=a%20b"))
    assert asked_at(found) == "/plivo/pin/board-1?desk=a%20b&pin_try=1"
    [conference] = enter(board, RIGHT, at=asked_at(found))
    assert "?role=chair&" in conference.attrib["callbackUrl"]


# Those who would get in without


def test_an_unsigned_pin_is_refused_and_not_counted(board: Plivo, redis: Redis) -> None:
    form = urlencode({"From": "+49", "Digits": RIGHT})
    answer = board.client.post("/plivo/pin/board-1?pin_try=1", data=form, content_type=FORM)
    assert answer.status_code == 403
    assert redis.keys("gavel:pins:*") == []


@pytest.mark.parametrize("changed", ["digits", "conference", "try"])
def test_what_was_changed_on_its_way_is_refused(board: Plivo, changed: str) -> None:
    fields = {"CallUUID": "c", "From": "+49", "Digits": "0000"}
    path = "/plivo/pin/board-1?pin_try=3"
    headers = board.headers("POST", path, list(fields.items()))
    if changed == "digits":
        fields["Digits"] = RIGHT
    path = path.replace("board-1", "board-2") if changed == "conference" else path
    path = path.replace("pin_try=3", "pin_try=1") if changed == "try" else path
    sent = board.client.post(path, data=urlencode(fields), content_type=FORM, headers=headers)
    assert sent.status_code == 403


def test_a_pin_in_an_address_is_not_looked_at(board: Plivo) -> None:
    asked = "/plivo/pin/board-1"
    assert board.get(asked, {"pin_try": "1", "From": "+49", "Digits": RIGHT}).status_code == 405
    at = f"/plivo/pin/board-1?Digits={RIGHT}&pin_try=1"
    assert tags(elements(board.post({"From": "+49"}, at))) == ["GetDigits", "Speak", "Hangup"]


@pytest.mark.parametrize("query", ["", "?pin_try=", "?pin_try=x", "?pin_try=1&pin_try=2"])
def test_an_address_that_is_not_ours_is_answered_400(board: Plivo, query: str) -> None:
    fields = {"From": "+49", "Digits": RIGHT}
    assert board.post(fields, "/plivo/pin/board-1" + query).status_code == 400


def test_digits_that_are_there_twice_are_answered_400(board: Plivo) -> None:
    answer = board.post(f"Digits=1&Digits={RIGHT}&From=1", "/plivo/pin/board-1?pin_try=1")
    assert answer.status_code == 400


def test_a_try_that_plivo_repeats_is_counted_once(board: Plivo, redis: Redis) -> None:
    fields = {"CallUUID": "c", "From": "+4930123456", "Digits": "0000"}
    for _ in range(3):
        board.post(fields, "/plivo/pin/board-1?pin_try=1", nonce="n1")
    assert [redis.zcard(key) for key in redis.keys("gavel:pins:*")] == [1, 1]


def test_too_many_wrong_tries_of_a_caller_close_the_door_to_them_and_are_told(
    board: Plivo, redis: Redis, stored: Callable[..., list[dict[str, Any]]]
) -> None:
    for _ in range(MOST_OF_CALLER):
        assert stored("board-1") == []
        enter(board, "0000", caller="anonymous")
    assert tags(enter(board, RIGHT, caller="anonymous")) == ["Speak", "Hangup"]
    assert tags(call(board, caller="anonymous")) == ["Speak", "Hangup"]
    [told] = stored("board-1")
    assert (told["kind"], told["data"]["tries"]) == ("door.closed_to_caller", MOST_OF_CALLER)
    board.client.get("/metrics/cluster")
    counted = {
        outcome: int(redis.hget(keys.METRICS, f"gavel_pin_tries_total|{outcome}") or 0)
        for outcome in ("right", "wrong", "closed")
    }
    assert counted == {"right": 0, "wrong": MOST_OF_CALLER, "closed": 2}


def test_one_caller_alone_does_not_close_the_door_to_others(board: Plivo) -> None:
    for _ in range(2 * MOST):
        enter(board, "0000")
    assert tags(enter(board, RIGHT, caller="+4930111111")) == ["Conference"]


def test_callers_without_a_number_are_one_caller_and_are_told_as_such(
    board: Plivo, stored: Callable[..., list[dict[str, Any]]]
) -> None:
    at = "/plivo/pin/board-1?pin_try=1"
    for uuid in range(MOST_OF_CALLER):
        board.post({"CallUUID": f"c-{uuid}", "Digits": "0000"}, at)
    assert tags(elements(board.post({"CallUUID": "c"}, answer_path("board-1")))) == [
        "Speak",
        "Hangup",
    ]
    [told] = stored("board-1")
    words = EVENTS["door.closed_to_caller"].words.format_map(told["data"])
    assert words.startswith("5 wrong PINs of callers without a number within 10 minutes: no PIN")


def test_many_callers_together_close_the_door_of_the_conference_and_of_no_other(
    board: Plivo, stored: Callable[..., list[dict[str, Any]]]
) -> None:
    for number in range(MOST):
        enter(board, "0000", caller=f"+4930000000{number}")
    assert tags(call(board, caller="+4930111111")) == ["Speak", "Hangup"]
    [told] = stored("board-1")
    assert (told["kind"], told["data"]["tries"]) == ("door.closed", MOST)
    assert tags(call(board, caller="+4930111111", path="board-2"))[0] == "GetDigits"
    at = "/plivo/pin/board-2?pin_try=1"
    assert tags(enter(board, RIGHT, caller="+49300000000", at=at)) == ["Conference"]


def test_what_closes_it_to_a_caller_and_to_all_at_once_is_told_of_all(
    board: Plivo, stored: Callable[..., list[dict[str, Any]]]
) -> None:
    for number in range(MOST - 1):
        enter(board, "0000", caller=f"+4930000000{number // (MOST_OF_CALLER - 1)}")
    enter(board, "0000", caller="+49300000000")
    assert [one["kind"] for one in stored("board-1")] == ["door.closed"]


def test_the_spelling_of_a_number_makes_nobody_another_caller(board: Plivo, redis: Redis) -> None:
    enter(board, "0000", caller="+4930123456")
    enter(board, "0000", caller="4930123456")
    assert [redis.zcard(key) for key in redis.keys("gavel:pins:*")] == [2, 2]


def test_wrong_tries_are_forgotten_in_time(board: Plivo, redis: Redis) -> None:
    for _ in range(MOST_OF_CALLER):
        enter(board, "0000")
    for key in redis.keys("gavel:pins:*"):
        for name, at in redis.zrange(key, 0, 0, withscores=True):
            redis.zadd(key, {name: at - 600})
    assert tags(enter(board, RIGHT)) == ["Conference"]
    assert all(redis.ttl(key) <= 600 for key in redis.keys("gavel:pins:*"))


def test_right_tries_do_not_count(board: Plivo, redis: Redis) -> None:
    for _ in range(MOST + 1):
        assert tags(enter(board, GUEST)) == ["Conference"]
    assert redis.keys("gavel:pins:*") == []


@pytest.mark.parametrize("pin", [None, "", "123", "12x4", "1" * 21])
def test_without_a_pin_in_the_environment_nobody_gets_in(
    board: Plivo, monkeypatch: pytest.MonkeyPatch, pin: str | None
) -> None:
    monkeypatch.delenv("HOST_PIN")
    if pin is not None:
        monkeypatch.setenv("HOST_PIN", pin)
    for digits in (pin or "", GUEST):
        answer = board.post({"From": "1", "Digits": digits}, "/plivo/pin/board-1?pin_try=1")
        assert answer.status_code == 503
        assert not pin or pin not in answer.text
    assert board.post({"From": "1"}, answer_path("board-1")).status_code == 503


def test_what_was_entered_is_in_no_log_no_answer_and_not_in_redis(
    board: Plivo, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        board.post({"From": "+49", "Digits": digits}, "/plivo/pin/board-1?pin_try=1").data.decode()
        for digits in (RIGHT, "975318")
    ]
    kept = [redis.dump(key) or b"" for key in redis.keys("*")]
    lines = [LineFormatter(Redaction()).format(record) for record in caplog.records]
    assert any("outcome=wrong" in line for line in lines)
    for secret in (RIGHT, "975318"):
        assert not any(secret in text for text in (*answers, *lines))
        assert not any(secret.encode() in value for value in kept)


def test_a_role_in_the_own_query_or_a_header_proves_nothing(board: Plivo) -> None:
    fields = {"From": "+49", "X-PH-Role": "host", "role": "host", "member.role": "host"}
    found = elements(board.post(fields, answer_path("board-1") + "?role=host&member.role=host"))
    assert found[0].tag == "GetDigits"
