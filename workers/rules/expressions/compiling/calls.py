"""Functions and methods, which the language does not have: what is written in their place."""

from typing import Any

from jinja2 import nodes

from app.domain.suggest import plain_word
from workers.rules.expressions.filters import FILTERS, OTHER_NAMES, TESTS
from workers.rules.expressions.trees import path_of
from workers.rules.vocabulary.names import SINGLE

_CONTAINS = frozenset({"contains", "includes", "include", "has", "contain"})
_WORDS = frozenset({"not", "and", "or"})


def refusal(node: nodes.Node | None) -> str:
    """Why a node is not part of the language, and what to write."""
    if isinstance(node, nodes.Call):
        return f"functions cannot be called; {_instead(node)}"
    if isinstance(node, nodes.Pow):
        return "** is not part of the language"
    return f"{type(node).__name__.lower()} is not part of the language"


def _instead(node: nodes.Call) -> str:
    called, args = node.node, list(node.args)
    if isinstance(called, nodes.Getattr):
        name, args = called.attr, [called.node, *args]
    else:
        name = called.name if isinstance(called, nodes.Name) else ""
    word = plain_word(name)
    meant = OTHER_NAMES.get(word, OTHER_NAMES.get(word.replace("_", ""), word))
    subject, *others = [_source(arg) for arg in args] or ["..."]
    values = f"({', '.join(others)})" if others else ""
    if word in _WORDS:
        return f"write `{word} {subject}`, in small letters"
    if name in SINGLE and not args:
        return f"write `{name}` without brackets"
    if word in _CONTAINS:
        return f"write `{', '.join(others) or '...'} in {subject}`"
    if meant in TESTS:
        return f"write `{subject} is {meant}{values}`"
    if meant in FILTERS:
        return f"write `{subject} | {meant}{values}`"
    return "there are filters, such as `| default(0)`"


def _source(node: Any) -> str:
    """A name or a constant as it is written; of anything else that something stands there."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        mark = "'" if '"' in node.value else '"'
        return f"{mark}{node.value[:40]}{mark}"
    if isinstance(node, nodes.Const):
        return str(node.value)[:40]
    return ".".join(path_of(node))[:60] or "..."
