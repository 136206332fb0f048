"""What is an expression and still can never be meant: read off its syntax tree, before it runs.

Each function returns what to say, with what to write instead, or "" when there is nothing to say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from app.callers.phones import plain_phone
from app.domain.suggest import did_you_mean, quoted
from workers.rules.expressions.functions import as_text, to_number
from workers.rules.expressions.trees import family, path_of, said
from workers.rules.vocabulary.actions import ACTIONS, VERBS
from workers.rules.vocabulary.names import MEMBER

MAX_COMPARISONS = 100
_SIGNS: Mapping[str, str] = {"eq": "==", "ne": "!="}
_TURNED: Mapping[str, str] = {"lt": "gt", "lteq": "gteq", "gt": "lt", "gteq": "lteq"}
_ONE_OF: Mapping[str, str] = {"eq": "in", "in": "in", "ne": "not in", "notin": "not in"}
_BOUNDS = frozenset((*_TURNED, "eq"))
_FAILED_ACTIONS = frozenset((*ACTIONS, *VERBS))
_MEASURED = frozenset({"text", "list", "any"})


def is_constant(node: Any) -> bool:
    """Whether it is a text, number or list that is written out: always true, or always false."""
    if isinstance(node, nodes.Const):
        return isinstance(node.value, str | int | float) and not isinstance(node.value, bool)
    return isinstance(node, nodes.List | nodes.Tuple)


def constant_side(word: str, sides: Sequence[Any]) -> str:
    """`member.role == "host" or "moderator"`: of `and`, `or` and `not`."""
    constant = next((side for side in sides if is_constant(side)), None)
    if constant is None:
        return ""
    always = f"this side is always {'true' if _truth(constant) else 'false'}"
    if word == "not":
        return f"not {_written(constant)} is always the same; write a comparison"
    other = next((side for side in sides if side is not constant), None)
    compared = _last_comparison(other)
    if compared is None:
        default = f"; for what is absent write `| default({_written(constant)})`"
        return f"`{word}` gives true or false, and {always}" + (default if word == "or" else "")
    path, sign, known = compared
    items = ", ".join(dict.fromkeys([*known, *_items(constant)]))
    written = f"`{path} {_ONE_OF[sign]} [{items}]`"
    repeat = f"repeat `{path} {_SIGNS[sign]}`, or " if sign in _SIGNS else ""
    return f"{always}; {repeat}write {written}"


def constant_whole(node: Any) -> str:
    """A text alone as a condition."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        always = "true" if node.value else "false"
        return (
            f"a text alone is always {always}; compare it, as in `member.role == {_written(node)}`"
        )
    return ""


def compared_with_null(sign: str, sides: Sequence[tuple[Any, str]]) -> str:
    """What is absent is unknown, not null: only JSON from outside can be null."""
    for (node, _), (other, kind) in (sides, sides[::-1]):
        is_null = isinstance(node, nodes.Const) and node.value is None
        if is_null and sign in _SIGNS:
            return null_test(other, kind, ("not " if sign == "eq" else "",))
    return ""


def null_test(node: Any, kind: str, words: Sequence[str] = ("not ", "")) -> str:
    """`x is none` of what is never null."""
    path = path_of(node)
    if not path or family(kind) == "any":
        return ""
    name = ".".join(path)
    if path[0] == "vars":
        return f"{name} is never null: until it is set it is its `start`"
    written = " or ".join(f"`{name} is {word}defined`" for word in words)
    return f"{name} is never null, but absent; write {written}"


def list_in_quotes(where: Any, lists: Mapping[str, Any]) -> str:
    """`member.from in "hosts"`."""
    if isinstance(where, nodes.Const) and isinstance(where.value, str) and where.value in lists:
        return f"{_written(where)} is a text; write lists.{where.value} for the list"
    return ""


def sought_in(node: Any, kind: str, where: Any, other: str) -> str:
    """`member.id in conference.members`."""
    if other == "members" and family(kind) != "any":
        path = path_of(node)
        field = path[1] if len(path) == 2 and path[1] in MEMBER else "id"
        of = ".".join(path_of(where)) or "(...)"
        return f'these are members, none is a {family(kind)}; write `{of} | pluck("{field}")`'
    return ""


def never_that(path: Sequence[str], values: Sequence[str], node: Any) -> str:
    """A text that a field never is whose values are known."""
    for item in node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]:
        if not isinstance(item, nodes.Const) or not isinstance(item.value, str):
            continue
        dotted = ".".join(path)
        if values and item.value not in values:
            return f"{dotted} is {' or '.join(values)}, never {quoted(item.value)}"
        if dotted == "failure.action" and item.value and item.value not in _FAILED_ACTIONS:
            near = did_you_mean(item.value, _FAILED_ACTIONS)
            near = near if "did you mean" in near else ""
            return f"failure.action is never {quoted(item.value)}: no action is called that{near}"
    return ""


CLOCK: Mapping[str, tuple[str, str]] = {
    "time": (r"([01]\d|2[0-3])(:[0-5]\d)?|24:00", "18:05"),
    "date": (r"\d{4}(-[01]\d(-[0-3]\d)?)?", "2026-01-31"),
}
"""How filters write what a clock shows, with an example; texts are compared letter by letter."""


def never_on_a_clock(name: str, text: str) -> str:
    """A text that is compared with what such a filter gives, and is in another form."""
    shape, example = CLOCK[name]
    if re.fullmatch(shape, text, re.ASCII):
        return ""
    return f"{name} is a text like {example!r}; {quoted(text)} is in another form"


def never_given(name: str, values: Sequence[str], items: Sequence[Any]) -> str:
    """What a filter never gives, of constants that it is compared with."""
    for item in items:
        if values and item not in values:
            return f"{name} is {', '.join(values[:-1])} or {values[-1]}, never " + (
                quoted(item) + _nearest_day(item, values)
                if isinstance(item, str)
                else as_text(item)
            )
    return ""


def _nearest_day(written: str, values: Sequence[str]) -> str:
    """`Mon`, `Mo` and `MONDAY` begin as the day does."""
    begun = [one for one in values if len(written) > 1 and one.startswith(written.lower()[:3])]
    near = f"; did you mean {begun[0]!r}?" if begun else did_you_mean(written.lower(), values)
    return near if "did you mean" in near else ""


def filtered(name: str, node: Any, kind: str) -> str:
    """A filter that has no answer for a value of that kind."""
    if name == "length" and family(kind) not in _MEASURED:
        return f"length needs a text or a list, not {said(family(kind))}"
    if name == "number" and family(kind) in ("list", "flag"):
        return f"number needs a text or a number, not {said(family(kind))}"
    if name == "number" and isinstance(node, nodes.Const) and isinstance(node.value, str):
        try:
            to_number(node.value)
        except ValueError:
            return f"{_written(node)} is no number"
    return ""


def divided(sign: str, by: Any) -> str:
    """A division by a 0 that is written out."""
    if sign in ("/", "//", "%") and isinstance(by, nodes.Const) and by.value in (0, 0.0):
        return "a division by 0 has no answer"
    return ""


def contradiction(node: Any, kinds: Mapping[str, str]) -> str:
    """Of all that `and` joins: comparisons of the same name that exclude each other. `kinds` are
    the types of the names."""
    left: dict[str, tuple[frozenset[Any], str]] = {}
    compared = [(p, s, v) for p, s, v in _comparisons(node, nodes.And) if s in _ONE_OF]
    for path, sign, values in sorted(compared, key=lambda one: _ONE_OF[one[1]] == "not in"):
        keys = frozenset(_key(value, kinds.get(path, "any")) for value in values)
        is_one = _ONE_OF[sign] == "in"
        written = ("" if is_one else "not ") + " or ".join(map(_shown, values))
        if path in left:
            known, first = left[path]
            left[path] = (known & keys if is_one else known - keys, first)
            if not left[path][0]:
                return f"this can never hold: {path} cannot be {first} and {written} at once"
        elif is_one and keys:
            left[path] = (keys, written)
    bounds: dict[str, dict[str, float]] = {}
    for path, sign, values in _comparisons(node, nodes.And):
        is_bound = sign in _BOUNDS and _is_number(values[0])
        if is_bound and _narrow(bounds.setdefault(path, {}), sign, values[0]):
            return f"this can never hold: no {path} is within both bounds"
    return ""


def always_other(node: Any, kinds: Mapping[str, str]) -> str:
    """`x != "a" or x != "b"`: whatever it is, it is not both."""
    seen: dict[str, list[Any]] = {}
    for path, sign, values in _comparisons(node, nodes.Or):
        if sign != "ne":
            continue
        others = seen.setdefault(path, [])
        others.append(values[0])
        kind = kinds.get(path, "any")
        if len({_key(value, kind) for value in others}) > 1:
            items = ", ".join(_written(nodes.Const(value)) for value in others)
            return f"this is true of every {path}; write `{path} not in [{items}]`"
    return ""


def _key(value: Any, kind: str) -> tuple[bool, Any]:
    """Equal for constants that compare as equal."""
    return isinstance(value, bool), plain_phone(value) if kind == "phone" else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else as_text(value)


def _narrow(bounds: dict[str, float], sign: str, value: float) -> bool:
    """Adds a bound; whether no number is within all of them any more."""
    if sign in ("gt", "gteq", "eq"):
        bounds["low"] = max(value, bounds.get("low", value))
    if sign in ("lt", "lteq", "eq"):
        bounds["high"] = min(value, bounds.get("high", value))
    if sign in ("gt", "lt"):
        bounds[sign] = (max if sign == "gt" else min)(value, bounds.get(sign, value))
    low, high = bounds.get("low"), bounds.get("high")
    if low is None or high is None or low < high:
        return False
    return low > high or bounds.get("gt") == low or bounds.get("lt") == high


def _comparisons(node: Any, joint: type[nodes.BinExpr]) -> Iterator[tuple[str, str, list[Any]]]:
    """The comparisons of a plain name with constants that `and` (or `or`) joins, the name first;
    several constants only of `in` and `not in`."""
    left, number = [node], 0
    while left and number < MAX_COMPARISONS:
        part: Any = left.pop()
        if isinstance(part, joint):
            left += [part.right, part.left]
            continue
        if not isinstance(part, nodes.Compare) or len(part.ops) != 1:
            continue
        number += 1
        one, sign = part.expr, part.ops[0].op
        two: Any = part.ops[0].expr
        if isinstance(one, nodes.Const) and sign not in ("in", "notin"):
            one, sign, two = two, _TURNED.get(sign, sign), one
        is_list = sign in ("in", "notin") and isinstance(two, nodes.List | nodes.Tuple)
        items: list[Any] = two.items if is_list else [two]
        alone = is_list or sign not in ("in", "notin")
        plain = alone and all(isinstance(item, nodes.Const) for item in items)
        if plain and (path := path_of(one)):
            yield ".".join(path), sign, [item.value for item in items]


def _last_comparison(node: Any) -> tuple[str, str, list[str]] | None:
    """The name that is compared last, how, and with what."""
    while isinstance(node, nodes.And | nodes.Or):
        node = node.right
    if not isinstance(node, nodes.Compare) or len(node.ops) != 1:
        return None
    name, sign, value = node.expr, node.ops[0].op, node.ops[0].expr
    if sign in _SIGNS and is_constant(name):
        name, value = value, name
    path = ".".join(path_of(name))
    if not path or sign not in _ONE_OF or not is_constant(value):
        return None
    return path, sign, _items(value)


def _items(node: Any) -> list[str]:
    items = node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]
    return [_written(item) for item in items]


def _truth(node: Any) -> bool:
    return bool(node.items if isinstance(node, nodes.List | nodes.Tuple) else node.value)


def _written(node: Any) -> str:
    """A constant as it is written; only its kind where it is none."""
    if not isinstance(node, nodes.Const):
        return "[...]" if isinstance(node, nodes.List | nodes.Tuple) else "..."
    if not isinstance(node.value, str):
        return str(node.value)
    mark = "'" if '"' in node.value else '"'
    return f"{mark}{node.value[:40]}{mark}"
