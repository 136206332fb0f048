"""What the journal says of the rules that an event did not make run."""

import json
from dataclasses import replace
from typing import Any

from app.domain.conference import Conference
from app.domain.event import Event
from app.store.journal import unfold
from workers.rules.engine.candidates.not_meant import MOST_NOT_MEANT
from workers.rules.engine.decide import decide
from workers.rules.engine.run import MOST_TOLD, Decision
from workers.rules.load import load

MEMBER = {"member_id": "10", "from": "+14155550100"}
ENTERED = Event("evt-1", "member.entered", "demo", 1e9, "uuid-1", MEMBER)


def rule(name: str, when: str, more: str = "") -> str:
    return f"  - {{name: {name}, when: {when}, {more} do: [{{log: hello}}]}}\n"


def verdict(*rules: str, events: tuple[Event, ...] = (ENTERED,)) -> dict[str, Any]:
    """Of the last event."""
    book = load("version: 1\nrules:\n" + "".join(rules), "rules.yaml")
    decision = decide(Conference.new("demo"), events, book, 1e9)
    return told(decision, events[-1].id)


def told(decision: Decision, event: str) -> dict[str, Any]:
    """As a reader of the journal has it."""
    found = decision.verdicts()[event]
    entry = {"conference": "demo", **found.for_journal()}
    if "not_meant" in entry:
        unfold(entry, {one.id: json.loads(one.text) for one in found.not_meant})
    return {key: value for key, value in entry.items() if key != "conference"}


def pressed(digits: str) -> Event:
    data = {"member_id": "10", "digits": digits}
    return Event("evt-2", "member.digits", "demo", 1e9, "uuid-1", data)


def skipped(found: dict[str, Any]) -> dict[str, list[str]]:
    return {group["reason"]: group["rules"] for group in found["skipped"]}


def test_a_rule_for_another_conference_is_told_with_the_one_it_is_for() -> None:
    found = verdict(rule("A", "member.entered", "match: {conference: demo-*},"))
    elsewhere = {"reason": "conference.name is 'demo', not demo-*", "rules": ["A"]}
    assert found == {"ran": 0, "skipped": [elsewhere]}


def test_a_rule_that_waits_for_other_digits_is_told() -> None:
    found = verdict(rule("A", "{member.digits: '*1'}"), events=(ENTERED, pressed("5")))
    assert skipped(found) == {"it waits for *1": ["A"]}


def test_a_rule_that_waits_for_another_number_of_members_is_told() -> None:
    found = verdict(rule("A", "{conference.members: {above: 5}}"))
    assert skipped(found) == {"it waits for above 5": ["A"]}


def test_a_rule_that_is_not_enabled_is_told() -> None:
    found = verdict(rule("A", "member.entered", "enabled: false,"))
    assert skipped(found) == {"it is not enabled": ["A"]}


def test_a_rule_that_waits_for_something_else_is_not_told() -> None:
    assert verdict(rule("A", "member.exited")) == {"ran": 0}


def test_rules_with_one_reason_are_told_together() -> None:
    more = "match: {conference: demo-*},"
    found = verdict(rule("A", "member.entered", more), rule("B", "member.entered", more))
    assert skipped(found) == {"conference.name is 'demo', not demo-*": ["A", "B"]}


def test_what_a_condition_refused_comes_before_rules_for_other_conferences() -> None:
    found = verdict(
        rule("A", "member.entered", "match: {conference: demo-*},"),
        rule("B", "member.entered", "match: {member.from: '+49*'},"),
        rule("C", "member.entered"),
    )
    assert found["ran"] == 1
    assert list(skipped(found).values()) == [["B"], ["A"]]


def test_a_rule_that_ran_for_this_event_is_not_told_as_one_that_did_not() -> None:
    assert verdict(rule("A", "[member.entered, {conference.members: 9}]")) == {"ran": 1}


def test_many_rules_for_other_conferences_are_told_up_to_a_bound_and_then_counted() -> None:
    found = verdict(
        *(rule(f"R{n}", "member.entered", f"match: {{conference: x{n}}},") for n in range(300))
    )
    names = [name for group in found["skipped"] for name in group["rules"]]
    assert names == [f"R{n}" for n in range(MOST_NOT_MEANT)]
    assert found["skipped_more"] == 300 - MOST_NOT_MEANT


def test_many_rules_that_conditions_refused_are_told_up_to_a_bound_and_then_counted() -> None:
    found = verdict(
        *(rule(f"R{n}", "member.entered", f"match: {{member.from: '+49{n}*'}},") for n in range(90))
    )
    assert len(found["skipped"]) == MOST_TOLD
    assert found["skipped_more"] == 90 - MOST_TOLD


def test_the_words_on_rules_for_other_conferences_are_the_same_for_all_of_those() -> None:
    book = load(
        "version: 1\nrules:\n" + rule("A", "member.entered", "match: {conference: x},"), "r"
    )
    ids = set()
    for name in ("demo", "sales"):
        event = replace(ENTERED, conference=name)
        found = decide(Conference.new(name), [event], book, 1e9).verdicts()[event.id]
        ids |= {one.id for one in found.not_meant}
    assert len(ids) == 1


def test_a_timer_is_for_one_rule_and_the_others_are_not_told() -> None:
    rules = [rule(name, "{conference.elapsed: 5m}") for name in ("A", "B")]
    book = load("version: 1\nrules:\n" + "".join(rules), "rules.yaml")
    state = decide(Conference.new("demo"), [ENTERED], book, 1e9).conference
    timer = next(iter(state.timers.values()))
    due = Event("evt-3", "timer", "demo", timer.due, "", {"timer": timer.id})
    found = told(decide(state, [due], book, timer.due), "evt-3")
    assert found == {"ran": 1}
