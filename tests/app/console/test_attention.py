"""Attention: what waits for a person, by cause; asked again or dropped, with an audit."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from app.operators.audit import Audit
from app.store import keys
from app.store.commit import journal_line
from app.store.recordings import Recordings
from tests.app.console.person import HIDDEN, Person
from tests.app.console.test_live import HOSTILE, give_up, live
from tests.app.store.test_recordings import began, commit

Visit = Callable[..., Person]


def set_aside(redis: Redis, conference: str) -> None:
    event = {"id": "evt-1", "kind": "member.entered"}
    row = {"event": event, "conference": conference, "at": time.time()}
    redis.rpush(keys.DEAD, json.dumps(row | {"error": "Trace\nKeyError: x"}))


def forms(person: Person) -> Iterator[dict[str, str]]:
    """The fields of each form that settles a group, as they are on the page."""
    for part in person.get("/attention").text.split("<form")[1:]:
        fields = dict(HIDDEN.findall(part))
        if "group" in fields:
            yield fields


def audited(redis: Redis) -> list[Any]:
    entries, _ = Audit(redis).entries()
    return [one for one in entries if one.verb != "sign_in"]


def test_nothing_waits(visit: Visit) -> None:
    assert "Nothing needs you." in visit("viewer").get("/attention").text


def test_what_waits_is_grouped_by_its_cause_and_counted_in_the_navigation(
    visit: Visit, redis: Redis
) -> None:
    for number in range(3):
        give_up(redis, f"room-{number}", id=f"call-{number}")
    set_aside(redis, "other")
    text = visit("viewer").get("/attention").text
    times = "\N{MULTIPLICATION SIGN}"
    mutes, events = f"3 {times} mute", f"1 {times} event member.entered"
    for part in (mutes, "400 from Plivo", events, "KeyError: x", "room-2"):
        assert part in text
    assert 'id="attention-count">4<' in text
    assert '<form class="tall"' not in text  # who only looks has no button


def test_the_same_failure_in_different_conferences_is_one_cause(visit: Visit, redis: Redis) -> None:
    for number, said in enumerate((" was answered 400: bad", ": Plivo could not be reached") * 2):
        error = f"POST /Conference/room-{number}/Member/{number}/Mute/{said}"
        call = {"id": f"call-{number}", "conference": f"room-{number}", "verb": "mute"}
        redis.rpush(keys.GIVEN_UP, json.dumps({"call": call, "at": 1.0, "error": error}))
    text = visit("viewer").get("/attention").text
    assert text.count("2 \N{MULTIPLICATION SIGN} mute") == 2
    assert "Plivo answered 400: bad" in text
    assert "/Member/" not in text


def test_attempts_members_and_addresses_make_no_other_cause(visit: Visit, redis: Redis) -> None:
    said = (
        "expired after {n} attempts: POST /Conference/room-{n}/Member/{n}/Speak/ was answered 500",
        "expired after {n} attempts: POST /Conference/room-{n}/Member/{n}/Speak/: no answer came",
        "no member {n} in room-{n}",
        "https://crm.example.com/calls/{n}?x={n} gave no answer",
    )
    for number in range(12):
        error = said[number % 4].format(n=number + 1)
        call = {"id": f"call-{number}", "conference": f"room-{number + 1}", "verb": "speak"}
        redis.rpush(keys.GIVEN_UP, json.dumps({"call": call, "at": 1.0, "error": error}))
    text = visit("viewer").get("/attention").text
    assert text.count("3 \N{MULTIPLICATION SIGN} speak") == 4
    for cause in ("Plivo answered 500<", "no answer came<", "no member in …<"):
        assert cause in text, cause
    assert "https://crm.example.com gave no answer" in text


def test_each_leads_to_its_conference_rule_event_and_recording(
    visit: Visit, redis: Redis, publish: Callable[..., None]
) -> None:
    params = {"recording": {"id": "r/1"}}
    more = {"event": "evt-1", "uuid": "u-1", "rule": "Keep", "params": params}
    give_up(redis, "sales-1", verb="archive", **more)
    person = visit("viewer")
    publish(rules={"rul-1": "Keep"}, digest="d2")
    page = person.get("/attention").text
    key = keys.conference_key("sales-1")
    for link in (f"/c/{key}?i=u-1", f"/c/{key}?i=u-1#evt-1", "/rules#rule-rul-1"):
        assert f'href="{link}"' in page, link
    assert 'href="/recordings/one?id=r/1"' in page
    assert "1 in conferences that are over: these can be asked for again all the same." in page
    told = {"id": "evt-1", "kind": "trigger", "uuid": "u-1", "data": {"name": "x"}}
    live(redis, "sales-1", journal_line("sales-1", time.time(), "event", event=told))
    assert 'id="evt-1"' in person.get(f"/c/{key}?i=u-1").text


def test_it_is_done_with_a_reason_and_once(visit: Visit, redis: Redis) -> None:
    for number in range(2):
        give_up(redis, "room", id=f"call-{number}")
    person = visit("operator")
    [fields] = forms(person)
    for do in ("retry", "drop", "snooze"):
        wish = fields | {"do": do, "for": "1h", "reason": " "}
        assert person.post("/attention", wish).status_code == 400
    asked = fields | {"do": "retry", "reason": "up again"}
    assert person.post("/attention", asked).status_code == 303
    for number in range(2):  # given up once more, and the browser sends its form again
        give_up(redis, "room", id=f"call-{number}")
    assert person.post("/attention", asked).status_code == 303
    assert (redis.llen(keys.BATCHES), redis.llen(keys.GIVEN_UP)) == (1, 2)
    [fields] = forms(person)
    assert person.post("/attention", fields | {"do": "drop", "reason": "old"}).status_code == 303
    assert redis.llen(keys.GIVEN_UP) == 0


def test_a_whole_group_is_asked_for_again(visit: Visit, redis: Redis) -> None:
    for number in range(2):
        give_up(redis, f"room-{number}", id=f"call-{number}")
    person = visit("operator")
    [fields] = forms(person)
    answer = person.post("/attention", fields | {"do": "retry", "reason": "the API was down"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/attention")
    assert redis.llen(keys.GIVEN_UP) == 0
    for number in range(2):
        inbox = redis.lrange(keys.inbox(keys.conference_key(f"room-{number}")), 0, -1)
        assert [json.loads(row.split(b" ", 1)[1])["kind"] for row in inbox] == ["call.retry"]
    assert {(one.verb, one.reason, one.how) for one in audited(redis)} == {
        ("retry", "the API was down", "console")
    }


def test_what_was_set_aside_is_dropped_and_never_asked_for_again(
    visit: Visit, redis: Redis
) -> None:
    set_aside(redis, "room")
    person = visit("operator")
    [fields] = forms(person)
    fields["reason"] = "seen"
    assert person.post("/attention", fields | {"do": "retry"}).status_code == 400
    assert redis.llen(keys.DEAD) == 1
    assert person.post("/attention", fields | {"do": "drop"}).status_code == 303
    assert redis.llen(keys.DEAD) == 0


def test_more_than_the_person_saw_is_not_touched(visit: Visit, redis: Redis) -> None:
    give_up(redis, "room-1", id="call-1")
    person = visit("operator")
    [fields] = forms(person)
    give_up(redis, "room-2", id="call-2")
    assert person.post("/attention", fields | {"do": "drop"}).status_code == 409
    assert redis.llen(keys.GIVEN_UP) == 2


@pytest.mark.parametrize("role", ["viewer", ""])
def test_who_may_not_act_changes_nothing(visit: Visit, redis: Redis, role: str) -> None:
    give_up(redis, "room", id="call-1")
    [fields] = forms(visit("operator"))
    person = visit(role)
    answer = person.post("/attention", fields | {"do": "drop"})
    assert answer.status_code in (303, 403)
    assert redis.llen(keys.GIVEN_UP) == 1


def test_a_forged_form_changes_nothing(visit: Visit, redis: Redis) -> None:
    give_up(redis, "room", id="call-1")
    person = visit("operator")
    [fields] = forms(person)
    for forged in (fields | {"token": "x"}, {k: v for k, v in fields.items() if k != "token"}):
        assert person.post("/attention", forged | {"do": "drop"}).status_code == 403
    site = person.post("/attention", fields | {"do": "drop"}, Sec_Fetch_Site="cross-site")
    assert site.status_code == 403
    assert redis.llen(keys.GIVEN_UP) == 1


def test_names_from_outside_stay_texts(visit: Visit, redis: Redis) -> None:
    give_up(redis, HOSTILE, id="call-1", rule=HOSTILE, verb="mute")
    text = visit("operator").get("/attention").text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "\x1b" not in text


def test_those_whose_conference_goes_on_are_asked_for_alone(visit: Visit, redis: Redis) -> None:
    for number in range(3):
        give_up(redis, f"room-{number}", id=f"call-{number}")
    live(redis, "room-1")
    person = visit("operator")
    page = person.get("/attention").text
    assert "3 match: 1 in conferences that go on, 2 in conferences that are over" in page
    [fields] = forms(person)
    wish = fields | {"do": "retry_going_on", "reason": "they wait"}
    assert person.post("/attention", wish).status_code == 303
    assert redis.llen(keys.inbox(keys.conference_key("room-1"))) == 1
    assert redis.llen(keys.GIVEN_UP) == 2


def test_what_is_snoozed_is_out_of_the_way_until_more_of_it_come(
    visit: Visit, redis: Redis
) -> None:
    give_up(redis, "room-1", id="call-1")
    set_aside(redis, "other")
    person = visit("operator")
    fields = next(one for one in forms(person))
    wish = fields | {"do": "snooze", "for": "1h", "reason": "known"}
    assert person.post("/attention", wish | {"for": "ever"}).status_code == 400
    assert person.post("/attention", wish | {"for": "8d"}).status_code == 400
    assert person.post("/attention", wish).status_code == 303
    page = person.get("/attention").text
    assert 'id="attention-count">1<' in page
    assert page.count("snoozed</span>") == 1
    assert [(one.verb, one.reason) for one in audited(redis)] == [("snooze", "known")]
    for number in (2, 3):
        give_up(redis, f"room-{number}", id=f"call-{number}")
        set_aside(redis, f"other-{number}")
    assert "snoozed</span>" not in person.get("/attention").text


def test_how_far_what_was_asked_for_is_is_told(visit: Visit, redis: Redis) -> None:
    for number in range(3):
        give_up(redis, f"room-{number}", id=f"call-{number}", event=f"evt-{number}")
    person = visit("operator")
    [fields] = forms(person)
    assert person.post("/attention", fields | {"do": "retry", "reason": "well"}).status_code == 303
    page = person.get("/attention").text
    assert "Nothing needs you." in page
    assert "3 \N{MULTIPLICATION SIGN} mute</a>" in page
    assert ">3 left<" in page
    (id,) = (one.decode() for one in redis.lrange(keys.BATCHES, 0, -1))
    key = keys.conference_key("room-1")
    event = json.loads(redis.lrange(keys.inbox(key), 0, -1)[0].partition(b" ")[2])
    told = {"id": event["id"], "kind": event["kind"], "data": {}}
    call = {"call": "call-1", "verb": "mute", "members": ["1"], "event": "evt-1", "status": "done"}
    redis.rpush(keys.journal(key), journal_line("room-1", time.time(), "event", event=told))
    redis.rpush(keys.journal(key), journal_line("room-1", time.time(), "call", **call))
    redis.incr(keys.COMMITS)
    viewer = visit("viewer")
    page = viewer.get(f"/attention/batches/{id}").text
    assert '<progress max="3" value="1"' in page
    assert ">2 left<" in page
    assert ">1 done<" in page
    assert 'data-live="5"' in page
    assert viewer.get("/attention/batches/bat-x").status_code == 404


def test_copies_that_are_tried_again_are_told_until_they_are_there(
    visit: Visit, redis: Redis
) -> None:
    commit(redis, began(redis, "r1", state="ready", conference="sales-1"))
    person = visit("viewer")
    assert "copy of a recording" not in person.get("/attention").text
    Recordings(redis).change("r1", archive_error="the disk is full")
    page = person.get("/attention").text
    assert "copy of a recording" in page
    assert "the disk is full" in page
    assert "/recordings/one?id=r1" in page
    call = {"verb": "archive", "params": {"recording": {"id": "r1"}}}
    give_up(redis, "sales-1", **call)
    assert "copy of a recording" not in person.get("/attention").text
    redis.delete(keys.GIVEN_UP)
    Recordings(redis).change("r1", archive_error="", archived_to="file:///x/r1")
    assert "Nothing needs you." in person.get("/attention").text
