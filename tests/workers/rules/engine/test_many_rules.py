"""A thousand rules of which an event concerns a few."""

from typing import Any

import pytest

from app.domain.conference import Conference
from app.domain.event import Event
from workers.rules.engine.candidates.grouping import MANY
from workers.rules.engine.decide import decide
from workers.rules.engine.index import Rules
from workers.rules.load import load

MEMBER = {"member_id": "10", "direction": "inbound"}


def rules_with(*lines: str, count: int = 3 * MANY, before: str = "") -> Rules:
    """So many rules; {n} in a line is the number of its rule."""
    text = f"version: 1\n{before}rules:\n"
    for number in range(count):
        text += f"  - name: rule {number}\n    when: member.entered\n"
        text += "".join(f"    {line.replace('@', f'{number:03}')}\n" for line in lines)
        text += "    do: [{log: hello}]\n"
    return load(text, "rules.yaml")


def entered(**data: str) -> Event:
    return Event("evt-1", "member.entered", "room", 1e9, "uuid-1", {**MEMBER, **data})


def outcomes(rules: Rules, event: Event, *, detailed: bool = False) -> dict[str, str]:
    decision = decide(Conference.new("room"), [event], rules, event.at)
    runs = decision.in_detail().runs if detailed else decision.runs
    return {run.rule: f"{run.outcome} {run.reason}".strip() for run in runs}


def journaled(rules: Rules, event: Event) -> dict[str, Any]:
    """What the entry of the event says of its rules."""
    decision = decide(Conference.new("room"), [event], rules, event.at)
    return decision.verdicts()[event.id].for_journal()


SAYING_WHICH = [
    ('match: {member.from: "+4930@"}', "from"),
    ('match: {member.from: ["+4930@", "+1@"]}', "from"),
    ('match: {member.from: {is: "+4930@"}}', "from"),
    ('match: {member.from: {in: ["4930@"]}}', "from"),
    ('match: {conference: "r*", member.from: "4930@"}', "from"),
    ('if: member.from == "+4930@"', "from"),
    ('if: member.id == "10" and "4930@" == member.from', "from"),
    ('match: {member.direction: inbound, member.from: "4930@"}', "from"),
    ('match: {member.caller_name: "4930@"}', "caller_name"),
]


@pytest.mark.parametrize(("line", "field"), SAYING_WHICH)
def test_many_rules_that_ask_for_others_are_told_together(line: str, field: str) -> None:
    rules, event = rules_with(line), entered(**{field: "4930007"})

    assert outcomes(rules, event) == {"rule 7": "applied"}
    shown = "…0007" if field == "from" else "'4930007'"
    found = journaled(rules, event)
    assert found["ran"] == 1
    [group] = found["skipped"]
    assert group["reason"] == f"member.{field} is {shown}, and it asks for others"
    assert group["rules"][:8] == [f"rule {n}" for n in (0, 1, 2, 3, 4, 5, 6, 8)]
    assert len(group["rules"]) + found["skipped_more"] == 3 * MANY - 1


@pytest.mark.parametrize(("line", "field"), SAYING_WHICH)
@pytest.mark.parametrize("value", ["4930007", "+4930007", "nobody", ""])
def test_what_applies_is_the_same_in_detail(line: str, field: str, value: str) -> None:
    rules, event = rules_with(line), entered(**({field: value} if value else {}))
    brief, detailed = outcomes(rules, event), outcomes(rules, event, detailed=True)

    assert len(detailed) == 3 * MANY
    for name, outcome in detailed.items():
        assert brief.get(name, outcome) == outcome
        assert name in brief or outcome.startswith("skipped")


def test_few_rules_are_recorded_one_by_one() -> None:
    rules = rules_with('match: {member.from: "+4930@"}', count=MANY - 1)

    assert len(outcomes(rules, entered(**{"from": "4930007"}))) == MANY - 1


def test_an_absent_field_is_told_for_every_rule() -> None:
    found = outcomes(rules_with('match: {member.from: "+4930@"}'), entered())

    assert found["rule 5"] == "unknown member.from is absent"
    assert len(found) == 3 * MANY


def test_rules_apply_in_the_order_of_the_file() -> None:
    lists = "lists: {hosts: ['4930007']}\n"
    text = '{member.from: ["4930@", "4930007"]}'
    found = outcomes(rules_with(f"match: {text}", before=lists), entered(**{"from": "+4930007"}))

    assert list(found) == [f"rule {number}" for number in range(3 * MANY)]


def test_a_match_that_may_be_unknown_is_asked_before_an_if() -> None:
    rules = rules_with('match: {member.caller_name: "A*"}', 'if: member.from == "+4930@"')
    found = outcomes(rules, entered(**{"from": "4930007"}))

    assert found["rule 8"] == "unknown member.caller_name is absent"
