"""The control API: who may use it, what it says, and that nothing stays behind."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.control.client import ControlClient, ControlFailed
from sandbox.control.page import what_they_caused
from sandbox.embedded import Sandbox
from sandbox.world.clock import Clock
from sandbox.world.digits import DigitMatcher
from sandbox.world.log import ApiRequest, Delivery
from tests.sandbox.conftest import Api
from tests.sandbox.service import Service
from tests.waiting import PATIENCE

Room = Callable[..., str]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "http://["}, 403),
        ({"Host": "localhost:1"}, 201),
    ],
)
def test_pages_of_other_sites_cannot_steer(
    headers: dict[str, str], status: int, sandbox: Sandbox
) -> None:
    url = f"{sandbox.url}/sandbox/calls"
    wanted = {"conference": "room", "attributes": {}}
    assert requests.post(url, json=wanted, headers=headers, timeout=PATIENCE).status_code == status


def test_beyond_loopback_the_credentials_are_wanted() -> None:
    with Sandbox(host="0.0.0.0", auth_token="of-this-test") as wide:
        url = wide.url.replace("0.0.0.0", "127.0.0.1") + "/sandbox/state"
        auth = (wide.options.auth_id, wide.options.auth_token)
        assert requests.get(url, timeout=PATIENCE).status_code == 401
        assert requests.get(url, auth=("x", "y"), timeout=PATIENCE).status_code == 401
        assert requests.get(url, auth=auth, timeout=PATIENCE).status_code == 200
        elsewhere = ControlClient(wide.url.replace("0.0.0.0", "127.0.0.1"), auth)
        assert elsewhere.call_in("room", attributes={}) in {
            one["call_uuid"] for one in elsewhere.state()["calls"]
        }
        elsewhere.close()


@pytest.mark.parametrize(
    ("path", "wanted", "error"),
    [
        ("calls", {}, "conference, answer_url or to parameter is missing"),
        ("calls", {"conference": "a", "attributes": "x"}, "attributes parameter is invalid"),
        ("calls", {"conference": "a", "headers": "x"}, "headers parameter is invalid"),
        ("calls", {"conference": "a", "tone": "high"}, "tone parameter is invalid"),
        ("calls/none/digits", {"digits": "1"}, "no such call is up"),
        ("clock", {"advance": "-1"}, "advance parameter is invalid"),
        ("clock", {"rate": "nan"}, "rate parameter is invalid"),
        ("faults", {"kind": "status", "status": 9999}, "status: 9999 does not fit"),
        ("faults", {"kind": "slow", "seconds": -1}, "seconds: -1 does not fit"),
        ("faults", {"kind": "delay", "seconds": "nan"}, "seconds: 'nan' does not fit"),
        ("faults", {"kind": "drop", "times": -1}, "times: -1 does not fit"),
        ("faults", {"kind": "drop", "chance": 7}, "chance: 7 does not fit"),
    ],
)
def test_what_cannot_be_is_refused(
    path: str, wanted: dict[str, Any], error: str, sandbox: Sandbox
) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/{path}", json=wanted, timeout=PATIENCE)
    assert answer.status_code in {400, 404}
    assert answer.json()["error"].startswith(error)


@pytest.mark.parametrize("digits", ["", "x", "1 2"])
def test_only_keys_can_be_pressed(digits: str, sandbox: Sandbox, room: Room) -> None:
    with pytest.raises(ControlFailed, match="digits parameter is invalid"):
        sandbox.press(room(), digits)


def test_half_a_character_breaks_nothing(sandbox: Sandbox, service: Service, api: Api) -> None:
    half = "half \ud83d"
    attributes = {"callbackUrl": f"{service.url}/events"}
    sandbox.call_in(half, from_=half, caller_name=half, attributes=attributes)
    assert service.wait_for("enter").fields["ConferenceName"] == "half ?"
    assert api("POST", "half%20%3F/Member/all/Speak/", text=half).status_code == 202
    assert api("POST", "half%20%3F/Member/all/Play/", url=half).status_code == 400
    assert requests.get(sandbox.url, timeout=PATIENCE).status_code == 200


def test_bodies_that_are_no_json_object_are_refused(sandbox: Sandbox) -> None:
    headers = {"Content-Type": "application/json"}
    for body in ("{", "[1]", "[" * 30_000):
        url = f"{sandbox.url}/sandbox/calls"
        assert requests.post(url, data=body, headers=headers, timeout=PATIENCE).status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=nonsense",
        "multipart/form-data",
    ],
)
def test_bodies_that_are_no_form_are_refused(content_type: str, sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.url}/sandbox/calls",
        data=b"\xff\xfe",
        headers={"Content-Type": content_type},
        timeout=PATIENCE,
    )
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not a form"})


def test_the_log_can_be_waited_for(sandbox: Sandbox, api: Api) -> None:
    api("GET", "")
    last = sandbox.requests()[-1]["n"]
    assert sandbox.requests(after=last, wait=0.05) == []
    api("GET", "nobody/")
    assert [one["operation"] for one in sandbox.requests(after=last, wait=60)] == ["get_conference"]


def test_a_reset_leaves_nothing_and_tells_nobody(
    sandbox: Sandbox, service: Service, room: Room, api: Api
) -> None:
    room(record=True)
    service.wait_for("record")
    api("POST", "room/Member/all/Speak/", text="Hello")
    sandbox.fault("delay", times=0, seconds=1000)
    room()
    sandbox.clock(rate=3, advance=100)
    before = len(service.received)
    sandbox.reset()
    state = sandbox.state()
    empty = ("conferences", "calls", "ended_calls", "recordings", "faults")
    assert [state[name] for name in empty] == [[]] * 5
    assert state["under_way"] == 0
    assert sandbox.clock()["rate"] == 1
    assert len(service.received) == before


def test_the_clock_fires_each_timer_at_its_own_instant() -> None:
    async def story() -> list[tuple[str, float]]:
        clock = Clock(asyncio.get_running_loop())
        clock.set_rate(0)
        start, seen = clock.now(), list[tuple[str, float]]()
        for name, seconds in (("late", 90.0), ("early", 30.0), ("never", 40.0)):
            timer = clock.after(seconds, lambda name=name: seen.append((name, clock.now() - start)))
            if name == "never":
                timer.cancel()
        clock.advance(60)
        assert [name for name, _ in seen] == ["early"]
        clock.advance(60)
        return seen

    assert asyncio.run(story()) == [("early", pytest.approx(30)), ("late", pytest.approx(90))]


def test_cancelled_timers_do_not_pile_up() -> None:
    async def story() -> int:
        clock = Clock(asyncio.get_running_loop())
        for _ in range(20_000):
            clock.after(86_400, lambda: None).cancel()
        return len(clock._timers)

    assert asyncio.run(story()) < 2_000


@pytest.mark.parametrize(
    ("patterns", "pressed", "settled", "rest"),
    [
        ("1", "1", ["1"], []),
        ("#0,99,000", "5#0990001", ["#0", "99", "000"], []),
        ("1,12", "1", [], ["1"]),
        ("1,12", "12", ["12"], []),
        ("1,12", "13", ["1"], []),
        ("1,123", "124", ["1"], []),
        ("1,123", "1123", ["1", "123"], []),
        ("*1,*", "*1*", ["*1"], ["*"]),
        ("", "123*#", [], []),
    ],
)
def test_digits_match_the_longest_pattern(
    patterns: str, pressed: str, settled: list[str], rest: list[str]
) -> None:
    matcher = DigitMatcher.of(patterns)
    assert [one for digit in pressed for one in matcher.press(digit)] == settled
    assert matcher.rest() == rest


def test_a_shorter_match_is_told_after_two_seconds(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.press(room(digitsMatch="1,12"), "1")
    sandbox.clock(advance=2)
    assert service.wait_for("digits").fields["ConferenceDigitsMatch"] == "1"


def test_call_in_begins_with_a_conference_of_the_shipped_rules_and_keeps_what_was_typed(
    sandbox: Sandbox,
) -> None:
    def begins_with(name: str) -> bool:
        page = requests.get(sandbox.url, timeout=PATIENCE).text
        return f'id="conference" name="conference" required value="{name}"' in page

    assert begins_with("demo-1")
    sandbox.call_in("of-a-program", attributes={})
    assert begins_with("demo-1")
    requests.post(
        f"{sandbox.url}/sandbox/calls",
        data={"conference": "townhall-1"},
        headers={"Accept": "text/html"},
        timeout=PATIENCE,
    )
    assert begins_with("townhall-1")


def test_the_page_tells_of_each_request_once_beside_the_callback_it_follows_from() -> None:
    def told(at: float, member: str, conference: str = "a") -> Delivery:
        fields = {"ConferenceMemberID": member}
        return Delivery(
            at=at, action="enter", conference=conference, method="POST", url="u", fields=fields
        )

    def asked(at: float, *members: str) -> ApiRequest:
        return ApiRequest(at=at, method="POST", path="p", conference="a", members=members)

    deliveries = [told(2.0, "9", "b"), told(1.2, "2"), told(1.0, "1")]  # newest first
    mute_one, mute_two, later = asked(1.3, "1"), asked(1.4, "2"), asked(2.9, "all")
    caused = what_they_caused(deliveries, [asked(9.0, "1"), later, mute_two, mute_one])
    assert caused == [[], [mute_two, later], [mute_one]]
