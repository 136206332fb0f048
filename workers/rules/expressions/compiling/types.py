"""Two sides of a comparison that are of different types: what was meant, as far as it shows."""

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import nodes

from app.domain.durations import parse_duration
from workers.rules.expressions.trees import family, path_of

_FLAGS = {
    **dict.fromkeys(("true", "yes", "on", "1", 1), "true"),
    **dict.fromkeys(("false", "no", "off", "0", 0), "false"),
}
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d?(-\d\d?)?")


def meant_by(*sides: tuple[Any, str]) -> str:
    """`; ` and what to write, or nothing. Each side with its type."""
    for (node, kind), (value, _) in (sides, sides[::-1]):
        if isinstance(value, nodes.Const) and not isinstance(value.value, bool):
            return _text(node, kind, value.value) or _number(node, kind, value.value)
    return ""


def _text(node: Any, kind: str, value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if kind == "flag" and (word := _FLAGS.get(value.lower())):
        return f"; write {word} without quotes"
    if family(kind) != "number":
        return ""
    if value.isdigit():
        return f"; write {value} without quotes"
    name = ".".join(path_of(node)) or "..."
    for shape, written in ((_CLOCK, "time"), (_DATE, "date")):
        if kind == "time" and shape.fullmatch(value):
            return f"; write `{name} | {written}`"
    try:
        return f"; write {parse_duration(value):g} (seconds)"
    except ValueError:
        return ""


def _number(node: Any, kind: str, value: Any) -> str:
    if not isinstance(value, int | float):
        return ""
    if kind == "flag":
        return f"; write {_FLAGS[value]}" if value in _FLAGS else ""
    if family(kind) == "list":
        return f"; its items are counted by `{'.'.join(path_of(node)) or '...'} | length`"
    if isinstance(node, nodes.Filter) and node.name == "time":
        hours: Sequence[int] = range(25)
        return f"; write '{value:02}:00'" if value in hours else ""
    return f"; put {value} in quotes if a text is meant" if family(kind) == "text" else ""
