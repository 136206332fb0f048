"""What the buttons of a conference's page accept: the same events as the API, once, by who may."""

import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import pytest
from redis import Redis

from app.console.texts import shown
from app.store import keys
from tests.app.console.person import HIDDEN, Person
from tests.app.console.test_live import HOSTILE, live

Visit = Callable[..., Person]
BY_HAND = ("mute", "unmute", "deaf", "undeaf", "kick", "speak", "extend", "record", "hang_up")


@pytest.fixture(autouse=True)
def rules(publish: Callable[..., None], visit: Visit) -> None:
    """After `visit`, which publishes rules of its own."""
    publish(by_hand=[*BY_HAND, "stop_recording"], rules={"r": "Mute"}, lists=["hosts"])


def address(name: str, what: str) -> str:
    return f"/c/{keys.conference_key(name)}/{what}"


def form_of(person: Person, name: str) -> dict[str, str]:
    """The hidden fields that each form of the page has."""
    page = person.get(f"/c/{keys.conference_key(name)}").text
    found = {field: unescape(value) for field, value in HIDDEN.findall(page)}
    return {field: found[field] for field in ("token", "once", "instance")}


def accepted(redis: Redis, name: str) -> list[dict[str, Any]]:
    """The events that wait in its inbox."""
    rows: Any = redis.lrange(keys.inbox(keys.conference_key(name)), 0, -1)
    return [json.loads(row.partition(b" ")[2]) for row in rows]


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"do": "mute", "to": "all"}, {"mute": "all"}),
        ({"do": "mute", "to": "but hosts"}, {"mute": {"where": "member.from not in lists.hosts"}}),
        ({"do": "unmute", "to": "1"}, {"unmute": ["1"]}),
        ({"do": "deaf", "to": "1"}, {"deaf": ["1"]}),
        ({"do": "undeaf", "to": "1"}, {"undeaf": ["1"]}),
        ({"do": "kick", "to": "1"}, {"kick": ["1"]}),
        (
            {"do": "speak", "to": "1", "text": " {{ hi }} "},
            {"speak": {"to": ["1"], "text": "{{ hi }}"}},
        ),
        ({"do": "extend", "by": "5m"}, {"extend": "5m"}),
        ({"do": "record"}, {"record": None}),
        ({"do": "stop_recording"}, {"stop_recording": None}),
    ],
)
def test_a_button_is_one_step_for_the_instance_that_was_seen(
    visit: Visit, redis: Redis, fields: Mapping[str, str], step: Mapping[str, Any]
) -> None:
    live(redis, "room", recording=True)
    person = visit("operator")
    form = form_of(person, "room")
    answer = person.post(address("room", "act"), form | fields)
    assert answer.status_code == 303
    event = accepted(redis, "room")[0]
    told = event["kind"], event["data"]["do"], event["data"]["operator"], event["uuid"]
    assert told == ("operator.acted", step, "Anna", form["instance"])
    assert f"did={event['id']}" in answer.headers["Location"]
    assert "waits for its turn" in person.get(answer.headers["Location"]).text


def test_a_button_pressed_twice_is_one_wish_and_another_button_another(
    visit: Visit, redis: Redis
) -> None:
    live(redis, "room")
    person = visit("operator")
    form = form_of(person, "room")
    for to in ("1", "1", "2"):
        assert (
            person.post(address("room", "act"), form | {"do": "mute", "to": to}).status_code == 303
        )
    person.post(address("room", "act"), form_of(person, "room") | {"do": "mute", "to": "1"})
    assert [event["data"]["do"]["mute"] for event in accepted(redis, "room")] == [
        ["1"],
        ["2"],
        ["1"],
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"do": "webhook"},
        {"do": "hang_up"},
        {"do": "mute"},
        {"do": "mute", "to": "1,2"},
        {"do": "mute", "to": "but strangers"},
        {"do": "mute", "to": "but hosts or true"},
        {"do": "speak", "to": "all", "text": "  "},
        {"do": "mute", "to": "all", "reason": "x" * 501},
    ],
)
def test_what_no_button_asks_for_is_refused(
    visit: Visit, redis: Redis, fields: Mapping[str, str]
) -> None:
    live(redis, "room")
    person = visit("admin")
    answer = person.post(address("room", "act"), form_of(person, "room") | fields)
    assert (answer.status_code, accepted(redis, "room")) == (400, [])


def test_a_viewer_sees_no_button_and_may_press_none(visit: Visit, redis: Redis) -> None:
    live(redis, "room")
    person = visit("viewer")
    page = person.get(f"/c/{keys.conference_key('room')}").text
    assert page.count("<form") == 1  # to sign out
    fields = {"token": person.token(), "do": "mute", "to": "all", "typed": "room", "reason": "x"}
    for what in ("act", "hang-up", "silences", "silences/sil-1/end"):
        assert person.post(address("room", what), fields).status_code == 403
    assert accepted(redis, "room") == []


def test_only_an_admin_who_types_the_name_and_says_why_hangs_up(visit: Visit, redis: Redis) -> None:
    live(redis, "room")
    operator, admin = visit("operator"), visit("admin")
    wish = {"typed": "room", "reason": "over"}
    where = address("room", "hang-up")
    assert "Hang up everybody" not in operator.get(f"/c/{keys.conference_key('room')}").text
    assert operator.post(where, form_of(operator, "room") | wish).status_code == 403
    form = form_of(admin, "room")
    assert admin.post(where, form | wish | {"typed": "Room"}).status_code == 400
    assert admin.post(where, form | wish | {"reason": " "}).status_code == 400
    assert accepted(redis, "room") == []
    assert admin.post(where, form | wish).status_code == 303
    assert accepted(redis, "room")[0]["data"]["do"] == {"hang_up": "conference"}


def test_a_rule_is_silenced_once_and_its_silence_is_ended(visit: Visit, redis: Redis) -> None:
    live(redis, "room")
    person = visit("operator")
    wish = {"rule": "Mute", "for": "1h", "own": "", "reason": "noise"}
    form = form_of(person, "room")
    for _ in range(2):
        answer = person.post(address("room", "silences"), form | wish)
    page = person.get(answer.headers["Location"]).text
    assert "is silenced here until" in page
    stored: Any = redis.hgetall(keys.SILENCES)
    assert len(stored) == 1
    made = json.loads(next(iter(stored.values())))
    told = made["rule"], made["conference"], made["reason"], made["who"]
    assert told == ("Mute", "room", "noise", "Anna")
    end = re.search(r'action="(/c/[^"]+/end)"', page)
    assert end is not None
    assert person.post(end[1], form).status_code == 303
    assert person.post(end[1], form).status_code == 409
    assert redis.hlen(keys.SILENCES) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"for": "", "own": ""},
        {"own": "an hour"},
        {"own": "30d"},
        {"reason": ""},
        {"rule": "No such rule"},
    ],
)
def test_a_silence_needs_a_rule_an_end_and_a_reason(
    visit: Visit, redis: Redis, changed: Mapping[str, str]
) -> None:
    live(redis, "room")
    person = visit("operator")
    wish = {"rule": "Mute", "for": "1h", "own": "", "reason": "noise"} | changed
    answer = person.post(address("room", "silences"), form_of(person, "room") | wish)
    assert (answer.status_code, redis.hlen(keys.SILENCES)) == (400, 0)


def test_nothing_of_an_address_is_said_on_the_page(visit: Visit, redis: Redis) -> None:
    live(redis, "room")
    person = visit("viewer")
    for did in ("you-are-fired", "sil-you-are-fired", "evt-you-are-fired"):
        page = person.get(f"/c/{keys.conference_key('room')}?did={did}&i={did}").text
        assert "fired" not in page.replace("/c/", "").partition("<main")[2]


def test_hostile_names_stay_text_in_forms(
    visit: Visit, redis: Redis, publish: Callable[..., None]
) -> None:
    name = HOSTILE.replace("\x1b", "")
    live(redis, name)
    person = visit("admin")
    publish(by_hand=list(BY_HAND), rules={"r": HOSTILE}, lists=["hosts"])
    page = person.get(f"/c/{keys.conference_key(name)}").text
    assert "<script>alert" not in page
    assert "<img" not in page
    wish = {"typed": shown(name), "reason": HOSTILE.replace("\x1b", "")}
    answer = person.post(address(name, "hang-up"), form_of(person, name) | wish)
    assert answer.status_code == 303
    assert "<img" not in person.get(answer.headers["Location"]).text
