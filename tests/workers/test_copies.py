"""Copies that people wish for: where the rules say, through a worker, once."""

import json
import time
from typing import Any

import pytest
from redis import Redis

from app.domain.operator import Operator
from app.domain.recording import RecordingChange
from app.errors import Unusable
from app.operators.attention import given_up
from app.operators.audit import Audit
from app.operators.copies.asking import CopyAsked, wish, wished
from app.store import keys
from tests.app.store.test_recordings import commit
from workers.questions import answer_questions
from workers.rules.load import load

ANNA = Operator("anna", "console", "127.0.0.1")
TO = "s3://acme/{{ conference.name }}/{{ recording.id }}.{{ recording.format }}"
THERE = "s3://acme/sales-1/r1.mp3"


def rules(*steps: Any, **more: Any) -> str:
    rule = {"name": "Keep", "when": "recording.ready", "do": list(steps), **more}
    return json.dumps({"version": 1, "rules": [rule]})


def archive(to: str = TO) -> dict[str, Any]:
    return {"archive": {"to": to}}


def recorded(redis: Redis, id: str = "r1", **more: Any) -> None:
    known = {"state": "ready", "url": "https://media.plivo.com/r.mp3", "format": "mp3", **more}
    change = RecordingChange(id, known | {"conference": "sales-1", "started_at": time.time()})
    commit(redis, change)
    redis.delete(keys.inbox(keys.conference_key("sales-1")))


def asked(redis: Redis, text: str, *ids: str) -> list[CopyAsked]:
    id = wish(redis, ids or ("r1",), ANNA, "the bucket is there now")
    assert wished(redis, id) == (list(ids or ("r1",)), None)
    answer_questions(redis, load(text, ""), "")
    found = wished(redis, id)[1]
    assert found is not None
    return list(found)


def unit(redis: Redis, to: str = THERE) -> list[Any]:
    """The calls that wait for a process that copies."""
    key = keys.copy_of(keys.conference_key("sales-1"), "r1", to)
    rows: Any = redis.lrange(keys.inbox(key), 0, -1)
    return [json.loads(row.partition(b" ")[2]) for row in rows]


def test_it_is_copied_where_the_rules_say(redis: Redis) -> None:
    recorded(redis, archive_error="no such bucket")
    nested = {
        "choose": [{"if": "true", "do": [archive()]}],
        "else": [archive("file:///a/{{ recording.id }}")],
    }
    assert asked(redis, rules(nested, archive())) == [
        CopyAsked("r1", THERE, "asked"),
        CopyAsked("r1", "file:///a/r1", "asked"),
    ]
    [call] = unit(redis)
    assert (call["verb"], call["params"]["to"]) == ("archive", THERE)
    assert call["params"]["recording"]["url"] == "https://media.plivo.com/r.mp3"
    entries, _ = Audit(redis).entries()
    assert {one.object for one in entries} == {f"r1: {THERE}", "r1: file:///a/r1"}
    assert {(one.who, one.how, one.verb, one.reason) for one in entries} == {
        ("anna", "console", "archive", "the bucket is there now")
    }


def test_twice_is_once(redis: Redis) -> None:
    recorded(redis)
    assert [one.state for one in asked(redis, rules(archive()))] == ["asked"]
    assert [one.state for one in asked(redis, rules(archive()))] == ["under_way"]
    assert len(unit(redis)) == len(Audit(redis).entries()[0]) == 1


@pytest.mark.parametrize(
    "text",
    [
        rules("record"),
        rules(archive(), enabled=False),
        rules(archive(), dry_run=True),
        rules(archive(), match={"conference": "board-*"}),
    ],
)
def test_without_a_rule_that_copies_there_nothing_is_asked(redis: Redis, text: str) -> None:
    recorded(redis)
    [one] = asked(redis, text)
    assert one.state == "refused"
    assert one.why == "no rule copies recordings of the conference 'sales-1'"
    assert redis.llen("rq:queue:recordings") == 0


def test_what_can_not_be_copied_is_told_for_each(redis: Redis) -> None:
    recorded(redis, "r1", archived_to=THERE)
    recorded(redis, "r2", state="missing")
    recorded(redis, "r3", format="")
    found = {
        one.id: (one.state, one.why)
        for one in asked(redis, rules(archive()), "r1", "r2", "r3", "r4")
    }
    assert found["r1"] == ("copied", "")
    assert found["r2"] == ("refused", "its file is not there")
    assert found["r3"][0] == "refused"
    assert "recording.format" in found["r3"][1]
    assert found["r4"][0] == "refused"
    assert Audit(redis).entries()[0] == []


def test_one_that_was_given_up_is_made_again_as_any_call(redis: Redis) -> None:
    """So its run goes on, and it does not stay under Attention."""
    recorded(redis, archive_error="no such bucket")
    delete_at_plivo(redis)
    call = {
        **{"id": "run-1.0", "verb": "archive", "conference": "sales-1", "members": []},
        "params": {"to": THERE, "recording": {"id": "r1"}},
        **{"run": "run-1", "rule": "rul-1", "step": 0, "event": "evt-1", "at": 5.0},
        **{"expires_at": None, "on_error": "stop", "uuid": "u-1"},
    }
    redis.rpush(keys.GIVEN_UP, json.dumps({"call": call, "at": 6.0, "error": "no such bucket"}))
    assert asked(redis, rules(archive())) == [CopyAsked("r1", THERE, "asked")]
    assert [one.call["params"].get("part") for one in given_up(redis)] == ["delete"]
    rows: Any = redis.lrange(keys.inbox(keys.conference_key("sales-1")), 0, -1)
    assert [json.loads(row.partition(b" ")[2])["kind"] for row in rows] == ["call.retry"]
    assert unit(redis) == []


def delete_at_plivo(redis: Redis) -> None:
    """Given up, too; that is not asked for by asking for a copy."""
    params = {"to": THERE, "recording": {"id": "r1"}, "part": "delete"}
    call = {"id": "run-2.0", "verb": "archive", "conference": "sales-1", "params": params}
    redis.rpush(keys.GIVEN_UP, json.dumps({"call": call, "at": 6.0, "error": "503"}))


def test_so_many_at_once_and_not_none(redis: Redis) -> None:
    for ids in ([], [f"r{n}" for n in range(51)]):
        with pytest.raises(Unusable, match="1 to 50"):
            wish(redis, ids, ANNA)


def test_a_worker_that_failed_says_so(redis: Redis) -> None:
    recorded(redis)
    redis.rpush(keys.GIVEN_UP, "{")
    id = wish(redis, ["r1"], ANNA)
    with pytest.raises(ValueError, match="Expecting"):
        answer_questions(redis, load(rules(archive()), ""), "")
    found = wished(redis, id)[1]
    assert found is not None
    assert [(one.id, one.state) for one in found] == [("r1", "refused")]
    assert "log of the worker" in found[0].why
