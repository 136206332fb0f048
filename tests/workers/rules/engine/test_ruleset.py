"""`Rules`: which rules are visited, and what the receiver is told."""

from bench.rules_cost import rules_of
from workers.rules.engine.index import Rules
from workers.rules.load import load
from workers.rules.published import published, trigger_names
from workers.rules.vocabulary.model import Rule

TEXT = """
version: 1
conferences:
  - match: {conference: "town-*"}
    muted: true
    digits_match: ["*1", "*2", "#"]
rules:
  - name: town digits
    when: [{member.digits: "*1"}, member.entered, {member.digits: "#"}]
    match: {conference: "town-*"}
    do: [mute: member]
  - name: all
    when: member.entered
    do: [mute: member]
  - name: any digits
    when: member.digits
    match: {conference: {regex: "^x"}}
    do: [mute: member]
  - name: speaking
    when: member.speaking
    match: {conference: [a, "b-*"]}
    do: [mute: member]
  - name: triggers
    when: [{trigger: one}, {trigger: two}]
    do: [log: x]
  - name: resting
    enabled: false
    when: [{trigger: three}, member.entered]
    do: [log: x]
"""


def rules() -> Rules:
    return load(TEXT, "rules.yaml")


def visited(kind: str, conference: str) -> list[tuple[int, str, tuple[int, ...]]]:
    found = rules().candidates(kind, conference)
    return [(number, rule.name, indexes) for number, rule, indexes in found]


def test_only_rules_for_the_kind_and_the_conference_are_visited() -> None:
    assert visited("member.entered", "town-1") == [(0, "town digits", (2,)), (1, "all", (0,))]
    assert visited("member.entered", "sales") == [(1, "all", (0,))]
    assert visited("member.digits", "town-1") == [
        (0, "town digits", (0, 1)),
        (2, "any digits", (0,)),
    ]
    assert visited("recording.ready", "town-1") == []


def test_answers_are_remembered_within_a_bound() -> None:
    found = rules()
    assert found.candidates("member.entered", "a") is found.candidates("member.entered", "a")
    for number in range(10_000):
        found.candidates("member.entered", f"c{number}")
    assert len(found._remembered) <= 4096


def test_trigger_names_are_those_of_enabled_rules() -> None:
    assert trigger_names(rules()) == {"one", "two"}


def test_the_receiver_is_told_what_it_needs() -> None:
    told = published(rules())
    assert told["digest"] == rules().digest
    assert told["trigger_names"] == ["one", "two"]
    assert told["answers"] == [
        {"conference": ["town-*"], "muted": True, "digits_match": ["*1", "*2", "#"]}
    ]
    assert told["digits"] == [
        {"conference": ["town-*"], "digits": ["#", "*1"]},
        {"conference": ["*"], "digits": list("0123456789*#")},
    ]
    assert told["floor"] == ["a", "b-*"]


def test_rules_can_be_made_without_a_file() -> None:
    rule = Rule("id", "name", (), ())
    assert Rules(rules=(rule,)).candidates("member.entered", "x") == ()


def test_of_a_thousand_rules_only_those_that_can_apply_are_visited() -> None:
    assert len(rules_of(997).rules) == 1000
    assert len(rules_of(997).candidates("member.entered", "town-1")) == 3
