"""JSON as nodes, so that what a person asks for is read by the schemas that read a rules file."""

import math
from typing import Any

from app.yaml.document import MAX_DEPTH, MAX_TEXT, UNPRINTABLE
from app.yaml.tree import Map, Node, Seq, Text

_WORDS = {True: "true", False: "false", None: ""}


def nodes_of(value: Any, depth: int = 1) -> Node:
    """The nodes of a JSON value. Raises ValueError, in words for people, for what could not stand
    in a rules file."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        pairs = ((_text(str(key)), nodes_of(item, depth + 1)) for key, item in value.items())
        return Map(pairs)
    if isinstance(value, list | tuple):
        return Seq(nodes_of(item, depth + 1) for item in value)
    if isinstance(value, str):
        text = _text(value)
        text.plain = False
        return text
    if value is None or isinstance(value, bool):
        return Text(_WORDS[value])
    if isinstance(value, int | float) and math.isfinite(value):
        return _text(str(value))
    raise ValueError("not a value of JSON")


def json_of(node: Node) -> Any:
    """The JSON value that becomes these nodes again: texts, but for what was written plainly as a
    whole number, true, false or nothing."""
    if isinstance(node, Map):
        return {str(key): json_of(item) for key, item in node.items()}
    if isinstance(node, Seq):
        return [json_of(item) for item in node]
    if node.plain and node in _PLAIN:
        return _PLAIN[node]
    is_whole = node.plain and node.isascii() and node.isdecimal() and str(int(node)) == node
    return int(node) if is_whole else str(node)


_PLAIN = {"true": True, "false": False, "": None, "null": None}


def _text(value: str) -> Text:
    if len(value) > MAX_TEXT:
        raise ValueError(f"a text has at most {MAX_TEXT} characters")
    if bad := UNPRINTABLE.search(value):
        raise ValueError(f"the character U+{ord(bad.group()):04X} cannot be in a text")
    return Text(value)
