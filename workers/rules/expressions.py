"""Expressions: Jinja2's language, read by its parser, compiled here to small functions.

Only the kinds of node below exist; there is no attribute access to Python objects, no call, no
power and no statement, so an expression costs what its text is long. A field that is absent, and
an operation that has no answer, raise `Unknown`. `and` and `or` are three-valued: what is known
decides where it can.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from workers.rules.filters import FILTERS, TESTS, Filter, as_text
from workers.rules.model import Fields, Unknown
from workers.rules.scope import Scope
from workers.rules.suggest import did_you_mean, quoted
from workers.rules.values import LIMIT, add, bounded, compare_equal, in_collection

Evaluate = Callable[[Fields], Any]
MAX_LENGTH = 1000
MAX_BRACKETS = 20

ENVIRONMENT = Environment(
    autoescape=False,  # noqa: S701 - nothing is rendered by Jinja2, it only parses
    keep_trailing_newline=True,
    block_start_string="\ufdd0%",
    block_end_string="%\ufdd0",
    comment_start_string="\ufdd0#",
    comment_end_string="#\ufdd0",
)


class ExpressionError(Exception):
    """An expression cannot be used. `offset` is where, in its text, as far as that is known."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression, compiled. `type` is one of `workers.rules.names`; `names` are the dotted
    names it asks about."""

    text: str
    run: Evaluate
    type: str
    names: frozenset[str] = frozenset()

    def evaluate(self, fields: Fields) -> Any:
        return self.run(fields)

    def refuses(self, fields: Fields) -> str | None:
        return None if self.run(fields) else f"`{self.text}` is false"


def compile_expression(text: str, scope: Scope) -> Compiled:
    """Raises `ExpressionError`."""
    check_size(text)
    for braces in ("{{", "}}", "{%"):
        if braces in text:
            raise ExpressionError("an expression is written without braces", text.index(braces))
    parts = parse_output("{{ " + text + "\n }}")
    if len(parts) != 1 or isinstance(parts[0], nodes.Tuple):
        raise ExpressionError("expected one expression, without commas at its top")
    return compile_node(parts[0], text, scope)


def check_size(text: str) -> None:
    """Raises `ExpressionError` for what only an attack would write."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters")
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_BRACKETS:
        raise ExpressionError(f"nested deeper than {MAX_BRACKETS} brackets")


def parse_output(text: str) -> list[nodes.Expr]:
    """The parts of a text with `{{ }}`: constants are `TemplateData`."""
    try:
        body = ENVIRONMENT.parse(text).body
    except TemplateSyntaxError as error:
        said = error.message or ""
        offset = text.find("=") - 3 if "got '='" in said and text.startswith("{{ ") else 0
        raise ExpressionError(_syntax(said), max(0, offset)) from None
    except RecursionError:
        raise ExpressionError("nested too deep") from None
    except (ValueError, ArithmeticError):
        raise ExpressionError("a number in it cannot be read") from None
    parts: list[nodes.Expr] = []
    for node in body:
        if isinstance(node, nodes.Output):
            parts += node.nodes
    return parts


def _syntax(message: str) -> str:
    for sign, word in (("=", "write == to compare"), ("|", "a filter's name follows |")):
        if f"got '{sign}'" in message:
            return f"not an expression: {word}"
    if message.startswith(("unexpected '}'", "unexpected 'end of ")) or "got 'end of " in message:
        return "not an expression: it ends too early"
    words = message.replace("end of print statement", "its end").rstrip(".")
    return f"not an expression: {words[:200]}"


def compile_node(node: nodes.Node, text: str, scope: Scope) -> Compiled:
    """One expression of the syntax tree; `text` is the source that messages point into."""
    try:
        compiler = _Compiler(text, scope)
        run, kind = compiler.compile(node)
    except RecursionError:
        raise ExpressionError("nested too deep") from None
    return Compiled(" ".join(text.split()), run, kind, frozenset(compiler.names))


_Result = tuple[Evaluate, str]


class _Compiler:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.names: set[str] = set()

    def fail(self, message: str, near: str = "") -> ExpressionError:
        found = re.search(rf"(?<![\w.]){re.escape(near)}(?!\w)", self.text) if near else None
        return ExpressionError(message, found.start() if found else max(0, self.text.find(near)))

    def compile(self, node: nodes.Node | None) -> _Result:
        method = _COMPILERS.get(type(node))
        if method is None:
            raise self.fail(_refusal(node))
        return method(self, node)

    # names

    def name(self, node: Any) -> _Result:
        path = _path(node)
        if not path:
            return self.item(node)
        if problem := self.scope.problem(path):
            raise self.fail(problem, ".".join(path))
        self.names.add(".".join(path))
        if path[0] == "lists":
            items = self.scope.lists[path[1]]
            return lambda fields: items, "list"
        return _lookup(tuple(path)), self.scope.type_of(path)

    def item(self, node: Any) -> _Result:
        """`x[0]`, `x["name"]`, and `.name` of what is no plain name."""
        inner, kind = self.compile(node.node)
        named = isinstance(node, nodes.Getattr)
        if kind not in ("any", "members", "list") or (named and kind != "any"):
            raise self.fail(f"{_said(_family(kind))} has no fields")
        if named:
            return _item(inner, node.attr), "any"
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if isinstance(node.arg, nodes.Neg) and isinstance(node.arg.node, nodes.Const):
            key = -node.arg.node.value
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise self.fail("in [ ] stands a number or a text in quotes")
        return _item(inner, key), "any"

    # values

    def const(self, node: Any) -> _Result:
        value = node.value
        if isinstance(value, int | float) and abs(value) > LIMIT:
            raise self.fail("a number is too large")
        kind = {bool: "flag", int: "number", float: "number", str: "text"}.get(type(value), "any")
        return lambda fields: value, kind

    def data(self, node: Any) -> _Result:
        text = node.data
        return lambda fields: text, "text"

    def items(self, node: Any) -> _Result:
        parts = [self.compile(item)[0] for item in node.items]
        return lambda fields: tuple(part(fields) for part in parts), "list"

    # logic

    def both(self, node: Any) -> _Result:
        return _three_valued(self.compile(node.left)[0], self.compile(node.right)[0], False), "flag"

    def either(self, node: Any) -> _Result:
        return _three_valued(self.compile(node.left)[0], self.compile(node.right)[0], True), "flag"

    def negation(self, node: Any) -> _Result:
        inner, _ = self.compile(node.node)
        return lambda fields: not inner(fields), "flag"

    def conditional(self, node: Any) -> _Result:
        if node.expr2 is None:
            raise self.fail("write the other case as well: a if condition else b")
        test, yes, no = (self.compile(part)[0] for part in (node.test, node.expr1, node.expr2))
        return lambda fields: yes(fields) if test(fields) else no(fields), "any"

    def comparison(self, node: Any) -> _Result:
        left, kind = self.compile(node.expr)
        steps = []
        for operand in node.ops:
            right, other = self.compile(operand.expr)
            self.refuse_comparison(operand.op, kind, other, operand.expr)
            steps.append((_comparison(operand.op, "phone" in (kind, other)), right))
            kind = other
        if len(steps) == 1:
            compare, right = steps[0]
            return lambda fields: compare(left(fields), right(fields)), "flag"
        return lambda fields: _chain(left(fields), steps, fields), "flag"

    def refuse_comparison(self, sign: str, left: str, right: str, node: Any) -> None:
        one, two = _family(left), _family(right)
        if "any" in (one, two):
            return
        if sign in ("in", "notin"):
            if two not in ("list", "text"):
                raise self.fail(f"`in` needs a list or a text behind it, not {_said(two)}")
        elif one != two or (sign not in ("eq", "ne") and one in ("flag", "list")):
            raise self.fail(f"{_said(one)} and {_said(two)} cannot be compared" + _hint(node))

    # arithmetic and text

    def operation(self, node: Any) -> _Result:
        left, one = self.compile(node.left)
        right, two = self.compile(node.right)
        kinds = {_family(one), _family(two)} - {"any"}
        if isinstance(node, nodes.Add):
            if len(kinds) > 1 or kinds - {"number", "text"}:
                raise self.fail("+ adds two numbers or two texts; ~ joins anything")
            return lambda fields: add(left(fields), right(fields)), next(iter(kinds), "any")
        if kinds - {"number"}:
            raise self.fail(f"{node.operator} needs numbers")
        apply = _ARITHMETIC[node.operator]
        return lambda fields: bounded(apply, left(fields), right(fields)), "number"

    def sign(self, node: Any) -> _Result:
        inner, kind = self.compile(node.node)
        if _family(kind) not in ("number", "any"):
            raise self.fail("a sign needs a number")
        factor = -1 if isinstance(node, nodes.Neg) else 1
        return lambda fields: bounded(operator.mul, inner(fields), factor), "number"

    def concatenation(self, node: Any) -> _Result:
        parts = [self.compile(part)[0] for part in node.nodes]
        return lambda fields: "".join(as_text(part(fields)) for part in parts), "text"

    # filters and tests

    def filter(self, node: Any) -> _Result:
        entry = self.entry(node, FILTERS, "filter")
        inner, kind = self.compile(node.node)
        arguments = [self.compile(argument)[0] for argument in node.args]
        self.refuse_value(node.name, entry, kind)
        if node.name == "default":
            return _default(inner, arguments[0]), kind
        apply = entry.apply
        if entry.zoned:
            zone = self.scope.zone
            return _applied(node.name, lambda *values: apply(zone, *values), inner, arguments), (
                entry.gives
            )
        return _applied(node.name, apply, inner, arguments), entry.gives

    def test(self, node: Any) -> _Result:
        entry = self.entry(node, TESTS, "test")
        inner, kind = self.compile(node.node)
        arguments = [self.compile(argument)[0] for argument in node.args]
        if node.name in ("defined", "undefined"):
            return _defined(inner, node.name == "defined"), "flag"
        self.refuse_value(node.name, entry, kind)
        return _applied(node.name, entry.apply, inner, arguments), "flag"

    def entry(self, node: Any, table: Mapping[str, Filter], what: str) -> Filter:
        if node.name not in table:
            message = f"unknown {what} {quoted(node.name)}" + did_you_mean(node.name, table)
            raise self.fail(message, node.name)
        entry = table[node.name]
        fewest, most = entry.arguments
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self.fail(f"{node.name} takes plain values in its brackets", node.name)
        if not fewest <= len(node.args) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            values = "value" if wanted == "1" else "values"
            raise self.fail(f"{node.name} takes {wanted} {values} in brackets", node.name)
        return entry

    def refuse_value(self, name: str, entry: Filter, kind: str) -> None:
        if "any" not in (entry.takes, _family(kind)) and _family(kind) != entry.takes:
            raise self.fail(f"{name} needs {_said(entry.takes)}, not {_said(_family(kind))}", name)


_COMPILERS: Mapping[type, Callable[[_Compiler, Any], _Result]] = {
    nodes.Name: _Compiler.name,
    nodes.Getattr: _Compiler.name,
    nodes.Getitem: _Compiler.name,
    nodes.Const: _Compiler.const,
    nodes.TemplateData: _Compiler.data,
    nodes.List: _Compiler.items,
    nodes.Tuple: _Compiler.items,
    nodes.And: _Compiler.both,
    nodes.Or: _Compiler.either,
    nodes.Not: _Compiler.negation,
    nodes.CondExpr: _Compiler.conditional,
    nodes.Compare: _Compiler.comparison,
    nodes.Add: _Compiler.operation,
    nodes.Sub: _Compiler.operation,
    nodes.Mul: _Compiler.operation,
    nodes.Div: _Compiler.operation,
    nodes.FloorDiv: _Compiler.operation,
    nodes.Mod: _Compiler.operation,
    nodes.Neg: _Compiler.sign,
    nodes.Pos: _Compiler.sign,
    nodes.Concat: _Compiler.concatenation,
    nodes.Filter: _Compiler.filter,
    nodes.Test: _Compiler.test,
}

_ARITHMETIC = {
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER = {"lt": operator.lt, "lteq": operator.le, "gt": operator.gt, "gteq": operator.ge}


def _refusal(node: nodes.Node | None) -> str:
    if isinstance(node, nodes.Call):
        called = node.node
        tests = {"startswith": "starting_with", "endswith": "ending_with"}
        if isinstance(called, nodes.Getattr) and called.attr in tests:
            return f"functions cannot be called; write `is {tests[called.attr]}(...)`"
        if isinstance(called, nodes.Getattr) and called.attr in FILTERS:
            return f"functions cannot be called; write `| {called.attr}`"
        return "functions cannot be called; there are filters, such as `| default(0)`"
    if isinstance(node, nodes.Pow):
        return "** is not part of the language"
    return f"{type(node).__name__.lower()} is not part of the language"


def _path(node: Any) -> list[str]:
    """`a.b["c"]` as its names; empty when it does not begin with a name."""
    names: list[str] = []
    while True:
        if isinstance(node, nodes.Name):
            return [node.name, *reversed(names)]
        if isinstance(node, nodes.Getattr):
            names.append(node.attr)
        elif (
            isinstance(node, nodes.Getitem)
            and isinstance(node.arg, nodes.Const)
            and isinstance(node.arg.value, str)
        ):
            names.append(node.arg.value)
        else:
            return []
        node = node.node


def _lookup(path: Sequence[str]) -> Evaluate:
    dotted = ".".join(path)

    def look_up(fields: Fields) -> Any:
        value: Any = fields
        for name in path:
            if not isinstance(value, Mapping) or name not in value:
                raise Unknown(f"{dotted} is absent")
            value = value[name]
        return value

    return look_up


def _item(inner: Evaluate, key: str | int) -> Evaluate:
    def item(fields: Fields) -> Any:
        value = inner(fields)
        if isinstance(value, Mapping) and isinstance(key, str) and key in value:
            return value[key]
        if (
            isinstance(value, list | tuple)
            and isinstance(key, int)
            and (-len(value) <= key < len(value))
        ):
            return value[key]
        raise Unknown(f"[{key!r}] is absent")

    return item


def _three_valued(left: Evaluate, right: Evaluate, decisive: bool) -> Evaluate:
    """`or` when `decisive` is True, `and` when it is False."""

    def decide(fields: Fields) -> bool:
        try:
            first = bool(left(fields))
        except Unknown:
            if bool(right(fields)) is decisive:
                return decisive
            raise
        return decisive if first is decisive else bool(right(fields))

    return decide


def _comparison(sign: str, phone: bool) -> Callable[[Any, Any], bool]:
    if sign in ("eq", "ne"):
        return lambda left, right: compare_equal(left, right, phone) is (sign == "eq")
    if sign in ("in", "notin"):
        return lambda left, right: in_collection(left, right, phone) is (sign == "in")
    apply = _ORDER[sign]

    def compare(left: Any, right: Any) -> bool:
        try:
            return bool(apply(left, right))
        except TypeError:
            raise Unknown(f"{as_text(left)!r} and {as_text(right)!r} have no order") from None

    return compare


def _chain(
    left: Any, steps: list[tuple[Callable[[Any, Any], bool], Evaluate]], fields: Fields
) -> bool:
    for compare, right in steps:
        value = right(fields)
        if not compare(left, value):
            return False
        left = value
    return True


def _applied(
    name: str, apply: Callable[..., Any], inner: Evaluate, arguments: Sequence[Evaluate]
) -> Evaluate:
    def run(fields: Fields) -> Any:
        value = inner(fields)
        others = [argument(fields) for argument in arguments]
        try:
            return apply(value, *others)
        except (ValueError, TypeError, ArithmeticError, LookupError) as error:
            raise Unknown(f"{name} has no answer for {quoted(as_text(value))}: {error}") from None

    return run


def _default(inner: Evaluate, other: Evaluate) -> Evaluate:
    def run(fields: Fields) -> Any:
        try:
            return inner(fields)
        except Unknown:
            return other(fields)

    return run


def _defined(inner: Evaluate, wanted: bool) -> Evaluate:
    def run(fields: Fields) -> bool:
        try:
            inner(fields)
        except Unknown:
            return not wanted
        return wanted

    return run


def _family(kind: str) -> str:
    return {
        "seconds": "number",
        "time": "number",
        "phone": "text",
        "digits": "text",
        "members": "list",
    }.get(kind, kind)


def _said(family: str) -> str:
    return {"flag": "true or false"}.get(family, f"a {family}")


def _hint(node: Any) -> str:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return f"; write {node.value} without quotes" if node.value.isdigit() else ""
    return "; put the text in quotes" if isinstance(node, nodes.Const) else ""
