"""Rules files with defaults, for tests."""

from typing import Any

from app.yaml.problems import FileError
from workers.rules.engine.index import Rules
from workers.rules.expressions.expressions import Compiled, compile_expression
from workers.rules.expressions.scope import Scope
from workers.rules.load import load
from workers.rules.vocabulary.model import Fields, Rule

LISTS = {"hosts": ("+14155550100", "sip:anna@phone.plivo.com")}


def file_of(
    when: str = "member.entered", do: str = "[mute: member]", extra: str = "", name: str = "one"
) -> str:
    """The text of a file with one rule; `extra` are more lines of the rule."""
    lines = "".join(f"    {line}\n" for line in extra.splitlines())
    return (
        "version: 1\nlists: {hosts: ['+14155550100', 'sip:anna@phone.plivo.com']}\n"
        "limits: [{duration: 1h}]\nrules:\n"
        f"  - name: {name}\n    when: {when}\n{lines}    do: {do}\n"
    )


def rules_of(**parts: str) -> Rules:
    return load(file_of(**parts), "rules.yaml")


def rule_of(**parts: str) -> Rule:
    return rules_of(**parts).rules[0]


def problems_of(text: str) -> list[str]:
    try:
        load(text, "rules.yaml")
    except FileError as error:
        return [problem.message for problem in error.problems]
    return []


def expression(text: str) -> Compiled:
    """An expression that can use every name."""
    return compile_expression(text, Scope(lists=LISTS))


def fields(**more: Any) -> Fields:
    """What a rule sees of a quiet conference with one member."""
    anna = {"id": "10", "from": "14155550100", "caller_name": "Anna", "muted": False, "first": True}
    return {
        "conference": {
            "name": "sales-eu",
            "elapsed": 90.0,
            "member_count": 1,
            "recording": False,
            "members": [anna],
        },
        "member": anna,
        "event": {"id": "evt-1", "received_at": 1_767_225_600.0},
        "now": 1_767_225_600.0,
        **more,
    }
