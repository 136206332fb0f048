"""What the admin API shows and does, against a real Valkey."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from redis import Redis

from app.domain.conference import Conference, Member, Past, Timer
from app.domain.operator import Operator
from app.domain.recording import RecordingChange
from app.factory import create_app
from app.operators.audit import Audit, Sought
from app.operators.tokens import Tokens
from app.store import keys
from app.store.commit import journal_line
from app.store.inbox import Inbox
from app.store.questions import ask as question
from tests.app.api.test_access import KEY, client
from tests.app.builders import settings
from tests.app.store.test_recordings import commit
from tests.workers.conference.test_outbox import call
from workers.questions import answer_questions
from workers.rules.load import load

__all__ = ["client"]  # the fixture

NUMBER = "+14155550100"
Ask = Callable[..., Any]


@pytest.fixture
def ask(client: FlaskClient, redis: Redis) -> Ask:
    """Asks with a token of a scope; the JSON, after its status was looked at."""
    made: dict[str, str] = {}

    def send(method: str, path: str, status: int = 200, scope: str = "act", **more: Any) -> Any:
        if scope not in made:
            made[scope] = Tokens(redis).new(Operator("anna", "cli"), f"my {scope}", scope)[1]
        headers = {"Authorization": f"Bearer {made[scope]}", **more.pop("headers", {})}
        answer = client.open(f"/api/v1{path}", method=method, headers=headers, **more)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    return send


def keep(redis: Redis, name: str, at: float, **changes: Any) -> str:
    key = keys.conference_key(name)
    state = Conference(name, live=True, started_at=at, **changes)
    redis.set(keys.conference(key), state.to_json())
    redis.hset(keys.NAMES, key, name)
    redis.zadd(keys.KNOWN, {key: at})
    if state.live:
        redis.zadd(keys.LIVE, {key: at})
    return key


def events(redis: Redis) -> list[Any]:
    return [json.loads(row.partition(b" ")[2]) for row in redis.lrange(keys.inbox(KEY), 0, -1)]


@pytest.mark.parametrize(
    ("q", "by_read"), [(NUMBER, True), ("0100", True), ("1415555010", False), ("50100", False)]
)
def test_who_may_only_read_finds_no_number_by_its_parts(
    ask: Ask, redis: Redis, q: str, by_read: bool
) -> None:
    key = keep(redis, "room", 100.0)
    event = {"id": "evt-1", "kind": "member.entered", "data": {"from": NUMBER}}
    redis.rpush(keys.journal(key), journal_line("room", 100.0, "event", event=event))
    now = time.time()
    known = {"state": "ready", "conference": "room", "members": [{"id": "7", "from": NUMBER}]}
    commit(redis, RecordingChange("r1", known | {"started_at": now}, {"heard_at": now}))
    for path, kind in (("conferences", "key"), ("recordings", "id")):
        asked = f"/{path}?{urlencode({'q': q})}"
        found = [one[kind] for one in ask("GET", asked, scope="read")[path]]
        known_by = {"conferences": key, "recordings": "r1"}[path]
        assert found == ([known_by] if by_read else []), path
        assert [one[kind] for one in ask("GET", asked)[path]] == [known_by]


def test_lists_tell_when_one_was_heard_of_and_not_who_was_there(ask: Ask, redis: Redis) -> None:
    key = keep(redis, "room", 100.0)
    redis.zadd(keys.KNOWN, {key: 160.0})
    [told] = ask("GET", "/conferences")["conferences"]
    assert (told["started_at"], told["last_at"]) == (100.0, 160.0)
    now = time.time()
    known = {"state": "ready", "conference": "room", "members": [{"id": "7", "from": NUMBER}]}
    commit(redis, RecordingChange("r1", known | {"started_at": now}, {"heard_at": now}))
    [one] = ask("GET", "/recordings")["recordings"]
    assert "members" not in one
    assert [who["id"] for who in ask("GET", "/recordings/r1")["members"]] == ["7"]


def test_conferences_are_listed_in_pages_newest_first(ask: Ask, redis: Redis) -> None:
    for number in range(7):
        keep(redis, f"room {number}", 100.0 + number // 3)  # several began at once
    names, cursor = [], ""
    while True:
        page = ask("GET", f"/conferences?limit=2&cursor={cursor}")
        names += [one["name"] for one in page["conferences"]]
        if not (cursor := page["next"]):
            break
    assert sorted(names) == [f"room {number}" for number in range(7)]
    assert names[0] == "room 6"
    assert [c["name"] for c in ask("GET", "/conferences?q=ROOM+3")["conferences"]] == ["room 3"]


def test_what_one_has_already_is_not_sent_again(client: FlaskClient, redis: Redis) -> None:
    keep(redis, "room", 1.0)
    secret = Tokens(redis).new(Operator("anna", "cli"), "tag", "read")[1]
    bearer = {"Authorization": f"Bearer {secret}"}
    first = client.get("/api/v1/conferences", headers=bearer)
    tag = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/api/v1/conferences", headers=bearer | tag)
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/api/v1/conferences", headers=tag).status_code == 401
    keep(redis, "other", 2.0)
    assert client.get("/api/v1/conferences", headers=bearer | tag).status_code == 200


def test_ended_ones_are_listed_apart(ask: Ask, redis: Redis) -> None:
    keep(redis, "live", 5.0)
    key = keep(redis, "over", 4.0)
    over = Conference("over", past=(Past(1, "u", 1.0, 3.0),))
    redis.set(keys.conference(key), over.to_json())
    (ended,) = ask("GET", "/conferences?state=ended")["conferences"]
    assert (ended["name"], ended["live"], ended["ended_at"]) == ("over", False, 3.0)


def test_one_is_told_with_members_and_timers_and_silences(ask: Ask, redis: Redis) -> None:
    member = Member("1", {"id": "1", "from": NUMBER, "call_uuid": "4155550100-x"}, 1.0)
    timers = {"1.a": Timer("1.a", 90.0, "conference.elapsed", "r1"), "1.b": Timer("1.b", 8.0, "x")}
    keep(redis, "sales-1", 5.0, members={"1": member}, timers=timers, uuid="u-1", limit=60.0)
    ask("POST", "/silences", 201, json={"rule": "Mute", "for": "1h", "reason": "choir"})
    found = ask("GET", f"/conferences/{KEY}")
    assert (found["name"], found["live"], found["limit_at"]) == ("sales-1", True, 65.0)
    assert found["members"][0]["from"] == "…0100"
    assert [(one["due"], one["rule"]) for one in found["timers"]] == [(8.0, ""), (90.0, "Mute")]
    assert [one["reason"] for one in found["silences"]] == ["choir"]


def numbered(redis: Redis) -> tuple[str, ...]:
    """Addresses that tell of a member's number."""
    member = Member("1", {"id": "1", "from": NUMBER, "call_uuid": "4155550100"}, 1.0)
    keep(redis, "sales-1", 5.0, members={"1": member})
    event = {"id": "evt-1", "kind": "member.entered", "uuid": "u", "data": {"from": NUMBER}}
    redis.rpush(keys.journal(KEY), journal_line("sales-1", 1.0, "event", event=event))
    return f"/conferences/{KEY}", f"/conferences/{KEY}/story"


@pytest.mark.parametrize("scope", ["read", "act", "admin"])
def test_telephone_numbers_are_masked_for_who_does_not_ask(
    ask: Ask, redis: Redis, scope: str
) -> None:
    for path in numbered(redis):
        for query in ("", "?numbers=masked"):
            shown = json.dumps(ask("GET", path + query, scope=scope), ensure_ascii=False)
            assert "415555" not in shown.replace('"call_uuid": "4155550100"', "")
            assert "…0100" in shown


def test_who_asks_for_numbers_sees_them_and_is_in_the_audit(
    client: FlaskClient, ask: Ask, redis: Redis
) -> None:
    secret = Tokens(redis).new(Operator("anna", "cli"), "pager", "act")[1]
    bearer = {"Authorization": f"Bearer {secret}"}
    for path in numbered(redis):
        answer = client.get(f"/api/v1{path}?numbers=shown", headers=bearer)
        assert NUMBER in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers
        masked = client.get(f"/api/v1{path}", headers=bearer)
        tag = {"If-None-Match": masked.headers["ETag"]}
        assert client.get(f"/api/v1{path}", headers=bearer | tag).status_code == 304
        again = client.get(f"/api/v1{path}?numbers=shown", headers=bearer | tag)
        assert (again.status_code, NUMBER in again.text) == (200, True)
    entries = ask("GET", "/audit?verb=number.show", scope="admin")["entries"]
    assert {(one["who"], one["how"], one["conference"]) for one in entries} == {
        ("pager", "api", "sales-1")
    }
    assert len(entries) == 4
    assert NUMBER not in str(redis.xrange(keys.AUDIT))


@pytest.mark.parametrize(("query", "status"), [("numbers=shown", 403), ("numbers=all", 400)])
def test_who_may_only_read_can_not_ask_for_numbers(
    ask: Ask, redis: Redis, query: str, status: int
) -> None:
    for path in numbered(redis):
        assert NUMBER not in json.dumps(ask("GET", f"{path}?{query}", status, scope="read"))
    assert ask("GET", "/audit?verb=number.show", scope="admin")["entries"] == []


def test_where_numbers_are_shown_who_may_act_need_not_ask(
    redis: Redis, publish: Callable[..., None]
) -> None:
    publish()
    client = create_app(settings(numbers="shown"), Inbox(redis)).test_client()
    for path in numbered(redis):
        tags = set()
        for scope, whole in (("read", False), ("act", True)):
            secret = Tokens(redis).new(Operator("anna", "cli"), f"{scope} {path}", scope)[1]
            bearer = {"Authorization": f"Bearer {secret}"}
            answer = client.get(f"/api/v1{path}", headers=bearer)
            assert (NUMBER in answer.text) == whole
            tags.add(answer.headers["ETag"])
        assert len(tags) == 2


def test_a_story_is_followed_by_the_id_of_its_last_entry(ask: Ask, redis: Redis) -> None:
    def add(*numbers: int) -> None:
        lines = [journal_line("sales-1", number, "note", text=str(number)) for number in numbers]
        redis.rpush(keys.journal(KEY), *lines)

    path = f"/conferences/{KEY}/story"
    assert ask("GET", path) == {"entries": [], "next": "", "more": False, "gap": False}
    add(1, 2, 3)
    first = ask("GET", f"{path}?limit=2")
    assert ([e["text"] for e in first["entries"]], first["more"]) == (["1", "2"], True)
    second = ask("GET", f"{path}?after={first['next']}")
    assert ([e["text"] for e in second["entries"]], second["more"]) == (["3"], False)
    assert ask("GET", f"{path}?after={second['next']}")["entries"] == []
    add(4)
    assert [e["text"] for e in ask("GET", f"{path}?after={second['next']}")["entries"]] == ["4"]
    redis.ltrim(keys.journal(KEY), -1, -1)
    lost = ask("GET", f"{path}?after={first['next']}")
    assert ([e["text"] for e in lost["entries"]], lost["gap"]) == (["4"], True)


def test_an_action_is_an_event_that_says_who_and_why(ask: Ask, redis: Redis) -> None:
    body = {"do": {"mute": "all"}, "reason": "loud", "instance": "u-1"}
    asked = ask("POST", f"/conferences/{KEY}/actions", 202, json=body)
    (event,) = events(redis)
    assert (event["kind"], event["id"], event["uuid"]) == ("operator.acted", asked["id"], "u-1")
    assert event["data"] == {
        "do": {"mute": "all"},
        "operator": "my act",
        "how": "api",
        "asked": "mute everyone",
        "reason": "loud",
    }
    told = ask("GET", asked["href"].removeprefix("/api/v1"))
    assert (told["state"], told["entries"]) == ("waiting", [])
    (entry, *_) = ask("GET", "/audit", scope="admin")["entries"]
    assert (entry["who"], entry["how"], entry["event"]) == ("anna", "cli", "")
    (entry,) = ask("GET", "/audit?verb=act", scope="admin")["entries"]
    assert (entry["who"], entry["how"], entry["event"]) == ("my act", "api", asked["id"])
    assert entry["address"] == "127.0.0.1"


def test_an_idempotency_key_makes_a_double_click_one(ask: Ask, redis: Redis) -> None:
    path, headers = f"/conferences/{KEY}/actions", {"Idempotency-Key": "k-1"}
    ids = {
        ask("POST", path, 202, json={"do": {"mute": "all"}}, headers=headers)["id"]
        for _ in range(2)
    }
    assert len(ids) == len(events(redis)) == 1
    ask("POST", path, 400, json={"do": {"unmute": "all"}}, headers=headers)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "do: "),
        ({"do": None}, "do: "),
        ({"do": {}}, "do: must be one step"),
        ({"do": []}, "do: must be one step"),
        ({"do": ""}, "do: must be one step"),
        ({"do": {"mut": "all"}}, "did you mean 'mute'?"),
        ({"do": {"webhook": {"url": "http://169.254.169.254"}}}, "no action 'webhook' by hand"),
        ({"do": {"mute": "x" * 20_000}}, "at most 16384"),
        ({"do": {"mute": "all"}, "rule": "x"}, "rule: Unknown field"),
        ({"do": {"mute": "all"}, "reason": 7}, "reason: "),
        ({"do": {"mute": "all"}, "reason": "x" * 501}, "reason: "),
        ({"do": {"mute": "\ud800"}}, "UTF-8"),
    ],
)
def test_an_action_that_can_be_none_is_refused(
    ask: Ask, redis: Redis, body: dict[str, Any], said: str
) -> None:
    answer = ask("POST", f"/conferences/{KEY}/actions", 400, data=json.dumps(body))
    assert said in answer["detail"]
    assert events(redis) == []


def test_what_went_out_as_one_with_others_is_told(ask: Ask, redis: Redis) -> None:
    def write(kind: str, **fields: Any) -> None:
        redis.rpush(keys.journal(KEY), journal_line("sales-1", 1.0, kind, **fields))

    write("run", event="evt-2", rule="by hand (a)", outcome="applied", reason="", steps=["mute"])
    call = {"event": "evt-1", "call": "c", "verb": "mute", "status": "failed", "error": "400"}
    write("call", **call, **{"with": ["evt-2"]})
    found = ask("GET", f"/conferences/{KEY}/actions/evt-2")
    assert (found["state"], found["reason"]) == ("failed", "400")


def test_what_became_of_an_action_is_told(ask: Ask, redis: Redis) -> None:
    def write(kind: str, **fields: Any) -> None:
        redis.rpush(keys.journal(KEY), journal_line("sales-1", 1.0, kind, **fields))

    path = f"/conferences/{KEY}/actions/evt-1"
    ask("GET", path, 404)
    write("event", event={"id": "evt-1", "kind": "operator.acted", "uuid": "", "data": {}})
    write("run", event="evt-1", rule="by hand (a)", outcome="applied", reason="", steps=["mute"])
    write("call", event="evt-1", call="c", verb="mute", status="retry", error="503")
    assert ask("GET", path)["state"] == "done"
    outbox = {"entries": [[call("mute", "1", event="evt-1").to_json_dict(), 1]], "sent_at": 1}
    redis.set(keys.outbox(KEY), json.dumps(outbox))
    assert ask("GET", path)["state"] == "under_way"
    redis.delete(keys.outbox(KEY))
    write("call", event="evt-1", call="c", verb="mute", status="failed", error="400")
    found = ask("GET", path)
    assert (found["state"], found["reason"], len(found["entries"])) == ("failed", "400", 4)


def test_silences_are_made_listed_and_ended(ask: Ask) -> None:
    good = {"rule": "Mute", "for": "1h", "reason": "x"}
    for wrong in ({"every_rule": True}, {"rule": ""}, {"rule": "Mutt"}, {"for": "8d"}, {"for": 1}):
        ask("POST", "/silences", 400, json=good | wrong)
    ask("POST", "/silences", 400, json={"rule": "Mute", "for": "1h"})
    body = {"every_rule": True, "conference": "a <script>", "for": "90s", "reason": "<b>"}
    made = ask("POST", "/silences", 201, json=body)
    assert made["until"] - made["made_at"] == pytest.approx(90.0)
    assert ask("GET", "/silences", scope="read")["silences"] == [made]
    ask("DELETE", f"/silences/{made['id']}?reason=over", 204)
    ask("DELETE", f"/silences/{made['id']}", 404)
    entries = ask("GET", "/audit", scope="admin")["entries"]
    told = [(one["verb"], one["reason"]) for one in entries if one["how"] == "api"]
    assert told == [("unsilence", "over"), ("silence", "<b>")]


def given_up(redis: Redis, *ids: str) -> None:
    for id in ids:
        stored = call("mute", "1", id=id, conference="sales-1").to_json_dict()
        redis.rpush(keys.GIVEN_UP, json.dumps({"call": stored, "at": 5.0, "error": "503"}))


def test_calls_are_made_again_by_what_was_seen(ask: Ask, redis: Redis) -> None:
    given_up(redis, "c1", "c2", "c3", "c4")
    event = {"event": {"id": "evt-9", "kind": "x"}, "error": "a\nb"}
    state = {"row": "state", "conference": "sales-1", "raw": "?", "at": 4.5, "error": "b"}
    redis.rpush(keys.DEAD, json.dumps(event), json.dumps(state), "{")
    seen = ask("GET", "/attention", scope="read")
    assert [one["id"] for one in seen["calls"]] == ["c1", "c2", "c3", "c4"]
    assert [(one["what"], one["error"]) for one in seen["set_aside"]] == [
        ("event", "b"),
        ("state", "b"),
        ("row", "it can not be read"),
    ]
    for wrong in ({}, {"all": True}, {"calls": ["c1"], "all": True, "expect": 1}):
        ask("POST", "/attention/retry", 400, json=wrong)
    ask("POST", "/attention/retry", 409, json={"all": True, "expect": 3})
    asked = ask("POST", "/attention/retry", 202, json={"calls": ["c2", "x"], "reason": "well"})
    assert ([one["call"] for one in asked["asked"]], asked["missing"]) == (["c2"], ["x"])
    ask("POST", "/attention/retry", 202, json={"all": True, "expect": 3})
    assert ask("GET", "/attention")["calls"] == []
    assert [event["kind"] for event in events(redis)] == ["call.retry"] * 4


def test_what_nobody_needs_is_dropped(ask: Ask, redis: Redis) -> None:
    given_up(redis, "c1", "c2")
    redis.rpush(keys.DEAD, json.dumps({"event": {"id": "evt-9"}, "error": "x"}), b"\xff{")
    damaged = ask("GET", "/attention")["set_aside"][1]["id"]
    ask("POST", "/attention/drop", 400, json={"ids": ["c1"]})
    ask("POST", "/attention/drop", 400, json={"ids": [], "reason": "x"})
    told = ask("POST", "/attention/drop", json={"ids": ["c1", damaged, "x"], "reason": "left"})
    assert (told["dropped"], told["missing"]) == (sorted(["c1", damaged]), ["x"])
    left = ask("GET", "/attention")
    assert [one["id"] for one in left["calls"]] == ["c2"]
    assert [one["event"] for one in left["set_aside"]] == ["evt-9"]
    entries = ask("GET", "/audit?verb=drop", scope="admin")["entries"]
    assert [(one["who"], one["reason"]) for one in entries] == [("my act", "left")] * 2
    assert events(redis) == []


HOSTILE = [
    *("\ud800", "\x00", "\u202e", "\x1b[2J", "<script>alert(1)</script>", "{{ 7 * 7 }}"),
    *("é" * 400, "__class__", "💣"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_makes_it_fail(client: FlaskClient, redis: Redis, text: str) -> None:
    secret = Tokens(redis).new(Operator("anna", "cli"), "a", "admin")[1]
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1/conferences/{KEY}/actions"
    bodies: list[tuple[str, Any]] = [
        (path, {"do": {text: "all"}}),
        (path, {"do": text}),
        (path, {"do": {"mute": text}}),
        (path, {"do": {"speak": {"to": "all", "text": text}}, "reason": text}),
        (path, {"do": {"mute": "all"}, "instance": text}),
        (path, {"do": {"mute": "all"}, text: text}),
        ("/api/v1/silences", {"rule": text, "for": "1h", "reason": "x"}),
        ("/api/v1/silences", {"every_rule": True, "conference": text, "for": text, "reason": text}),
        ("/api/v1/silences", {"every_rule": True, "conference": text, "for": "1h", "reason": text}),
        ("/api/v1/attention/retry", {"calls": [text], "reason": text}),
        ("/api/v1/attention/retry", {"conference": text, "expect": text}),
        ("/api/v1/attention/drop", {"ids": [text], "reason": text}),
    ]
    for address, body in bodies:
        answer = client.post(address, data=json.dumps(body), headers=headers)
        assert answer.status_code in (200, 201, 202, 400), (address, body, answer.data)
    asked = {"q": text, "cursor": text, "limit": text, "after": text, "who": text, "verb": text}
    query = urlencode(asked, errors="surrogatepass")
    for address in ("conferences", f"conferences/{KEY}/story", "audit", "silences", "attention"):
        assert client.get(f"/api/v1/{address}?{query}", headers=headers).status_code in (200, 400)


@pytest.mark.parametrize("place", ["nan k", "inf k", "-inf k", "1e999 k", " ", "1", "1 \x00"])
def test_a_cursor_that_is_none(ask: Ask, place: str) -> None:
    cursor = urlsafe_b64encode(place.encode()).decode()
    ask("GET", f"/conferences?cursor={cursor}", 200 if place in ("1", "1 \x00") else 400)


def test_the_webhooks_of_a_conference_are_no_conference(ask: Ask, redis: Redis) -> None:
    redis.hset(keys.NAMES, KEY + keys.WEB, "sales-1")
    ask("GET", f"/conferences/{KEY}{keys.WEB}", 404)


@pytest.mark.parametrize("body", [b"", b"[]", b"nul", b'{"do":', b"\xff", b"[" * 9000])
@pytest.mark.parametrize("path", [f"/conferences/{KEY}/actions", "/silences", "/attention/retry"])
def test_bodies_that_are_none(ask: Ask, path: str, body: bytes) -> None:
    assert "the body" in ask("POST", path, 400, data=body)["detail"]


def test_recordings_are_listed_and_told(ask: Ask, redis: Redis) -> None:
    members = [{"id": "7", "from": NUMBER}]
    for number in range(3):
        known = {"state": "ready", "conference": "a", "started_at": 100.0 + time.time() + number}
        told = {"members": members, "transcript": f"call {NUMBER}", "transcript_state": "ready"}
        commit(redis, RecordingChange(f"r/{number}", known | told), conference="a")
    first = ask("GET", "/recordings?limit=2&state=not_archived&conference=a&from=2020-01-01")
    assert [one["id"] for one in first["recordings"]] == ["r/2", "r/1"]
    rest = ask("GET", f"/recordings?{urlencode({'cursor': first['next']})}")
    assert [one["id"] for one in rest["recordings"]] == ["r/0"]
    assert (rest["next"], rest["recordings"][0]["transcript"]) == ("", None)
    whole = ask("GET", "/recordings/r/1?numbers=shown")
    assert (whole["members"], whole["transcript"]) == (members, f"call {NUMBER}")
    seen = ask("GET", "/recordings/r/1", scope="read")
    assert (seen["members"][0]["from"], seen["transcript"]) == ("…0100", "call …0100")
    assert ask("GET", "/recordings?state=missing")["recordings"] == []
    assert ask("GET", "/recordings?to=2020-01-01")["recordings"] == []
    by_number = ask("GET", f"/recordings?{urlencode({'q': NUMBER, 'limit': '1'})}")
    assert [one["id"] for one in by_number["recordings"]] == ["r/2"]
    for path, status in (("/nope", 404), ("?state=x", 400), ("?cursor=x", 400), ("?to=x", 400)):
        ask("GET", f"/recordings{path}", status)


def test_a_recording_is_copied_again_where_the_rules_say(ask: Ask, redis: Redis) -> None:
    known = {
        "state": "ready",
        "conference": "a",
        "started_at": time.time(),
        "archive_error": "full",
    }
    commit(redis, RecordingChange("r/1", known), conference="a")
    made = ask("POST", "/recordings/r/1/archive", 202, json={"reason": "there is room again"})
    assert made == {"id": made["id"], "state": "waiting", "href": f"/api/v1/copies/{made['id']}"}
    where = made["href"].removeprefix("/api/v1")
    assert ask("GET", where)["state"] == "waiting"
    rule = {"name": "Keep", "when": "recording.ready"}
    step = {"archive": {"to": "s3://acme/{{ recording.id }}"}}
    rules = load(json.dumps({"version": 1, "rules": [{**rule, "do": [step]}]}), "")
    answer_questions(redis, rules, "")
    copy = {"id": "r/1", "to": "s3://acme/r%2F1", "state": "asked", "why": ""}
    assert ask("GET", where) == {"id": made["id"], "state": "answered", "copies": [copy]}
    [entry], _ = Audit(redis).entries(Sought(verb="archive"))
    assert (entry.how, entry.reason) == ("api", "there is room again")
    ask("POST", "/recordings/nope/archive", 404, json={})
    ask("POST", "/recordings/r/1/archive", 403, json={}, scope="read")
    assert "to" in ask("POST", "/recordings/r/1/archive", 400, json={"to": "s3://x/y"})["detail"]
    explained = question(redis, {"event": "member.entered"})
    for id in ("nope", explained):
        ask("GET", f"/copies/{id}", 404)
