"""Expressions: Jinja2's language, read by its parser, compiled to small functions.

Only the kinds of node below exist; there is no attribute access to Python objects, no call, no
power and no statement, so an expression costs what its text is long. A field that is absent, and
an operation that has no answer, raise `Unknown`. `and` and `or` are three-valued: what is known
decides where it can.
"""

from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from workers.rules.expressions.compiling.compiler import Compiler
from workers.rules.expressions.compiling.mistakes import constant_whole
from workers.rules.expressions.compiling.operations import Evaluate
from workers.rules.expressions.conditions import Literals, literal_key
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import ExpressionError, check_size, parse_expression
from workers.rules.expressions.trees import path_of, spelled_out
from workers.rules.vocabulary.model import Fields


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression, compiled. `type` is one of `workers.rules.vocabulary.names`; `names`
    are the dotted names it asks about; `literals` are texts that some of them must
    have for it to hold; `meaning` is the same for all spellings of the same expression."""

    text: str
    run: Evaluate
    type: str
    names: frozenset[str] = frozenset()
    literals: tuple[Literals, ...] = ()
    meaning: str = ""
    doubts: tuple[tuple[str, int], ...] = ()
    """What can be written and is hardly meant, each with its offset in the text."""

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
    parts = parse_expression(text)
    if len(parts) != 1 or isinstance(parts[0], nodes.Tuple):
        raise ExpressionError(
            "expected one expression, without commas at its top; several values stand in [ ]"
        )
    if message := constant_whole(parts[0]):
        raise ExpressionError(message)
    return compile_node(parts[0], text, scope)


def compile_node(node: nodes.Node, text: str, scope: Scope) -> Compiled:
    """One expression of the syntax tree; `text` is the source that messages point into."""
    try:
        compiler = Compiler(text, scope)
        run, kind = compiler.compile(node)
    except RecursionError:
        raise ExpressionError("nested too deep") from None
    names = frozenset(compiler.names)
    shown, meaning = " ".join(text.split()), spelled_out(node)
    doubts = tuple(compiler.review.doubts)
    return Compiled(shown, run, kind, names, _literals(node, scope), meaning, doubts)


def _literals(node: nodes.Node, scope: Scope) -> tuple[Literals, ...]:
    """Of `name == "text"`, alone or joined to others by `and`: one that is false decides."""
    if isinstance(node, nodes.And):
        return _literals(node.left, scope) + _literals(node.right, scope)
    if not isinstance(node, nodes.Compare) or [one.op for one in node.ops] != ["eq"]:
        return ()
    sides = (node.expr, node.ops[0].expr)
    texts = [one.value for one in sides if isinstance(one, nodes.Const)]
    path = next((found for one in sides if (found := path_of(one))), None)
    if path is None or len(texts) != 1 or not isinstance(texts[0], str) or path[0] == "lists":
        return ()
    kind = scope.type_of(path)
    return (Literals(tuple(path), kind, frozenset({literal_key(texts[0], kind)})),)
