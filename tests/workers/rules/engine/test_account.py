"""What else is live in the account, for conditions and steps."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.conference import Conference
from app.domain.event import MOST_KEPT, MOST_NAMED, Event, OthersLive
from tests.workers.rules.engine.builders import NAME, START, UUID
from workers.rules.engine.decide import Decision, decide, meanings
from workers.rules.engine.index import Rules
from workers.rules.load import load

SAYS = "{{ account.conference_count }}: {{ account.conferences | join }}"


def rules_of(when: str = "conference.started", condition: str = "", more: str = "") -> Rules:
    asked = f"    if: {condition}\n" if condition else ""
    return load(
        f"version: 1\nrules:\n  - name: it\n    when: {when}\n{asked}{more}"
        f'    do: [{{log: "{SAYS}"}}]\n',
        "rules.yaml",
    )


def happen(kind: str, account: OthersLive | None, **data: Any) -> Event:
    told = {"member_id": "1", "call_uuid": "call-1", **data}
    return Event("evt-1", kind, NAME, START, UUID, told, account=account)


def entered(rules: Rules, account: OthersLive | None) -> Decision:
    return decide(Conference.new(NAME), [happen("member.entered", account)], rules, START)


OTHERS = OthersLive(("support-2", "support-1"), 2)


def test_a_conference_that_starts_counts_itself() -> None:
    assert entered(rules_of(), OTHERS).notes == ("it: 3: sales-1, support-2, support-1",)


def test_one_that_has_ended_does_not() -> None:
    rules = rules_of("conference.ended")
    room = entered(rules, OTHERS).conference
    left = happen("member.exited", OTHERS)
    assert decide(room, [left], rules, START).notes == ("it: 2: support-2, support-1",)


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        ("account.conference_count >= 3", "applied"),
        ("account.conference_count > 3", "skipped"),
        ('account.conferences | matching("support-*") | length == 2', "applied"),
        ('account.conferences | matching("supp") | length > 0', "skipped"),
        ("conference.name in account.conferences", "applied"),
        ("account.conferences[2] == 'support-1'", "applied"),
    ],
)
def test_conditions_ask_about_it(condition: str, outcome: str) -> None:
    assert [run.outcome for run in entered(rules_of(condition=condition), OTHERS).runs] == [outcome]


def test_match_compares_the_count_and_says_what_it_was() -> None:
    rules = rules_of(more="    match: {account.conference_count: {at_least: 4}}\n")
    [run] = entered(rules, OTHERS).in_detail().runs
    assert run.reason == "account.conference_count is '3', not at least 4"


def test_without_a_snapshot_it_is_absent() -> None:
    [run] = entered(rules_of(condition="account.conference_count > 1"), None).runs
    assert (run.outcome, run.reason) == ("unknown", "account.conference_count is absent")


def test_names_that_were_not_kept_are_absent_and_the_count_is_not() -> None:
    told = OthersLive(tuple(f"c-{n}" for n in range(MOST_KEPT + 1)), MOST_KEPT + 1)
    known = OthersLive.of(told.to_json_dict())
    assert known == OthersLive(None, MOST_KEPT + 1)
    count = rules_of(condition=f"account.conference_count == {MOST_KEPT + 2}")
    assert "account.conferences is absent" in entered(count, known).runs[0].reason
    few = replace(told, others=told.others and told.others[:MOST_KEPT], count=MOST_KEPT)
    assert OthersLive.of(few.to_json_dict()) == few
    assert OthersLive.of({"others": ["a"]}) == OthersLive(("a",), 1)
    assert OthersLive.of(None) is None
    assert OthersLive.of({"count": "many"}) is None


def test_names_are_bounded_and_the_count_is_not() -> None:
    many = OthersLive(tuple(f"c-{n}" for n in range(MOST_NAMED)), 5000)
    rules = rules_of(condition=f"account.conferences | length == {MOST_NAMED}")
    assert entered(rules, many).notes[0].startswith("it: 5001: sales-1, c-0, ")


def test_triggers_that_follow_and_steps_after_a_wait_see_it_as_it_is_then() -> None:
    rules = load(
        "version: 1\nrules:\n  - name: one\n    when: conference.started\n"
        f'    do: [{{trigger: go}}, {{wait: 1s}}, {{log: "{SAYS}"}}]\n'
        f'  - name: two\n    when: {{trigger: go}}\n    do: [{{log: "{SAYS}"}}]\n',
        "rules.yaml",
    )
    first = entered(rules, OTHERS)
    assert first.notes == ("two: 3: sales-1, support-2, support-1",)
    [timer] = first.conference.timers.values()
    data = {"timer": timer.id, "due": timer.due}
    due = Event("evt-2", "timer", NAME, timer.due, "", data, account=OthersLive(("x",), 1))
    assert decide(first.conference, [due], rules, timer.due).notes == ("one: 2: sales-1, x",)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("do: [{log: x}]", False),
        ("if: account.conference_count > 1\n    do: [{log: x}]", True),
        ("match: {account.conference_count: 2}\n    do: [{log: x}]", True),
        ("do: [{mute: {where: account.conference_count > 1}}]", True),
        ("do: [{choose: [{if: account.conference_count > 1, do: [record]}]}]", True),
        ("do: [{wait_for: {when: {trigger: x}, if: account.conference_count > 1}}, record]", True),
        ("enabled: false\n    if: account.conference_count > 1\n    do: [{log: x}]", False),
    ],
)
def test_it_is_looked_up_only_where_a_rule_that_does_not_rest_asks(text: str, asks: bool) -> None:
    head = "version: 1\nrules:\n  - name: it\n    when: conference.started\n    "
    rules = load(f"{head}{text}\n", "rules.yaml")
    assert rules.asks_account is asks
    if not asks:
        [(_, fields), *_] = meanings(
            Conference.new(NAME), happen("member.entered", OTHERS), rules, START
        )
        assert "account" not in fields
