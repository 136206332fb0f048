"""What rules may remember of a conference: the types of `vars`, and how much fits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.rules.vocabulary.comparing.values import is_number

MOST_BYTES = 16 * 1024
"""Of all the vars of one conference, as JSON."""

TYPES: Mapping[str, str] = {
    "number": "number",
    "text": "text",
    "boolean": "flag",
    "list": "list",
}
"""What can be written for `type`, with the type that expressions call it by."""

FIRST: Mapping[str, Any] = {"number": 0, "text": "", "boolean": False, "list": ()}
"""What a var begins with when no `start` is written."""


@dataclass(frozen=True, slots=True)
class Var:
    """One of `vars`: a word of `TYPES`, and the value at the start of each conference."""

    type: str
    start: Any


NO_VARS: Mapping[str, Var] = {}


def type_of(value: Any) -> str:
    """Which of `TYPES` a value is; "" for none of them."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list | tuple):
        return "list"
    return "number" if is_number(value) else ""


def size_of(values: Mapping[str, Any]) -> int:
    """In bytes, as they are stored."""
    return len(json.dumps(values, separators=(",", ":")))


def said(value: Any, most: int = 120) -> str:
    """A value for people: as JSON, cut off when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"
