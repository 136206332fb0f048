"""`vars`, as they are declared at the top of a file, and as `set` gives them values."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.schema_errors import key_of, load_part
from app.yaml.schema_fields import Choice, Raw, is_empty, kind_of
from app.yaml.tree import Map, Text
from workers.rules.expressions.scope import Scope, unknown_var
from workers.rules.expressions.templates import PlainText, Rendered, Typed
from workers.rules.expressions.trees import family
from workers.rules.vocabulary.keyed import Keyed
from workers.rules.vocabulary.vars import FIRST, MOST_BYTES, TYPES, Var, size_of, type_of

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_TYPE_OF = {kind: word for word, kind in TYPES.items()}

Read = Callable[[Any], Any]
"""Reads a node as JSON with templates in it."""


_OTHER_TYPES = {
    **dict.fromkeys(("int", "integer", "float", "num", "counter", "duration"), "number"),
    **dict.fromkeys(("string", "str", "varchar"), "text"),
    **dict.fromkeys(("flag", "bool"), "boolean"),
    **dict.fromkeys(("array", "set", "tuple"), "list"),
}


class VarEntry(Keyed):
    type = Choice("What it holds.", *TYPES, required=True, meant=_OTHER_TYPES)
    start = Raw('What it is when a conference begins; `0`, `""`, `false` or `[]` if not given.')


def read_vars(node: Any, free: Read, report: Report) -> dict[str, Var]:
    """The vars of a file; everything wrong goes to the report."""
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, Map):
        report.error(node, f"expected names with type and start, not {kind_of(node)}")
        return {}
    found = {str(name): _var(name, entry, free, report) for name, entry in node.items()}
    if (size := size_of({name: var.start for name, var in found.items()})) > MOST_BYTES:
        message = f"these begin with {size} bytes; the vars of a conference have at most"
        report.error(next(iter(node)), f"{message} {MOST_BYTES}")
    return found


def _var(name: Text, entry: Any, free: Read, report: Report) -> Var:
    if not re.fullmatch(_NAME, name):
        report.error(name, f"{quoted(name)}: the name of a var has letters, digits and _")
    before = report.errors
    data = load_part(VarEntry(), entry, report, "a mapping such as {type: list, start: []}")
    kind = data.get("type", "")
    if report.errors != before or "start" not in data:
        return Var(kind, FIRST.get(kind, ""))
    start = data["start"]
    value = str(start) if kind == "text" and isinstance(start, Text) else _plain(free(start))
    if type_of(value) != kind:
        where = key_of(entry, "start") if is_empty(start) else start
        report.error(where, f"expected a {kind}, not {kind_of(start)}")
    return Var(kind, tuple(value) if isinstance(value, list) else value)


def _plain(value: Any) -> Any:
    """Without templates: at the start there is nothing that they could speak of."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.text if isinstance(value, PlainText) else value


def read_assignments(
    node: Map, scope: Scope, free: Read, template: Read, report: Report
) -> dict[str, Any]:
    """What `set` sets, compiled; `template` reads a text that stays one."""
    found: dict[str, Any] = {}
    for name, value in node.items():
        kind = scope.vars.get(name)
        if kind is None:
            report.error(name, unknown_var(name, scope.vars))
            continue
        is_text = kind == "text" and isinstance(value, Text) and not is_empty(value)
        made = template(value) if is_text else free(value)
        given = _given(made)
        if kind != "any" and given not in ("", kind):
            where = name if is_empty(value) else value
            bare = is_empty(value) or given in ("", "nothing")
            what = kind_of(value) if bare else f"a {_said(given)}"
            hint = _written_otherwise(kind, value) or _hint(kind, given)
            report.error(where, f"vars.{name} is a {_said(kind)}, not {what}{hint}")
        found[str(name)] = made
    return found


def _given(made: Any) -> str:
    """The type of a compiled value; "" when only its event will tell."""
    if isinstance(made, Typed):
        kind = family(made.part.type)
        return "" if kind == "any" else kind
    if isinstance(made, PlainText | Rendered):
        return "text"
    return TYPES.get(type_of(made), "nothing")


def _said(kind: str) -> str:
    return _TYPE_OF.get(kind, kind)


def _written_otherwise(kind: str, value: Any) -> str:
    """How a number or flag is written here that other languages write so."""
    if not isinstance(value, Text):
        return ""
    if kind == "flag" and (flag := _FLAGS.get(value.lower())):
        return f"; write {flag}"
    plain = re.sub(r"(?<=\d)[_,](?=\d)", "", value)
    if kind == "number" and re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,6})?", plain, re.ASCII):
        return f"; write {plain.removeprefix('+')}" + (" without quotes" if plain == value else "")
    return ""


_FLAGS = dict.fromkeys(("true", "yes", "on"), "true") | dict.fromkeys(
    ("false", "no", "off"), "false"
)


def _hint(kind: str, given: str) -> str:
    if kind == "list" and given in ("text", "number"):
        return "; put it in [ ]"
    return '; write it as `~ ""`' if kind == "text" and given == "number" else ""


def vars_of(declared: Mapping[str, Var]) -> dict[str, str]:
    """Their names with the types that expressions know."""
    return {name: TYPES.get(var.type, "any") for name, var in declared.items()}
