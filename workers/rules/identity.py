"""What tells one rule from another: its name and what it does, not how that is written.

A rule's id is made of the compiled rule where that can be read, and of `match` as it was written
with every value in its one form. Description, layout, the order of keys and of triggers, quotes
and the spelling of durations are not in it, nor is `enabled`: a rule that rests is still that rule.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.globs import is_glob
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.conditions import Match, literal_key
from workers.rules.expressions.expressions import Compiled
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.templates import PlainText, Rendered, Typed
from workers.rules.language.matching.matched_text import NUMBERS, typed_number
from workers.rules.vocabulary.comparing.spoken import words_of
from workers.rules.vocabulary.model import Rule, Step, Target, Trigger, Wish

VERSION = "2"
"""Of this form. A digest of rules has it, so that stored ids of an older form are looked at."""

_AMONG = {"like": "in", "is": "in", "not": "not_in"}
"""Operators that come to the same where no text is a glob."""

_ORDER = ("above", "below", "at_least", "at_most")


def in_order(triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
    """The triggers in an order that does not depend on the file: timers count by it."""
    return tuple(sorted(triggers, key=lambda one: (one.kind, repr(one.parameter))))


def identified(rule: Rule, node: Any, scope: Scope) -> Rule:
    """A rule that was compiled of `node` without an error, with its `id`."""
    meaning = _meaning(rule, node.find("match"), scope)
    former_id = _former_id(rule.name, node)
    return replace(rule, id=_hash(rule.name, meaning), former_id=former_id, meaning=meaning)


def _meaning(rule: Rule, match: Any, scope: Scope) -> str:
    meaning = {
        "when": [[one.kind, one.parameter] for one in in_order(rule.triggers)],
        "match": _match(match, scope),
        "if": _plain(rule.condition),
        "do": [_step(step) for step in rule.steps],
        "limits": [rule.once, rule.cooldown, rule.dry_run],
        **({"ensure": [_wish(wish) for wish in rule.ensures]} if rule.ensures else {}),
    }
    return hashlib.sha256(_bytes(json.dumps(meaning, sort_keys=True))).hexdigest()


def _former_id(name: str, node: Any) -> str:
    """The id that the form before `VERSION` gave, by which older state may know a rule."""
    return _hash(name, hashlib.sha256(_bytes(repr(_bare(node)))).hexdigest())


def _hash(name: str, content: str) -> str:
    return hashlib.sha256(_bytes(f"{name}\0{content}")).hexdigest()[:12]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _bare(node: Any) -> Any:
    if isinstance(node, Map):
        return sorted((str(key), _bare(value)) for key, value in node.items())
    return [_bare(item) for item in node] if isinstance(node, Seq) else str(node)


def _match(node: Any, scope: Scope) -> list[Any]:
    if not isinstance(node, Map):
        return []
    found = []
    for key, value in node.items():
        path = ("conference", "name") if key == "conference" else tuple(key.split("."))
        kind = scope.type_of(path)
        operators = value if isinstance(value, Map) else {"like": value}
        held = sorted((_operator(str(name), it, kind) for name, it in operators.items()), key=repr)
        found.append([".".join(path), held])
    return sorted(found)


def _operator(name: str, operand: Any, kind: str) -> list[Any]:
    if name == "regex" or (name in _AMONG.values() and isinstance(operand, Text)):
        return [name, str(operand)]
    if name in _ORDER:
        return [name, _value(operand, "seconds" if kind == "seconds" else "number")]
    items = operand if isinstance(operand, Seq) else [operand]
    if name == "contains":
        return [name, sorted({words_of(item) for item in items})]
    if name in _AMONG.values() and kind in NUMBERS:  # compared as texts
        return [name, sorted({str(item) for item in items})]
    if name == "is" or kind == "digits" or not any(is_glob(item) for item in items):
        name = _AMONG.get(name, name)
    return [name, sorted({_value(item, kind) for item in items}, key=repr)]


def _value(text: Text, kind: str) -> str | float:
    """A literal in its one form."""
    number = typed_number(text, kind) if kind in NUMBERS else None
    return literal_key(str(text), kind) if number is None else number


def _wish(wish: Wish) -> list[Any]:
    return [wish.flag, wish.value, _target(wish.target), _plain(wish.params)]


def _step(step: Step) -> list[Any]:
    said = {k: value for k, value in step.params.items() if k == "json" or value is not False}
    flow = [step.next, step.jumps] if step.next is not None or step.jumps else []
    return [step.action, _target(step.target), _plain(said), step.expires_in, step.on_error, *flow]


def _target(target: Target | None) -> list[Any]:
    if target is None:
        return []
    templates = [_plain(one) for one in target.id_templates]
    return [target.kind, target.ids, templates, _plain(target.where)]


def _plain(value: Any) -> Any:
    """A compiled part as JSON. A text and an expression that look alike stay apart."""
    match value:
        case Trigger():
            return [value.kind, value.parameter]
        case Match():  # told apart by how it was written
            return None
        case Compiled():
            return {"expression": value.meaning}
        case PlainText():
            return {"text": value.text}
        case Typed():
            return {"value": value.part.meaning}
        case Rendered():
            return {"parts": [_plain(part) for part in value.parts]}
        case Mapping():
            return {"map": {str(key): _plain(inner) for key, inner in value.items()}}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value
