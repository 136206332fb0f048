"""A rule is known again by its name and by what it does, however that is written."""

import hashlib

import pytest

from tests.workers.rules.builders import file_of, rule_of
from workers.rules.load import load

NUMBER = "'+14155550100'"


def id_of(extra: str = "", when: str = "member.entered", do: str = "[mute: member]") -> str:
    return rule_of(extra=extra, when=when, do=do).id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("description: some words", ""),
        ("enabled: true", ""),
        ("dry_run: false", ""),
        ("enabled: false", ""),
        ("cooldown: 60s", "cooldown: 1m"),
        (f"match: {{conference: a, member.from: {NUMBER}}}",
         f"match:\n  'member.from': {NUMBER.strip(chr(39))}\n  conference.name: [a]"),
        ("match: {conference: [a, b]}", "match: {conference: [b, a, b]}"),
        ("match: {conference.elapsed: {above: 60, below: 1h}}",
         "match: {conference.elapsed: {below: 60m, above: 1m}}"),
        ("match: {conference: a}", "match: {conference: {is: a}}"),
        ("match: {conference: {in: [a]}}", "match: {conference: {is: a}}"),
        ("match: {conference: {not: a}}", "match: {conference: {not_in: [a]}}"),
        (f"match: {{member.from: {NUMBER}}}", "match: {member.from: '14155550100'}"),
        ("match: {member.caller_name: {contains: [Zoë, b]}}",
         "match: {member.caller_name: {contains: [b, zoe, B]}}"),
        ("match: {member.caller_name: {contains: zoë}}",
         "match: {member.caller_name: {contains: ['Zoe!']}}"),
        ("""if: conference.elapsed>60 and member.id == "1" """,
         """if: (conference.elapsed > 60) and (member.id == '1')"""),
    ],
)  # fmt: skip
def test_another_spelling_of_the_same_is_the_same_rule(one: str, other: str) -> None:
    assert id_of(one) == id_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("member.entered", "\n      - member.entered"),
        ("[member.entered, member.digits: 1]", "[{member.digits: '1'}, member.entered]"),
        ("[conference.elapsed: 60s]", "{conference.elapsed: 1m}"),
        ("{schedule: '*/5  * * * *'}", "{schedule: '*/5 * * * *'}"),
    ],
)
def test_the_same_triggers_are_the_same_rule(one: str, other: str) -> None:
    do, extra = "[log: x]", "match: {conference: a}"
    assert id_of(extra, one, do) == id_of(extra, other, do)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[{speak: {to: all, text: hi}, expires_in: 1m}]",
         "[{speak: {text: 'hi', to: all, expires_in: 60s}}]"),
        ("[{speak: {to: all, text: '{{member.id}}'}}]",
         "[speak: {to: all, text: '{{ member.id }}'}]"),
        ("[{mute: {where: member.id=='1'}}]", "[mute: {where: member.id == \"1\"}]"),
        ("[record]", "[record: {transcribe: false}]"),
        ("[{wait: 60s}, {log: x}]", "[{wait: 1m}, {log: \"x\", on_error: stop}]"),
        ("[webhook: {url: 'https://a.example', json: {a: 1, b: [x]}}]",
         "[webhook: {json: {b: ['x'], 'a': 1}, url: https://a.example}]"),
    ],
)  # fmt: skip
def test_the_same_steps_are_the_same_rule(one: str, other: str) -> None:
    assert id_of(do=one) == id_of(do=other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"when": "member.exited", "do": "[log: x]"}, {"do": "[log: x]"}),
        ({"name": "two"}, {}),
        ({"extra": "dry_run: true"}, {}),
        ({"extra": "once: member"}, {"extra": "once: conference"}),
        ({"extra": "cooldown: 60s"}, {"extra": "cooldown: 61s"}),
        ({"extra": "match: {conference: a}"}, {"extra": "match: {conference: {not: a}}"}),
        ({"extra": "match: {conference: 'a*'}"},
         {"extra": "match: {conference: {is: 'a*'}}"}),
        ({"extra": "match: {member.from: {in: hosts}}"},
         {"extra": "match: {member.from: {not_in: hosts}}"}),
        ({"extra": "if: member.id == '1  2'"}, {"extra": "if: member.id == '1 2'"}),
        ({"extra": "if: member.id == '1'"}, {"extra": "if: member.id != '1'"}),
        ({"do": "[{wait: 1s}, {log: x}]"}, {"do": "[{wait: 2s}, {log: x}]"}),
        ({"do": "[log: x, log: y]"}, {"do": "[log: y, log: x]"}),
        ({"do": "[{log: x, on_error: continue}]"}, {"do": "[{log: x}]"}),
        ({"do": "[log: '{{ member.id }}']"}, {"do": "[log: 'member.id']"}),
        ({"do": "[webhook: {url: 'https://a.example', json: {a: 1}}]"},
         {"do": "[webhook: {url: 'https://a.example', json: {a: '1'}}]"}),
        ({"do": "[webhook: {url: 'https://a.example', json: false}]"},
         {"do": "[webhook: {url: 'https://a.example'}]"}),
    ],
)  # fmt: skip
def test_a_rule_that_does_something_else_is_another(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert rule_of(**one).id != rule_of(**other).id


def ensuring(ensure: str) -> str:
    text = f"version: 1\nrules:\n  - name: one\n    ensure: {ensure}\n"
    return load(text, "x").rules[0].id


def test_what_is_ensured_tells_a_rule_from_others_and_its_spelling_does_not() -> None:
    one = ensuring("{muted: {where: member.id=='1'}, recording: true}")
    assert ensuring('{muted: {where: member.id == "1"}, recording: yes}') == one
    others = ("{muted: true, recording: true}", "{recording: true}", "{recording: false}",
              "{unmuted: {where: member.id=='1'}, recording: true}",
              "{muted: {where: member.id=='1'}, recording: {format: wav}}")  # fmt: skip
    assert len({one, *(ensuring(other) for other in others)}) == len(others) + 1


def test_where_a_rule_stands_does_not_matter() -> None:
    moved = file_of().replace(
        "  - name: one", "  - {name: zero, when: conference.started, do: [record]}\n  - name: one"
    )
    by_name = {rule.name: rule.id for rule in load("# a comment\n" + moved, "x").rules}
    assert by_name["one"] == rule_of().id
    keys = file_of().replace(
        "name: one\n    when: member.entered", "when: member.entered\n    name: one"
    )
    assert load(keys, "x").rules[0].id == rule_of().id


def test_triggers_are_counted_the_same_in_any_order() -> None:
    one = rule_of(when="[conference.every: 10s, conference.every: 20s]", do="[record]")
    other = rule_of(when="[conference.every: 20s, conference.every: 10s]", do="[record]")
    assert [t.parameter for t in one.triggers] == [t.parameter for t in other.triggers]


def test_the_id_of_the_version_before_is_known() -> None:
    node = "[('do', [[('mute', 'member')]]), ('name', 'one'), ('when', 'member.entered')]"
    content = hashlib.sha256(node.encode()).hexdigest()
    assert rule_of().former_id == hashlib.sha256(f"one\0{content}".encode()).hexdigest()[:12]
