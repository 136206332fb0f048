"""From the syntax tree of an expression to functions: one method for each kind of node.

What is not in the table at the end is not part of the language.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes

from app.domain.suggest import did_you_mean, quoted
from workers.rules.expressions.bounds import joined_within
from workers.rules.expressions.compiling import mistakes, operations
from workers.rules.expressions.compiling.calls import refusal
from workers.rules.expressions.compiling.operations import Evaluate
from workers.rules.expressions.compiling.review import Review
from workers.rules.expressions.filters import (
    FILTERS,
    HINTS,
    OF_MEMBERS,
    OTHER_NAMES,
    TESTS,
    Filter,
)
from workers.rules.expressions.functions import written
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.trees import family, key_in_brackets, path_of, said
from workers.rules.vocabulary.comparing.values import LIMIT, add, bounded, subtract
from workers.rules.vocabulary.names import GROUPS, MEMBER

_Result = tuple[Evaluate, str]


class Compiler:
    """Compiles one expression; raises `ExpressionError` where it can not. Afterwards `names` are
    the names it asks about, and `review` has what is doubted of it."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.scope, self.review = scope, Review(text, scope)
        self.names: set[str] = set()
        self._joined: set[int] = set()  # parts of an `and` or `or` that is looked at as a whole

    def compile(self, node: nodes.Node | None) -> _Result:
        method = _COMPILERS.get(type(node))
        if method is None:
            raise self.review.fail(refusal(node))
        return method(self, node)

    # names

    def name(self, node: Any) -> _Result:
        path = path_of(node)
        if not path:
            return self.item(node)
        if problem := self.scope.problem(path):
            raise self.review.fail(problem, ".".join(path))
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
            raise self.review.fail(f"{said(family(kind))} has no fields")
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise self.review.fail("in [ ] stands a number or a text in quotes")
        if kind in ("members", "list", "phones") and isinstance(key, str):
            raise self.review.fail(f"a list has no fields; take one: `[0].{key[:40]}`", key)
        if kind == "member" and isinstance(key, str):
            return self.typed(operations.item(inner, key), self.field_of_member(key))
        return operations.item(inner, key), _ITEM_OF.get(kind, "any")

    def field_of_member(self, name: str) -> str:
        """The type of a field of a member; fails when there is none of that name."""
        if problem := self.scope.member_problem(name):
            raise self.review.fail(problem, name)
        return MEMBER[name].type

    # values

    def const(self, node: Any) -> _Result:
        value = node.value
        if isinstance(value, int | float) and abs(value) > LIMIT:
            raise self.review.fail("a number is too large")
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
            self.review.refuse(mistakes.contradiction(node, self.kinds()))
        return run, "flag"

    def either(self, node: Any) -> _Result:
        run = self.joined("or", node, True)
        whole = id(node) not in self._joined
        if whole and (message := mistakes.always_other(node, self.kinds())):
            self.review.doubts.append((message, 0))
        return run, "flag"

    def kinds(self) -> Mapping[str, str]:
        """The types of the names so far."""
        return {name: self.scope.type_of(name.split(".")) for name in self.names}

    def joined(self, word: str, node: Any, decisive: bool) -> Evaluate:
        parts = [part for part in (node.left, node.right) if type(part) is type(node)]
        self._joined |= set(map(id, parts))
        left, _ = self.compile(node.left)
        right, _ = self.compile(node.right)
        self.review.refuse_constant(word, node.left, node.right)
        return operations.three_valued(left, right, decisive)

    def negation(self, node: Any) -> _Result:
        inner, _ = self.compile(node.node)
        self.review.refuse_constant("not", node.node)
        return lambda fields: not inner(fields), "flag"

    def conditional(self, node: Any) -> _Result:
        if node.expr2 is None:
            raise self.review.fail("write the other case as well: a if condition else b")
        test, _ = self.compile(node.test)
        yes, one = self.compile(node.expr1)
        no, two = self.compile(node.expr2)
        kind = one if one == two else "any"
        return lambda fields: yes(fields) if test(fields) else no(fields), kind

    def comparison(self, node: Any) -> _Result:
        left, kind = self.compile(node.expr)
        steps = []
        for operand in node.ops:
            self.review.refuse_bare_word(operand.expr)
            right, other = self.compile(operand.expr)
            self.review.comparison(operand.op, (node.expr, kind), (operand.expr, other))
            steps.append((operations.comparison(operand.op, "phone" in (kind, other)), right))
            kind = other
        if len(steps) == 1:
            compare, right = steps[0]
            return lambda fields: compare(left(fields), right(fields)), "flag"
        return lambda fields: operations.chain(left(fields), steps, fields), "flag"

    # arithmetic and text

    def operation(self, node: Any) -> _Result:
        left, one = self.compile(node.left)
        right, two = self.compile(node.right)
        kinds = {family(one), family(two)} - {"any"}
        if isinstance(node, nodes.Add):
            if len(kinds) > 1 or kinds - {"number", "text", "list"}:
                message = "+ adds two numbers, two texts or two lists; ~ joins anything"
                raise self.review.fail(message)
            return lambda fields: add(left(fields), right(fields)), next(iter(kinds), "any")
        if isinstance(node, nodes.Sub) and kinds <= {"list"}:
            kind = "list" if kinds else "any"
            return lambda fields: subtract(left(fields), right(fields)), kind
        if kinds - {"number"}:
            lists = " or two lists" if isinstance(node, nodes.Sub) and "list" in kinds else ""
            raise self.review.fail(f"{node.operator} needs numbers{lists}")
        self.review.refuse(mistakes.divided(node.operator, node.right), f"{node.operator} 0")
        apply = _ARITHMETIC[node.operator]
        return lambda fields: bounded(apply, left(fields), right(fields)), "number"

    def sign(self, node: Any) -> _Result:
        inner, kind = self.compile(node.node)
        if family(kind) not in ("number", "any"):
            raise self.review.fail("a sign needs a number")
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
        self.review.refuse(mistakes.filtered(node.name, node.node, kind), node.name)
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
                never = mistakes.never_that(("member", name), MEMBER[name].values, value)
                self.review.refuse(never)
            if MEMBER[name].type == "phone":
                self.review.doubt_numbers(*node.args[1:])
                return "phones" if node.name == "pluck" else "members"
        return _GIVEN_OF_MEMBERS.get(node.name, entry.gives)

    def test(self, node: Any) -> _Result:
        entry = self.entry(node, TESTS, "test")
        inner, kind = self.compile(node.node)
        arguments = [self.compile(argument)[0] for argument in node.args]
        if node.name == "none":
            self.review.refuse(mistakes.null_test(node.node, kind), ".".join(path_of(node.node)))
        if node.name in ("defined", "undefined"):
            return operations.defined(inner, node.name == "defined"), "flag"
        self.refuse_value(node.name, entry, kind)
        if node.name in ("starting_with", "ending_with"):
            self.review.doubt_globs(*node.args)
        return operations.applied(node.name, entry.apply, inner, arguments), "flag"

    def entry(self, node: Any, table: Mapping[str, Filter], what: str) -> Filter:
        if node.name not in table:
            meant = OTHER_NAMES.get(node.name, node.name)
            is_name = node.name.partition(".")[0] in GROUPS
            hint = (
                HINTS.get(node.name)
                or (is_name and "; conditions are joined by `or`")
                or did_you_mean(meant, table)
            )
            raise self.review.fail(f"unknown {what} {quoted(node.name)}{hint}", node.name)
        entry = table[node.name]
        fewest, most = entry.arguments
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self.review.fail(f"{node.name} takes plain values in its brackets", node.name)
        if node.args and not most:
            word = "is" if table is TESTS else "|"
            message = f"{node.name} takes no value; write `{word} {node.name}`"
            raise self.review.fail(message, node.name)
        if not fewest <= len(node.args) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            values = "value" if wanted == "1" else "values"
            raise self.review.fail(f"{node.name} takes {wanted} {values} in brackets", node.name)
        return entry

    def refuse_value(self, name: str, entry: Filter, kind: str) -> None:
        if "any" not in (entry.takes, family(kind)) and family(kind) != entry.takes:
            message = f"{name} needs {said(entry.takes)}, not {said(family(kind))}"
            raise self.review.fail(message, name)


_BY_FIELD = frozenset({"where", "where_not", "pluck"})
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
