"""The syntax of expressions: Jinja2's parser, which only parses here; its errors in our words."""

import re

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from app.domain.suggest import quoted
from workers.rules.expressions.other_languages import habit

MAX_LENGTH = 1000
MAX_BRACKETS = 20
_OPEN = "{{ "
_NOT = "not an expression"

ENVIRONMENT = Environment(
    autoescape=False,  # noqa: S701 - nothing is rendered by Jinja2, it only parses
    keep_trailing_newline=True,
    block_start_string="\ufdd0%",
    block_end_string="%\ufdd0",
    comment_start_string="\ufdd0#",
    comment_end_string="#\ufdd0",
)


class ExpressionError(Exception):
    """An expression cannot be used. `offset` is where, in its text, as far as that is known; what
    is wrong with further `{{ }}` of the same text is in `others`."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset
        self.others: tuple[ExpressionError, ...] = ()


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


_UNEXPECTED = re.compile(r"unexpected char .* at (\d+)")
_ENDS = ("unexpected '}'", "unexpected 'end of ")
_VALUE = re.compile(r"unexpected '[^']")
_OTHER = re.compile(r"expected token '(.+)', got ")


def parse_expression(text: str) -> list[nodes.Expr]:
    """One expression without braces. Raises `ExpressionError` with an offset in `text`."""
    try:
        return parse_output(_OPEN + text + "\n }}")
    except ExpressionError as error:
        if found := habit(text):
            raise ExpressionError(f"{_NOT}: {found[0]}", found[1]) from None
        raise ExpressionError(str(error), max(0, error.offset - len(_OPEN))) from None


def parse_output(text: str) -> list[nodes.Expr]:
    """The parts of a text with `{{ }}`: constants are `TemplateData`."""
    try:
        body = ENVIRONMENT.parse(text).body
    except TemplateSyntaxError as error:
        raise _told(error.message or "", text) from None
    except RecursionError:
        raise ExpressionError("nested too deep") from None
    except (ValueError, ArithmeticError):
        raise ExpressionError("a number in it cannot be read") from None
    parts: list[nodes.Expr] = []
    for node in body:
        if isinstance(node, nodes.Output):
            parts += node.nodes
    return parts


def _told(message: str, text: str) -> ExpressionError:
    """The parser's message in our words, with the place of what it could not read."""
    if found := _UNEXPECTED.search(message):
        words = re.sub(r" at \d+$", "", message)
        return ExpressionError(f"{_NOT}: {words[:200]}", int(found.group(1)))
    at, read = _unread(text)
    if "got '|'" in message or text[:at].rstrip().endswith("|"):
        return ExpressionError(f"{_NOT}: a filter's name follows |", text.rfind("|", 0, at + 1))
    if message.startswith(_ENDS) or "got 'end of " in message or not read.strip():
        return ExpressionError(f"{_NOT}: it ends too early")
    if _VALUE.match(message):
        return ExpressionError(f"{_NOT}: a value is missing before {quoted(read)}", at)
    if message.startswith("expected name or number"):
        return ExpressionError(f"{_NOT}: a name is missing after the point", at)
    other = _OTHER.match(message)
    wanted = other.group(1) if other else ""
    if wanted.startswith("end of "):
        wanted = "an operator such as `and` or =="
    elif wanted == "name":
        wanted = "a name"
    if not wanted:
        return ExpressionError(f"{_NOT}: {message.rstrip('.')[:200]}", at)
    return ExpressionError(f"{_NOT}: {wanted} is missing before {quoted(read)}", at)


def _unread(text: str) -> tuple[int, str]:
    """The part of a text that the parser stopped at, and where it stands."""
    parts, at = [], 0
    try:
        for _, kind, value in ENVIRONMENT.lexer.tokeniter(text, None):
            if kind != "whitespace":
                parts.append((at, value))
            at += len(value)
    except TemplateSyntaxError:
        return 0, ""
    parser = Parser(ENVIRONMENT, text)
    try:
        parser.parse()
    except TemplateSyntaxError:
        left = sum(1 for _ in parser.stream)
        if 0 < left <= len(parts):
            return parts[-left]
    return 0, ""
