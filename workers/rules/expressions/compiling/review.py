"""What is refused and what is doubted of an expression, with the place that is meant."""

import re
from typing import Any

from jinja2 import nodes

from app.callers.phones import never_a_number
from workers.rules.expressions.compiling import mistakes
from workers.rules.expressions.compiling.types import meant_by
from workers.rules.expressions.filters import FILTERS
from workers.rules.expressions.habits import doubt_of_literal
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import ExpressionError
from workers.rules.expressions.trees import family, path_of, said

_PHONES = frozenset({"phone", "phones"})


class Review:
    """Looks at the parts of one expression while they are compiled. What can never be meant raises
    `ExpressionError`; what is hardly meant is added to `doubts`, each with its offset."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.doubts: list[tuple[str, int]] = []

    def fail(self, message: str, near: str = "") -> ExpressionError:
        """The error to raise, with the place of `near` in the text."""
        found = re.search(rf"(?<![\w.]){re.escape(near)}(?!\w)", self.text) if near else None
        return ExpressionError(message, found.start() if found else max(0, self.text.find(near)))

    def refuse(self, message: str, near: str = "") -> None:
        """Fails when there is something to say."""
        if message:
            raise self.fail(message, near)

    def refuse_constant(self, word: str, *sides: Any) -> None:
        """Refuses a side of `and`, `or` or `not` that is always the same."""
        if message := mistakes.constant_side(word, sides):
            constant = next(side for side in sides if mistakes.is_constant(side))
            shown = getattr(constant, "value", "[")
            quotes = [f"{mark}{shown}{mark}" for mark in "\"'"] if isinstance(shown, str) else []
            near = next((one for one in quotes if one in self.text), str(shown))
            raise self.fail(message, near)

    def refuse_bare_word(self, node: Any) -> None:
        """A text without its quotes, on one side of a comparison."""
        for item in node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]:
            if isinstance(item, nodes.Name):
                problem = self.scope.problem([item.name]) or ""
                if "; there is: " in problem:
                    message = problem.split(";")[0] + f"; a text stands in quotes: '{item.name}'"
                    raise self.fail(message, item.name)

    def comparison(self, sign: str, *sides: tuple[Any, str]) -> None:
        """Looks at both sides of a comparison, each with its type."""
        self.refuse_comparison(sign, *sides)
        (node, left), (value, right) = sides
        if sign in ("eq", "ne") and "text" in (left, right):
            self.doubt_globs(node, value)
        if left in _PHONES or right in _PHONES:
            self.doubt_numbers(node, value)
        self.doubt_clock(node, value)
        self.doubt_clock(value, node)
        self.doubt_values(sign, node, value)
        self.doubt_values(sign, value, node)

    def doubt_values(self, sign: str, name: Any, value: Any) -> None:
        """Texts that the file does not give to the name that they are compared with."""
        path = path_of(name)
        is_part_of_text = sign in ("in", "notin") and isinstance(value, nodes.Const)
        for text in self.constants(value) if path and not is_part_of_text else ():
            if isinstance(text, str) and (message := self.scope.doubt_of_value(path, text)):
                self.doubts.append((message, max(0, self.text.find(text))))

    def doubt_clock(self, filtered: Any, value: Any) -> None:
        """A text that is held against a time of day or a date and is written otherwise."""
        name = filtered.name if isinstance(filtered, nodes.Filter) else ""
        for text in self.constants(value) if name in mistakes.CLOCK else ():
            if isinstance(text, str) and (message := mistakes.never_on_a_clock(name, text)):
                self.doubts.append((message, max(0, self.text.find(text))))

    def refuse_comparison(self, sign: str, *sides: tuple[Any, str]) -> None:
        (node, left), (value, right) = sides
        one, two = family(left), family(right)
        self.refuse(mistakes.compared_with_null(sign, sides), ".".join(path_of(node)))
        if sign in ("in", "notin"):
            self.refuse(mistakes.sought_in(node, left, value, right))
            self.refuse_list_in_quotes(value, left)
        self.refuse_impossible(node, value)
        self.refuse_impossible(value, node)
        self.refuse_ungiven(sign, node, value)
        if sign not in ("in", "notin"):
            self.refuse_ungiven(sign, value, node)
        if "any" in (one, two):
            return
        if sign in ("in", "notin"):
            if two not in ("list", "text"):
                raise self.fail(f"`in` needs a list or a text behind it, not {said(two)}")
        elif one != two or (sign not in ("eq", "ne") and one in ("flag", "list")):
            mended = meant_by((node, left), (value, right))
            raise self.fail(f"{said(one)} and {said(two)} cannot be compared{mended}")

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

    def refuse_ungiven(self, sign: str, filtered: Any, value: Any) -> None:
        """What a filter with known values never gives; they have no order either."""
        values = FILTERS[filtered.name].values if isinstance(filtered, nodes.Filter) else ()
        if not values:
            return
        if sign not in ("eq", "ne", "in", "notin"):
            written = f'`{filtered.name} in ["{values[0]}", "{values[1]}"]`'
            message = f"{filtered.name} is a text without an order; write {written}"
            raise self.fail(message, filtered.name)
        is_part_of_text = sign in ("in", "notin") and isinstance(value, nodes.Const)
        constants = [] if is_part_of_text else self.constants(value)
        self.refuse(mistakes.never_given(filtered.name, values, constants), filtered.name)

    def constants(self, node: Any) -> list[Any]:
        """The constants that stand there: one, several in a list, or those of one of `lists`."""
        if isinstance(node, nodes.List | nodes.Tuple):
            return [one for item in node.items for one in self.constants(item)]
        if isinstance(node, nodes.Const):
            return [node.value]
        path = path_of(node)
        return list(self.scope.lists.get(path[1], ())) if path[:1] == ["lists"] else []

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
