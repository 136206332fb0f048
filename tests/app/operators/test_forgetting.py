"""A caller is forgotten: real stories and states, and afterwards the number is nowhere in Redis."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.domain.conference import Conference, Waiting
from app.domain.event import Event, new_id
from app.domain.operator import Operator
from app.domain.recording import RecordingChange
from app.operators.attention import given_up
from app.operators.audit import Audit, Sought
from app.operators.forgetting import Forgetting, Forgotten
from app.store import keys
from app.store.commit import Commit
from app.store.inbox import Identity, Inbox
from app.store.lease import Leases
from app.store.recordings import Recordings
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge
from tests.workers.builders import context_of, work_all

NUMBER, DIGITS = "+1 (415) 555-0177", "14155550177"
ANNA = Operator("anna", "cli", "host-1")
RULES = """
version: 1
rules:
  - name: Greet
    when: member.entered
    do:
      - speak: {to: all, text: "{{ member.caller_name }} calls from {{ member.from }}"}
      - wait: 1h
      - log: "{{ member.from }} has been here for an hour"
"""


@pytest.fixture
def edge() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


def told(redis: Redis, kind: str, conference: str, member: str, number: str, name: str) -> None:
    """A callback that was accepted."""
    data = {"member_id": member, "call_uuid": f"call-of-{name}"}
    if number:
        data |= {"from": number, "caller_name": name}
    event = Event(new_id(), kind, conference, 0.0, f"uuid-{conference}", data)
    Inbox(redis).accept(event, identities=[Identity(f"{kind} {conference} {member}", 3600)])


@pytest.fixture
def over(redis: Redis, edge: PlivoEdge, tmp_path: Path) -> Redis:
    """`board-1` is over: Olga and Paul were there, were greeted, and a run of each waits."""
    context = context_of(redis, edge.url, tmp_path, RULES)
    for member, number, name in (("7", DIGITS, "Olga"), ("8", "+442071838750", "Paul")):
        told(redis, "member.entered", "board-1", member, number, name)
        work_all(context)
    for member, name in (("7", "Olga"), ("8", "Paul")):
        told(redis, "member.exited", "board-1", member, "", name)
        work_all(context)
    ended = Event(new_id(), "conference.ended", "board-1", 0.0, "uuid-board-1", {})
    Inbox(redis).accept(ended, identities=[])
    work_all(context)
    assert redis.zcard(keys.LIVE) == 0
    return redis


def everything(redis: Redis) -> str:
    """All texts that Redis holds."""
    texts: list[Any] = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        if kind == b"string":
            texts.append(redis.get(key))
        elif kind == b"list":
            texts += redis.lrange(key, 0, -1)
        elif kind == b"hash":
            texts += [part for pair in redis.hgetall(key).items() for part in pair]
        elif kind == b"zset":
            texts += redis.zrange(key, 0, -1)
        elif kind == b"stream":
            texts += [part for _, fields in redis.xrange(key) for part in fields.values()]
    return "\n".join(text.decode("utf-8", "replace") for text in texts)


def forget(redis: Redis, *, dry: bool = False) -> Forgotten:
    return Forgetting(redis, NUMBER, dry=dry).run(ANNA, "asked by letter")


def test_afterwards_nothing_tells_of_the_person_and_all_else_is_as_it_was(over: Redis) -> None:
    before = everything(over)
    assert DIGITS in before
    assert "Olga" in before
    lives = {key: over.ttl(key) for key in over.scan_iter() if over.type(key) != b"stream"}
    found = forget(over)
    after = everything(over)
    assert DIGITS not in after
    assert "Olga" not in after
    assert after.count("442071838750") == before.count("442071838750")
    assert after.count("Paul") == before.count("Paul")
    assert (found.conferences, found.live) == (1, [])
    assert found.lines > 0
    assert found.callbacks > 0
    assert all(abs(over.ttl(key) - lives[key]) < 600 for key in over.scan_iter() if key in lives)
    [done, asked] = Audit(over).entries(Sought(verb="forget"))[0]
    assert (asked.outcome, done.reason, done.who) == ("accepted", "asked by letter", "anna")
    assert forget(over).nothing


def test_a_run_that_still_waits_loses_the_person_too(over: Redis) -> None:
    key = keys.conference(keys.conference_key("board-1"))
    state = Conference.from_json(over.get(key) or b"")
    fields = {"member": {"id": "7", "from": DIGITS, "caller_name": "Olga"}, "rule_name": "Greet"}
    state.waiting["run-1"] = Waiting("run-1", "r1", 1, "evt-1", 1.0, 1, "step", fields)
    over.set(key, state.to_json(), keepttl=True)
    assert forget(over).states == 1
    left = Conference.from_json(over.get(key) or b"").waiting["run-1"]
    assert left.fields["member"] == {"id": "7", "from": "forgotten", "caller_name": "forgotten"}
    assert left.fields["rule_name"] == "Greet"
    assert over.ttl(key) > 0


def test_a_dry_run_says_the_same_and_changes_nothing(over: Redis) -> None:
    before = everything(over)
    said = forget(over, dry=True)
    assert everything(over) == before
    assert forget(over) == said


def test_a_conference_that_goes_on_is_left_and_told(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, RULES)
    told(redis, "member.entered", "board-2", "7", DIGITS, "Olga")
    work_all(context)
    found = forget(redis)
    assert found.live == ["board-2"]
    story = redis.lrange(keys.journal(keys.conference_key("board-2")), 0, -1)
    assert DIGITS not in "".join(row.decode() for row in story)
    assert DIGITS in str(redis.get(keys.conference(keys.conference_key("board-2"))))


def test_a_conference_that_is_named_by_the_number_goes_whole(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path)
    name = f"call-{DIGITS}"
    told(redis, "member.entered", name, "7", "", "x")
    work_all(context)
    told(redis, "member.exited", name, "7", "", "x")
    work_all(context)
    ended = Event(new_id(), "conference.ended", name, 0.0, f"uuid-{name}", {})
    Inbox(redis).accept(ended, identities=[])
    work_all(context)
    assert forget(redis).conferences == 1
    assert DIGITS not in everything(redis)


def test_recordings_lose_the_member_and_the_words_and_are_told(over: Redis) -> None:
    Inbox(over).accept(Event(new_id(), "trigger", "board-1", 0.0), identities=[])
    lease = Leases(over).take(keys.conference_key("board-1"))
    assert lease is not None
    members = [{"id": "7", "from": DIGITS}, {"id": "8", "from": "+442071838750"}]
    known = {"conference": "board-1", "state": "ready", "transcript": f"my number is {DIGITS}"}
    change = RecordingChange("r1", known | {"archived_to": "file:///x/r1"}, {"members": members})
    lease.commit(Commit(decided=1, recordings=[change]), release=True)
    [one] = forget(over).recordings
    assert (one.id, one.archived_to) == ("r1", "file:///x/r1")
    left = Recordings(over).get("r1")
    assert left is not None
    assert left.members == [{"id": "7", "from": "forgotten"}, members[1]]
    assert left.transcript == "my number is forgotten"
    assert over.ttl(keys.transcript("r1")) > 0


def test_what_waits_for_a_person_can_still_be_asked_for_again(
    redis: Redis, edge: PlivoEdge, tmp_path: Path
) -> None:
    context = context_of(redis, edge.url, tmp_path, RULES)
    edge.answers(answer(400, {"error": "no"}))
    told(redis, "member.entered", "board-1", "7", DIGITS, "Olga")
    work_all(context)
    assert len(given_up(redis)) == 1
    assert forget(redis).waiting == 1
    [left] = given_up(redis)
    assert left.call["params"]["text"] == "forgotten calls from forgotten"


def test_what_can_not_be_forgotten_here_is_told(over: Redis) -> None:
    over.set(keys.RULES_TEXT, f"version: 1\nlists: {{hosts: ['+{DIGITS}']}}\nrules: []\n")
    entry = {"who": "paul", "how": "cli", "address": "", "object": "x", "verb": "act"}
    over.xadd(keys.AUDIT, {"entry": json.dumps(entry | {"reason": f"+{DIGITS} is loud"})})
    found = forget(over)
    assert (found.rules, found.audit) == (True, 1)
