"""From the syntax tree of an expression to functions: one method for each kind of node.

What is not in the table at the end is not part of the language.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from app.callers.phones import never_a_number
from app.domain.suggest import did_you_mean, quoted
from workers.rules.expressions import mistakes, operations
from workers.rules.expressions.bounds import joined_within
from workers.rules.expressions.filters import FILTERS, OF_MEMBERS, OTHER_NAMES, TESTS, Filter
from workers.rules.expressions.functions import written
from workers.rules.expressions.habits import doubt_of_literal
from workers.rules.expressions.operations import Evaluate
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.expressions.trees import family, hint, key_in_brackets, path_of, refusal, said
from workers.rules.vocabulary.names import MEMBER
from workers.rules.vocabulary.values import LIMIT, add, bounded, subtract

_Result = tuple[Evaluate, str]


class Compiler:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.names: set[str] = set()
        self.doubts: list[tuple[str, int]] = []
        self._joined: set[int] = set()  # parts of an `and` or `or` that is looked at as a whole

    def fail(self, message: str, near: str = "") -> ExpressionError:
        found = re.search(rf"(?<![\w.]){re.escape(near)}(?!\w)", self.text) if near else None
        return ExpressionError(message, found.start() if found else max(0, self.text.find(near)))

    def refuse(self, message: str, near: str = "") -> None:
        """Fails when there is something to say."""
        if message:
            raise self.fail(message, near)

    def compile(self, node: nodes.Node | None) -> _Result:
        method = _COMPILERS.get(type(node))
        if method is None:
            raise self.fail(refusal(node))
        return method(self, node)

    # names

    def name(self, node: Any) -> _Result:
        path = path_of(node)
        if not path:
            return self.item(node)
        if problem := self.scope.problem(path):
            raise self.fail(problem, ".".join(path))
        self.names.add(".".join(path))
        if path[0] == "lists":
            items = self.scope.lists[path[1]]
            return lambda fields: items, "list"
        return self.typed(operations.lookup(tuple(path)), self.scope.type_of(path))

    def typed(self, run: Evaluate, kind: str) -> _Result:
        return (operations.as_phone(run) if kind == "phone" else run), kind

    def item(self, node: Any) -> _Result:
        """`x[0]`, `x["name"]`, and `.name` of what is no plain name."""
        inner, kind = self.compile(node.node)
        key = key_in_brackets(node)
        if kind not in ("any", "member", "members", "list", "phones"):
            raise self.fail(f"{said(family(kind))} has no fields")
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise self.fail("in [ ] stands a number or a text in quotes")
        if kind in ("members", "list", "phones") and isinstance(key, str):
            raise self.fail(f"a list has no fields; take one: `[0].{key[:40]}`", key)
        if kind == "member" and isinstance(key, str):
            return self.typed(operations.item(inner, key), self.field_of_member(key))
        return operations.item(inner, key), _ITEM_OF.get(kind, "any")

    def field_of_member(self, name: str) -> str:
        """The type of a field of a member; fails when there is none of that name."""
        if problem := self.scope.member_problem(name):
            raise self.fail(problem, name)
        return MEMBER[name].type

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
        run = self.joined("and", node, False)
        if id(node) not in self._joined:
            self.refuse(mistakes.contradiction(node, self.kinds()))
        return run, "flag"

    def either(self, node: Any) -> _Result:
        run = self.joined("or", node, True)
        whole = id(node) not in self._joined
        if whole and (message := mistakes.always_other(node, self.kinds())):
            self.doubts.append((message, 0))
        return run, "flag"

    def kinds(self) -> Mapping[str, str]:
        """The types of the names so far."""
        return {name: self.scope.type_of(name.split(".")) for name in self.names}

    def joined(self, word: str, node: Any, decisive: bool) -> Evaluate:
        parts = [part for part in (node.left, node.right) if type(part) is type(node)]
        self._joined |= set(map(id, parts))
        left, _ = self.compile(node.left)
        right, _ = self.compile(node.right)
        self.refuse_constant(word, node.left, node.right)
        return operations.three_valued(left, right, decisive)

    def refuse_constant(self, word: str, *sides: Any) -> None:
        if message := mistakes.constant_side(word, sides):
            constant = next(side for side in sides if mistakes.is_constant(side))
            shown = getattr(constant, "value", "[")
            quotes = [f"{mark}{shown}{mark}" for mark in "\"'"] if isinstance(shown, str) else []
            near = next((one for one in quotes if one in self.text), str(shown))
            raise self.fail(message, near)

    def negation(self, node: Any) -> _Result:
        inner, _ = self.compile(node.node)
        self.refuse_constant("not", node.node)
        return lambda fields: not inner(fields), "flag"

    def conditional(self, node: Any) -> _Result:
        if node.expr2 is None:
            raise self.fail("write the other case as well: a if condition else b")
        test, _ = self.compile(node.test)
        yes, one = self.compile(node.expr1)
        no, two = self.compile(node.expr2)
        kind = one if one == two else "any"
        return lambda fields: yes(fields) if test(fields) else no(fields), kind

    def comparison(self, node: Any) -> _Result:
        left, kind = self.compile(node.expr)
        steps = []
        for operand in node.ops:
            right, other = self.compile(operand.expr)
            sides = ((node.expr, kind), (operand.expr, other))
            self.refuse_comparison(operand.op, *sides)
            if operand.op in ("eq", "ne") and "text" in (kind, other):
                self.doubt_globs(node.expr, operand.expr)
            if kind in _PHONES or other in _PHONES:
                self.doubt_numbers(node.expr, operand.expr)
            steps.append((operations.comparison(operand.op, "phone" in (kind, other)), right))
            kind = other
        if len(steps) == 1:
            compare, right = steps[0]
            return lambda fields: compare(left(fields), right(fields)), "flag"
        return lambda fields: operations.chain(left(fields), steps, fields), "flag"

    def refuse_comparison(self, sign: str, *sides: tuple[Any, str]) -> None:
        (node, left), (value, right) = sides
        one, two = family(left), family(right)
        self.refuse(mistakes.compared_with_null(sign, sides), ".".join(path_of(node)))
        if sign in ("in", "notin"):
            self.refuse(mistakes.sought_in(node, left, value, right))
            self.refuse_list_in_quotes(value, left)
        self.refuse_impossible(node, value)
        self.refuse_impossible(value, node)
        if "any" in (one, two):
            return
        if sign in ("in", "notin"):
            if two not in ("list", "text"):
                raise self.fail(f"`in` needs a list or a text behind it, not {said(two)}")
        elif one != two or (sign not in ("eq", "ne") and one in ("flag", "list")):
            raise self.fail(f"{said(one)} and {said(two)} cannot be compared" + hint(value))

    def refuse_list_in_quotes(self, value: Any, kind: str) -> None:
        """No number is a part of a name, another text may be."""
        if message := mistakes.list_in_quotes(value, self.scope.lists):
            error = self.fail(message, value.value)
            if kind == "phone":
                raise error
            self.doubts.append((message, error.offset))

    def refuse_impossible(self, name: Any, value: Any) -> None:
        """A text that a field with known values never is."""
        if path := path_of(name):
            message = mistakes.never_that(path, self.scope.values_of(path), value)
            self.refuse(message, ".".join(path))

    def doubt_numbers(self, *written: Any) -> None:
        """Texts that are held against telephone numbers and never equal one."""
        for node in written:
            if isinstance(node, nodes.List | nodes.Tuple):
                self.doubt_numbers(*node.items)
            elif isinstance(node, nodes.Const) and isinstance(node.value, str):
                self.doubt_number(node.value, node.value)
            elif (path := path_of(node)) and path[0] == "lists":
                for item in self.scope.lists.get(path[1], ()):
                    self.doubt_number(item, ".".join(path))

    def doubt_globs(self, *written: Any) -> None:
        """Texts with a `*` that is compared as it is."""
        for node in written:
            text = node.value if isinstance(node, nodes.Const) else None
            if isinstance(text, str) and (message := doubt_of_literal(text)):
                self.doubts.append((message, max(0, self.text.find(text))))

    def doubt_number(self, text: str, near: str) -> None:
        if message := never_a_number(text):
            self.doubts.append((message, max(0, self.text.find(near))))

    # arithmetic and text

    def operation(self, node: Any) -> _Result:
        left, one = self.compile(node.left)
        right, two = self.compile(node.right)
        kinds = {family(one), family(two)} - {"any"}
        if isinstance(node, nodes.Add):
            if len(kinds) > 1 or kinds - {"number", "text", "list"}:
                raise self.fail("+ adds two numbers, two texts or two lists; ~ joins anything")
            return lambda fields: add(left(fields), right(fields)), next(iter(kinds), "any")
        if isinstance(node, nodes.Sub) and kinds <= {"list"}:
            kind = "list" if kinds else "any"
            return lambda fields: subtract(left(fields), right(fields)), kind
        if kinds - {"number"}:
            lists = " or two lists" if isinstance(node, nodes.Sub) and "list" in kinds else ""
            raise self.fail(f"{node.operator} needs numbers{lists}")
        self.refuse(mistakes.divided(node.operator, node.right), f"{node.operator} 0")
        apply = _ARITHMETIC[node.operator]
        return lambda fields: bounded(apply, left(fields), right(fields)), "number"

    def sign(self, node: Any) -> _Result:
        inner, kind = self.compile(node.node)
        if family(kind) not in ("number", "any"):
            raise self.fail("a sign needs a number")
        factor = -1 if isinstance(node, nodes.Neg) else 1
        return lambda fields: bounded(operator.mul, inner(fields), factor), "number"

    def concatenation(self, node: Any) -> _Result:
        parts = [self.compile(part)[0] for part in node.nodes]
        return lambda fields: joined_within([written(part(fields)) for part in parts]), "text"

    # filters and tests

    def filter(self, node: Any) -> _Result:
        entry = self.entry(node, FILTERS, "filter")
        inner, kind = self.compile(node.node)
        arguments = [self.compile(argument)[0] for argument in node.args]
        self.refuse_value(node.name, entry, kind)
        self.refuse(mistakes.filtered(node.name, node.node, kind), node.name)
        if node.name == "default":
            return operations.default(inner, arguments[0]), kind
        gives = self.of_members(node, entry) if kind == "members" else entry.gives
        if kind == "phones" and node.name in ("first", "last"):
            gives = "phone"
        apply = OF_MEMBERS.get(node.name, entry.apply) if kind == "members" else entry.apply
        if entry.zoned:
            zone = self.scope.zone
            return operations.applied(
                node.name, lambda *values: apply(zone, *values), inner, arguments
            ), gives
        return operations.applied(node.name, apply, inner, arguments), gives

    def of_members(self, node: Any, entry: Filter) -> str:
        """What a filter makes of a list of members; the field it names must be one of theirs."""
        if node.name in _BY_FIELD and isinstance(node.args[0], nodes.Const):
            name = str(node.args[0].value)
            self.field_of_member(name)
            for value in node.args[1:]:
                self.refuse(mistakes.never_that(("member", name), MEMBER[name].values, value))
            if MEMBER[name].type == "phone":
                self.doubt_numbers(*node.args[1:])
                return "phones" if node.name == "pluck" else "members"
        return _GIVEN_OF_MEMBERS.get(node.name, entry.gives)

    def test(self, node: Any) -> _Result:
        entry = self.entry(node, TESTS, "test")
        inner, kind = self.compile(node.node)
        arguments = [self.compile(argument)[0] for argument in node.args]
        if node.name == "none":
            self.refuse(mistakes.null_test(node.node, kind), ".".join(path_of(node.node)))
        if node.name in ("defined", "undefined"):
            return operations.defined(inner, node.name == "defined"), "flag"
        self.refuse_value(node.name, entry, kind)
        if node.name in ("starting_with", "ending_with"):
            self.doubt_globs(*node.args)
        return operations.applied(node.name, entry.apply, inner, arguments), "flag"

    def entry(self, node: Any, table: Mapping[str, Filter], what: str) -> Filter:
        if node.name not in table:
            meant = OTHER_NAMES.get(node.name, node.name)
            message = f"unknown {what} {quoted(node.name)}" + did_you_mean(meant, table)
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
        if "any" not in (entry.takes, family(kind)) and family(kind) != entry.takes:
            raise self.fail(f"{name} needs {said(entry.takes)}, not {said(family(kind))}", name)


_BY_FIELD = frozenset({"where", "where_not", "pluck"})
_PHONES = frozenset({"phone", "phones"})
_ITEM_OF = {"members": "member", "phones": "phone"}
_GIVEN_OF_MEMBERS = {
    "where": "members",
    "where_not": "members",
    "first": "member",
    "last": "member",
}

_COMPILERS: Mapping[type, Callable[[Compiler, Any], _Result]] = {
    nodes.Name: Compiler.name,
    nodes.Getattr: Compiler.name,
    nodes.Getitem: Compiler.name,
    nodes.Const: Compiler.const,
    nodes.TemplateData: Compiler.data,
    nodes.List: Compiler.items,
    nodes.Tuple: Compiler.items,
    nodes.And: Compiler.both,
    nodes.Or: Compiler.either,
    nodes.Not: Compiler.negation,
    nodes.CondExpr: Compiler.conditional,
    nodes.Compare: Compiler.comparison,
    nodes.Add: Compiler.operation,
    nodes.Sub: Compiler.operation,
    nodes.Mul: Compiler.operation,
    nodes.Div: Compiler.operation,
    nodes.FloorDiv: Compiler.operation,
    nodes.Mod: Compiler.operation,
    nodes.Neg: Compiler.sign,
    nodes.Pos: Compiler.sign,
    nodes.Concat: Compiler.concatenation,
    nodes.Filter: Compiler.filter,
    nodes.Test: Compiler.test,
}

_ARITHMETIC = {
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
