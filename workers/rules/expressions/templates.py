"""Texts with `{{ }}`, compiled once. What comes out is never read as a template again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from jinja2 import nodes

from app.domain.suggest import quoted
from workers.rules.expressions.bounds import MAX_VALUE, joined_within
from workers.rules.expressions.bounds import check_size as check_value
from workers.rules.expressions.expressions import Compiled, compile_node
from workers.rules.expressions.functions import written
from workers.rules.expressions.scope import Scope
from workers.rules.expressions.syntax import (
    ExpressionError,
    check_size,
    parse_expression,
    parse_output,
)
from workers.rules.vocabulary.model import Fields, Template, Unknown

MAX_PARTS = 50
_ENCODED_ALREADY = re.compile(r"\|\s*urlencode$")


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text without `{{ }}`."""

    text: str

    def render(self, fields: Fields) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text with `{{ }}`: the values of its parts, joined."""

    source: str
    parts: tuple[str | Compiled, ...]

    def render(self, fields: Fields) -> str:
        return str(joined_within([_written(part, fields) for part in self.parts]))


@dataclass(frozen=True, slots=True)
class Address(Rendered):
    """An address with `{{ }}`. What a caller may have chosen stays one part of it: values are
    percent-encoded, but for one at the very beginning, which is an address itself. `schemes` are
    what the whole must begin with."""

    schemes: tuple[str, ...] = ()

    def render(self, fields: Fields) -> str:
        first, *rest = self.parts
        texts = [part if isinstance(part, str) else _encoded(part, fields) for part in rest]
        text = str(joined_within([_written(first, fields), *texts]))
        if not text.startswith(self.schemes):
            untold = f"it is no address that begins with {self.schemes[0]}"
            raise Unknown(untold.replace("it", quoted(text), 1), untold)
        return text


def _written(part: str | Compiled, fields: Fields) -> str:
    return part if isinstance(part, str) else written(part.evaluate(fields))


def _encoded(part: Compiled, fields: Fields) -> str:
    text = _written(part, fields)
    if text in (".", ".."):
        raise Unknown(f"{quoted(text)} cannot be a part of an address")
    return text if _ENCODED_ALREADY.search(part.text) else quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Typed:
    """Nothing but one `{{ }}`, where the value keeps its type (`json`, `data`)."""

    source: str
    part: Compiled

    def render(self, fields: Fields) -> Any:
        value = self.part.evaluate(fields)
        check_value(value, MAX_VALUE)
        return _as_json(value)


def compile_template(
    text: str, scope: Scope, *, typed: bool = False, schemes: tuple[str, ...] = ()
) -> Template:
    """With `schemes`, of an address. Raises `ExpressionError`, its offset counted in `text`."""
    if "{%" in text:
        raise ExpressionError("only {{ }} can be used, no {% %}", text.index("{%"))
    if "{{" not in text:
        if "}}" in text:
            raise ExpressionError("}} without {{", text.index("}}"))
        return PlainText(str(text))
    if (unclosed := _unclosed(text)) >= 0:
        raise ExpressionError("this {{ is never closed", unclosed)
    spans = list(re.finditer(r"\{\{-?(.*?)-?\}\}", text, re.DOTALL))
    if len(spans) > MAX_PARTS:
        raise ExpressionError(f"a text has at most {MAX_PARTS} {{{{ }}}}")
    for span in spans:
        check_size(span.group(1))
    parts = _compile_parts(text, spans, scope)
    if typed and len(parts) == 1 and isinstance(parts[0], Compiled):
        return Typed(str(text), parts[0])
    if schemes:
        return Address(str(text), tuple(parts), schemes)
    return Rendered(str(text), tuple(parts))


def _unclosed(text: str) -> int:
    """Where a `{{` stands that no `}}` follows before the next; -1 if none does."""
    at = text.find("{{")
    while at >= 0:
        end, following = text.find("}}", at), text.find("{{", at + 2)
        if end < 0 or 0 <= following < end:
            return at
        at = following
    return -1


def _compile_parts(text: str, spans: list[re.Match[str]], scope: Scope) -> list[str | Compiled]:
    parts: list[str | Compiled] = []
    at = iter(spans)
    try:
        found = parse_output(text)
    except ExpressionError as error:
        raise _joined(_broken(spans, scope)) or error from None
    wrong: list[ExpressionError] = []
    for node in found:
        if isinstance(node, nodes.TemplateData):
            parts.append(node.data)
            continue
        span = next(at, spans[-1])
        try:
            parts.append(_shifted(compile_node(node, span.group(1), scope), span.start(1)))
        except ExpressionError as error:
            wrong.append(ExpressionError(str(error), span.start(1) + error.offset))
    if told := _joined(wrong):
        raise told
    return parts


def _joined(wrong: Sequence[ExpressionError]) -> ExpressionError | None:
    """The first, with the others; None when there is none."""
    if not wrong:
        return None
    wrong[0].others = tuple(wrong[1:])
    return wrong[0]


def _shifted(part: Compiled, by: int) -> Compiled:
    """With the places of its doubts counted in the whole text."""
    if not part.doubts:
        return part
    return replace(part, doubts=tuple((said, at + by) for said, at in part.doubts))


def doubts_of(made: Template) -> list[tuple[str, int]]:
    """What a text says that is hardly meant, each with its offset."""
    parts: Sequence[Any] = ()
    if isinstance(made, Rendered):
        parts = made.parts
    elif isinstance(made, Typed):
        parts = (made.part,)
    return [doubt for part in parts if isinstance(part, Compiled) for doubt in part.doubts]


def texts_of(made: Template) -> list[str]:
    """What stands around the `{{ }}` of a text."""
    parts = made.parts if isinstance(made, Rendered) else ()
    return [part for part in parts if isinstance(part, str)]


def only_part(made: Template) -> Compiled | None:
    """The expression that a text with `{{ }}` is, when there is nothing around it."""
    if isinstance(made, Typed):
        return made.part
    parts = made.parts if isinstance(made, Rendered) else ()
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Compiled) else None


def _broken(spans: Sequence[re.Match[str]], scope: Scope) -> list[ExpressionError]:
    """What is wrong with each, of a text of which one at least cannot be parsed."""
    found = []
    for span in spans:
        try:
            parts = parse_expression(span.group(1))
        except ExpressionError as error:
            place = span.start(1) + error.offset if error.offset else span.start()
            found.append(ExpressionError(str(error), place))
            continue
        try:
            for node in parts:
                compile_node(node, span.group(1), scope)
        except ExpressionError as error:
            found.append(ExpressionError(str(error), span.start(1) + error.offset))
    return found


def _as_json(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _as_json(item) for key, item in value.items()}
    return value
