"""The page Rules: how each fares, silences, the file, and questions that a worker answers."""

import html
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.store import keys
from app.store.commit import journal_line
from app.store.questions import MOST_WAITING, next_question, put_answer
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE, live
from workers.questions import answer_questions
from workers.rules.load import load

Visit = Callable[..., Person]
TEXT = """
version: 1
lists:
  hosts: ["+14155550100"]
rules:
  - name: Everyone joins muted
    when: member.entered
    match: {conference: "board-*"}
    do:
      - mute: member
"""


@pytest.fixture(autouse=True)
def rules(publish: Callable[..., None], visit: Visit, redis: Redis) -> None:
    """After `visit`, which publishes rules of its own."""
    about = {"line": 6, "when": ["member.entered"], "conferences": ["board-*"], "enabled": True}
    publish(
        rules={"r1": "Everyone joins muted", "r2": "Never asked"},
        about={"r1": about | {"dry_run": False}},
        words={"member.entered": "{who} entered"},
        digest="d1g3st",
    )
    redis.set(keys.RULES_TEXT, TEXT)


def test_each_rule_tells_when_it_was_asked_did_something_and_was_kept_from_it(
    visit: Visit, redis: Redis
) -> None:
    now = time.time()
    rule = "Everyone joins muted"
    event = {"id": "evt-2", "kind": "member.entered", "uuid": "u", "data": {}}
    why = [{"reason": "conference.name is 'x', not board-*", "rules": [rule]}]
    live(
        redis,
        "room",
        journal_line("room", now - 7200, "run", rule=rule, outcome="applied", event="evt-1"),
        journal_line("room", now - 180, "event", event=event, ran=0, skipped=why),
    )
    page = visit("viewer").get("/rules").text
    row = page.partition('id="rule-r1"')[2].partition("</tr>")[0]
    for part in ("3m ago", "2h ago", "(1 \u00d7)", "conference.name is &#39;x&#39;, not board-*"):
        assert part in row
    assert page.partition('id="rule-r2"')[2].partition("</tr>")[0].count("never") == 3
    assert "d1g3st" in page


def test_the_file_is_shown_without_numbers_and_with_what_is_wrong(
    visit: Visit, redis: Redis
) -> None:
    redis.set(keys.RULES_BROKEN, "rules.yaml:3:1: unknown key `muet`")
    page = visit("viewer").get("/rules").text
    assert 'id="line-6"' in page
    assert "…0100" in page
    assert "+14155550100" not in page
    assert "unknown key" in page


def test_a_rule_is_made_dry_everywhere_once_and_that_is_ended(visit: Visit, redis: Redis) -> None:
    operator, viewer = visit("operator"), visit("viewer")
    wish = {
        "rule": "Everyone joins muted",
        "for": "1h",
        "mode": "dry_run",
        "reason": "is it right?",
    }
    assert viewer.post("/rules/silences", wish | {"token": viewer.token()}).status_code == 403
    form = wish | {"token": operator.token(), "once": "n"}
    for _ in range(2):
        assert operator.post("/rules/silences", form).status_code == 303
    stored: Any = redis.hgetall(keys.SILENCES)
    made = json.loads(next(iter(stored.values())))
    assert len(stored) == 1
    assert (made["rule"], made["conference"], made["mode"]) == (wish["rule"], "", "dry_run")
    page = operator.get("/rules").text
    assert "dry run" in page.partition('id="rule-r1"')[2].partition("</tr>")[0]
    end = f"/rules/silences/{made['id']}/end"
    assert viewer.post(end, {"token": viewer.token()}).status_code == 403
    assert operator.post(end, {"token": operator.token()}).status_code == 303
    assert redis.hlen(keys.SILENCES) == 0
    assert operator.post(end, {"token": operator.token()}).status_code == 409


def test_what_has_ended_is_told_for_a_day(visit: Visit, redis: Redis) -> None:
    now = time.time()
    row = {"id": "sil-1", "rule": "Never asked", "conference": "", "until": now - 300}
    row |= {"reason": "noise", "who": "anna", "how": "cli", "made_at": now - 900}
    redis.hset(keys.SILENCES, "sil-1", json.dumps(row))
    assert "ended 5m ago, by anna: noise" in visit("viewer").get("/rules").text


def test_a_worker_explains_an_event_in_the_words_of_gavel_explain(
    visit: Visit, redis: Redis
) -> None:
    person = visit("viewer")
    wish = {"token": person.token(), "event": "member.entered", "member_id": "7", "from": "+1415"}
    answers = {}
    for conference in ("board-1", "room"):
        asked = person.post("/rules/try", wish | {"conference": conference})
        assert "A worker is asked" in person.get(asked.headers["Location"]).text
        answer_questions(redis, load(TEXT, "rules.yaml"), "http://gavel.example")
        answers[conference] = person.get(asked.headers["Location"]).text
    assert "+ Everyone joins muted (line 6) applies" in answers["board-1"]
    assert "/Conference/board-1/Member/7/Mute/" in answers["board-1"]
    assert "conference.name is &#39;room&#39;, not board-*" in answers["room"]


def test_an_event_that_happened_is_explained_by_its_id(visit: Visit, redis: Redis) -> None:
    event = {"id": "evt-7", "kind": "member.entered", "uuid": "u", "data": {"member_id": "1"}}
    live(redis, "board-2", journal_line("board-2", time.time(), "event", event=event))
    person = visit("viewer")
    fields = {"token": person.token(), "event": "evt-7"}
    asked = person.post("/rules/try", fields).headers["Location"]
    answer_questions(redis, load(TEXT, ""), "")
    assert "+ Everyone joins muted" in person.get(asked).text


def test_what_can_not_be_read_elsewhere_keeps_no_event_from_its_explanation(
    visit: Visit, redis: Redis
) -> None:
    event = {"id": "evt-7", "kind": "member.entered", "uuid": "u", "data": {"member_id": "1"}}
    damaged = event | {"id": "evt-8", "data": {"member_id": ["1"]}}
    again = event | {"id": "evt-9", "kind": "call.retry", "data": {"call": {"verb": "speak"}}}
    now = time.time()
    lines = [journal_line("board-2", now, "event", event=one) for one in (damaged, again, event)]
    live(redis, "board-2", *lines)
    person, said = visit("viewer"), {}
    for id in ("evt-7", "evt-8", "evt-9", "evt-none"):
        fields = {"token": person.token(), "event": id}
        asked = person.post("/rules/try", fields).headers["Location"]
        answer_questions(redis, load(TEXT, ""), "")
        said[id] = html.unescape(person.get(asked).text)
    assert "+ Everyone joins muted" in said["evt-7"]
    assert "evt-8 was written by another version, or damaged: record 1 can not be" in said["evt-8"]
    assert "call.retry" in said["evt-9"]
    assert "no journal has an event evt-none" in said["evt-none"]


@pytest.mark.parametrize(
    ("event", "conference", "said"),
    [
        ("member.enterd", "x", "did you mean &#39;member.entered&#39;"),
        ("member.entered", "", "say in which conference"),
        ("evt-none", "", "no journal has an event evt-none"),
        ("rules.yaml", "x", "is no kind of event"),
        (HOSTILE, HOSTILE, "is no kind of event"),
    ],
)
def test_a_question_that_can_not_be_answered_says_why(
    visit: Visit, redis: Redis, event: str, conference: str, said: str
) -> None:
    person = visit("viewer")
    fields = {"token": person.token(), "event": event, "conference": conference}
    asked = person.post("/rules/try", fields).headers["Location"]
    answer_questions(redis, load(TEXT, ""), "")
    page = person.get(asked).text
    assert said in page.replace("&#39;", "'").replace("'", "&#39;")
    assert "<img" not in page


def test_a_mistake_of_ours_is_an_answer_and_does_not_hold_up_the_next_question(
    visit: Visit, redis: Redis
) -> None:
    person = visit("viewer")
    fields = {"token": person.token(), "event": "evt-7", "conference": "board-1"}
    asked = person.post("/rules/try", fields).headers["Location"]
    redis.rpush(keys.journal(keys.conference_key("board-1")), "no json")
    with pytest.raises(ValueError, match="Expecting value"):
        answer_questions(redis, load(TEXT, ""), "")
    assert "could not be answered" in person.get(asked).text
    assert next_question(redis) is None


def test_questions_that_nobody_answers_are_bounded_and_forgotten(
    visit: Visit, redis: Redis
) -> None:
    person = visit("viewer")
    fields = {"token": person.token(), "event": "schedule"}
    told = [person.post("/rules/try", fields).status_code for _ in range(MOST_WAITING + 1)]
    assert told == [303] * MOST_WAITING + [503]
    found = next_question(redis)
    assert found is not None
    put_answer(redis, found[0], found[1], "an answer")
    for key in (keys.QUESTIONS, keys.answer(found[0])):
        assert 0 < redis.ttl(key) <= 900
    assert person.get("/rules/tried/none").status_code == 404
