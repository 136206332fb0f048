"""What a file itself gives to fields that are words of its author: roles, and vars of texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.yaml.tree import Map, Seq, Text
from workers.rules.vocabulary.vars import Var


def given_values(
    answers: Sequence[Any], rules: Sequence[Any], vars: Mapping[str, Var]
) -> dict[str, frozenset[str]]:
    """All that each of these names can have, by its dotted name; left out where the file does not
    say, as for a var that is set to a `{{ }}`."""
    roles = frozenset(_roles(answers))
    found = {"member.role": roles} if roles else {}
    texts = {name: {str(var.start)} for name, var in vars.items() if var.type == "text"}
    for name, value in _assigned(rules):
        if not isinstance(value, Text) or "{{" in value:
            texts.pop(name, None)
        elif name in texts:
            texts[name].add(str(value))
    return found | {f"vars.{name}": frozenset(values) for name, values in texts.items()}


def _roles(answers: Sequence[Any]) -> Iterator[str]:
    for entry in answers:
        if not isinstance(entry, Map):
            continue
        if isinstance(role := entry.find("role"), Text):
            yield str(role)
        ask = entry.find("ask_pin")
        roles = ask.find("roles") if isinstance(ask, Map) else None
        yield from map(str, roles if isinstance(roles, Map) else ())


def _assigned(rules: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """What stands under any `set`, with its name."""
    left: list[Any] = list(rules)
    while left:
        node = left.pop()
        if isinstance(node, Map):
            left += node.values()
            values = node.find("set")
            yield from values.items() if isinstance(values, Map) else ()
        elif isinstance(node, Seq):
            left += node
