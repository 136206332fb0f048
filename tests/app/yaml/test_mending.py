"""Errors of form: each is told in one run, with what is wrong behind it, and nothing else."""

from pathlib import Path

import pytest

from app.yaml.problems import FileError
from workers.rules.load import load

BAD = sorted((Path(__file__).parents[2] / "workers" / "rules" / "bad").glob("yaml-*.yaml"))
ENDING = {"yaml-second-document", "yaml-binary-character"}  # nothing is read behind these
MORE = (
    "  - name: Another\n    when: member.entred\n    do: [record]\n"
    "  - name: Third\n    when: member.exited\n    do: [{log: x}]\n"
)
MORE_SAYS = "unknown trigger 'member.entred'; did you mean 'member.entered'?"


def told(text: str) -> list[str]:
    try:
        load(text, "r")
    except FileError as error:
        return [str(problem).removeprefix("r:") for problem in error.problems]
    return []


def steps(*lines: str) -> str:
    written = "".join(f"      {line}\n" for line in lines)
    return f"version: 1\nrules:\n  - name: One\n    when: member.entered\n    do:\n{written}"


def test_eight_mistakes_are_told_in_one_run() -> None:
    text = steps(
        "- log: {{ member.id }}",
        "- speak: {to: all, text: {{ member.id }}}",
        "- speak: {to: all, text: Welcome: friend}",
        "- log: @channel somebody came",
        "- log: 100% sure: yes",
        "- log: *1 pressed",
        "- log: 'it's {{ member.id }}'",
        '- log: "{{ member.form }}"',
    )
    text += "  - name: Two\n    when: member.entred\n    do: [record]\n"

    braces = 'quote a text with {{ }}: "{{ member.id }}" (YAML takes it for a mapping)'
    assert told(text) == [
        f"6:15: error: {braces}",
        f"7:33: error: {braces}",
        '8:39: error: quote a text that contains ": "',
        "9:14: error: quote a value that starts with @",
        '10:23: error: quote a text that contains ": "',
        '11:14: error: quote a value that starts with *: "*1" (YAML takes it for an alias)',
        "12:18: error: a text goes on behind its closing quote; put the whole value in quotes",
        "13:18: error: unknown name member.form; did you mean 'member.from'?",
        "15:11: error: unknown trigger 'member.entred'; did you mean 'member.entered'?",
    ]


@pytest.mark.parametrize(
    "path", [one for one in BAD if one.stem not in ENDING], ids=lambda p: p.stem
)
def test_a_mistake_of_form_does_not_hide_those_of_other_rules(path: Path) -> None:
    text = path.read_text()
    line = text.count("\n") + 2

    expected = [text.splitlines()[0].removeprefix("# "), f"{line}:11: error: {MORE_SAYS}"]
    assert told(text + MORE) == expected


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_nor_those_of_the_rules_before_it(path: Path) -> None:
    text = path.read_text().replace("rules:\n", "rules:\n" + MORE, 1)
    found = told(text)

    assert len(found) == (1 if path.stem in ENDING else 2)
    assert path.stem in ENDING or found[0] == f"5:11: error: {MORE_SAYS}"


@pytest.mark.parametrize(
    ("step", "column", "message"),
    [
        ("- speak: {to: all, text: Hello, dear: friend, you}", 0, "unknown key 'dear'"),
        ("- speak: {text: Soon: all, to: nobody}", 27, "quote a text that contains"),
        ("- speak: {text: 'it's', to: nobody}", 27, "behind its closing quote"),
        ("- speak: {text: @all, to: nobody}", 23, "starts with @"),
        ("- speak: {text: *1, to: nobody}", 23, "starts with *"),
        ("- speak: {text: {{ member.id }}, to: nobody}", 24, "quote a text with {{ }}"),
    ],
)
def test_what_else_is_wrong_on_the_line_is_told_too(step: str, column: int, message: str) -> None:
    found = told(steps(step))

    assert any(message in line for line in found)
    assert any(line.startswith(f"6:{column}:") for line in found) or not column
    assert len(found) == 2
    assert column == 0 or "nobody" in found[1]


def test_a_quote_that_is_never_closed_does_not_swallow_other_rules() -> None:
    text = steps('- log: "hello', '- log: "{{ member.id }}"') + MORE

    assert told(text)[-1] == f"9:11: error: {MORE_SAYS}"


def test_a_mistake_outside_the_rules_is_told_with_theirs() -> None:
    text = steps("- log: {{ member.id }}").replace("rules:", "lists: {hosts: [@anna]}\nrules:")

    assert [line.split(":")[0] for line in told(text)] == ["2", "7"]


@pytest.mark.parametrize(("written", "meant"), [("int", "number"), ("len", "length")])
def test_what_a_filter_is_called_elsewhere_is_known(written: str, meant: str) -> None:
    found = told(steps(f'- log: "{{{{ digits | {written} }}}}"').replace("entered", "digits"))

    assert found[0].endswith(f"unknown filter '{written}'; did you mean '{meant}'?")


@pytest.mark.parametrize(
    "step",
    [
        "- hang_up: {{ x }}\n        confirm: true",
        "- hang_up: every_conference\n        confirm: @x",
        "- {{ member.id }}",
        "- @all",
        "- mute: *1",
        "- speak: {{ x }}",
        "- *1",
        "- 'it's'",
    ],
)
def test_a_step_that_cannot_be_read_says_nothing_more(step: str) -> None:
    assert len(told(steps(step, "- record"))) == 1


@pytest.mark.parametrize("key", ["when", "name", "match", "if", "once", "cooldown"])
@pytest.mark.parametrize("value", ["{{ x }}", "@x", "*1", "a: b: c"])
def test_nor_does_a_key_of_a_rule(key: str, value: str) -> None:
    rule = {"name": "One", "when": "member.entered", key: value}
    lines = [f"{name}: {written}" for name, written in rule.items()]

    found = told("version: 1\nrules:\n  - " + "\n    ".join([*lines, "do: [record]"]) + "\n")

    assert len(found) == 1
