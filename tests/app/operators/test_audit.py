"""The audit: append-only, in the step that accepts, bounded by time."""

import json

import pytest
from redis import Redis

from app.domain.operator import Operator
from app.errors import Unusable
from app.operators.acts import Act, act
from app.operators.attention import ask_again, given_up
from app.operators.audit import Audit, Entry, Sought
from app.operators.silences import Silences
from app.store import keys
from app.store.inbox import Inbox
from tests.workers.conference.test_outbox import call

ANNA = Operator("anna", "api", "10.0.0.7")


def test_an_act_and_its_entry_are_one_step_and_a_repeat_has_none(redis: Redis) -> None:
    wanted = Act("sales-1", {"mute": "all"}, "loud")
    id = act(Inbox(redis), wanted, ANNA, key="k1")
    assert act(Inbox(redis), wanted, ANNA, key="k1") == id
    ((entry,), _) = Audit(redis).entries()
    assert (entry.verb, entry.object, entry.conference) == ("act", "mute everyone", "sales-1")
    assert (entry.who, entry.how, entry.address) == ("anna", "api", "10.0.0.7")
    assert (entry.reason, entry.outcome, entry.event) == ("loud", "accepted", id)
    assert entry.at > 1_700_000_000
    assert redis.llen(keys.inbox(keys.conference_key("sales-1"))) == 1


def test_keys_of_others_are_others(redis: Redis) -> None:
    wanted = Act("sales-1", {"mute": "all"})
    ids = [act(Inbox(redis), wanted, Operator(who, "api"), key="k1") for who in ("anna", "ben")]
    assert len(set(ids)) == 2


def test_a_key_that_was_used_for_something_else_is_refused(redis: Redis) -> None:
    act(Inbox(redis), Act("sales-1", {"mute": "all"}), ANNA, key="k1")
    with pytest.raises(Unusable, match="used before"):
        act(Inbox(redis), Act("sales-1", {"unmute": "all"}), ANNA, key="k1")
    assert redis.xlen(keys.AUDIT) == 1


def test_a_call_that_is_asked_for_again_is_in_it_once(redis: Redis) -> None:
    row = json.dumps({"call": call(1).to_json_dict(), "at": 5.0, "error": "503"})
    redis.rpush(keys.GIVEN_UP, row)
    (one,) = given_up(redis)
    ids = {ask_again(redis, one, 100.0, ANNA, "API is back") for _ in range(2)}
    assert len(ids) == 1
    ((entry,), _) = Audit(redis).entries()
    assert (entry.verb, entry.reason, entry.event) == ("retry", "API is back", ids.pop())
    assert given_up(redis) == []


def test_it_is_read_in_pages_newest_first_and_by_who_and_verb(redis: Redis) -> None:
    for number in range(7):
        Silences(redis).add(Operator(f"p{number % 2}", "cli"), seconds=60.0, reason=str(number))
    first, before = Audit(redis).entries(limit=3)
    rest, end = Audit(redis).entries(before=before, limit=10)
    assert [one.reason for one in (*first, *rest)] == ["6", "5", "4", "3", "2", "1", "0"]
    assert end == ""
    found, _ = Audit(redis).entries(Sought(who="p1", verb="silence"))
    assert [one.reason for one in found] == ["5", "3", "1"]
    assert Audit(redis).entries(Sought(verb="act")) == ([], "")
    for bad in ("x", "1-", "-1", "1-2-3", "9" * 40, "+"):
        with pytest.raises(Unusable, match="before"):
            Audit(redis).entries(before=bad)


def test_a_time_bounds_it_from_then_on_and_before(redis: Redis) -> None:
    for at in (1_700_000_000_000, 1_700_000_000_500, 1_700_000_001_000, 1_700_000_002_000):
        row = Entry("anna", "cli", "", "act", str(at)).to_json()
        redis.xadd(keys.AUDIT, {"entry": row}, id=f"{at}-3")

    def found(since: str = "", until: str = "", before: str = "") -> list[str]:
        sought = Sought.of({"from": since, "to": until})
        return [one.object[-4:] for one in Audit(redis).entries(sought, before=before)[0]]

    begin = "2023-11-14T22:13:20"
    assert found() == ["2000", "1000", "0500", "0000"]
    assert found(since=f"{begin}.500") == ["2000", "1000", "0500"]
    assert found(until=f"{begin}.500") == ["0000"]
    assert found(since=f"{begin}.500", until="2023-11-14T22:13:22") == ["1000", "0500"]
    assert found(since="2023-11-14T23:13:21+01:00") == ["2000", "1000"]
    assert found(until=begin, before="1700000002000-3") == []
    for edge in ("1969-01-01", "1970-01-01T00:00:00", "9999-12-31T23:59", "0001-01-01"):
        assert len(found(since=edge)) + len(found(until=edge)) == 4
    for bad in ("yesterday", "12:00", "2026-13-01", "1700000000"):
        with pytest.raises(Unusable, match="from: write a time such as"):
            found(since=bad)


def test_what_no_script_writes_is_counted_as_well(redis: Redis) -> None:
    for _ in range(2):
        Audit(redis).note(Entry.by(ANNA, "sign_in", "viewer, by a link"))
    assert redis.hget(keys.METRICS, "gavel_operator_actions_total|sign_in") == b"2"
