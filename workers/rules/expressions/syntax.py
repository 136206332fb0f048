"""The syntax of expressions: Jinja2's parser, which only parses here; its errors in our words."""

import re

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.domain.durations import parse_duration

MAX_LENGTH = 1000
MAX_BRACKETS = 20
_OPEN = "{{ "

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


_OTHER_LANGUAGES = (
    (re.compile(r"&&"), "write `and`, not &&"),
    (re.compile(r"\|\|"), "write `or`, not ||"),
    (re.compile(r"!(?!=)"), "write `not`, not !"),
    (re.compile(r"(?<=[=!])==|=(?=>)"), "write == to compare, <= and >= for order"),
    (re.compile("[\u201c\u201d\u2018\u2019\u00ab\u00bb\u201e]"), "write straight quotes"),
    (re.compile(r"\?"), "write `a if condition else b`"),
)
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")
_UNIT = re.compile(r"(?<![\w.])(\d+(?:ms|[smhd]))+(?!\w)")
_UNEXPECTED = re.compile(r"unexpected char .* at (\d+)")


def _habit(text: str) -> tuple[str, int] | None:
    """What people write who come from another language, or think of durations: what to write
    instead, and where it stands."""
    bare = _STRINGS.sub(lambda found: " " * len(found.group()), text)
    for pattern, advice in _OTHER_LANGUAGES:
        if found := pattern.search(bare):
            return f"not an expression: {advice}", found.start()
    if found := _UNIT.search(bare):
        try:
            seconds = parse_duration(found.group())
        except ValueError:
            return None
        written = found.group()
        return f"not an expression: write {seconds:g} for {written} (seconds)", found.start()
    return None


def parse_expression(text: str) -> list[nodes.Expr]:
    """One expression without braces. Raises `ExpressionError` with an offset in `text`."""
    try:
        return parse_output(_OPEN + text + "\n }}")
    except ExpressionError as error:
        if habit := _habit(text):
            raise ExpressionError(*habit) from None
        raise ExpressionError(str(error), max(0, error.offset - len(_OPEN))) from None


def parse_output(text: str) -> list[nodes.Expr]:
    """The parts of a text with `{{ }}`: constants are `TemplateData`."""
    try:
        body = ENVIRONMENT.parse(text).body
    except TemplateSyntaxError as error:
        said = error.message or ""
        raise ExpressionError(_syntax(said), _offset(said, text)) from None
    except RecursionError:
        raise ExpressionError("nested too deep") from None
    except (ValueError, ArithmeticError):
        raise ExpressionError("a number in it cannot be read") from None
    parts: list[nodes.Expr] = []
    for node in body:
        if isinstance(node, nodes.Output):
            parts += node.nodes
    return parts


def _offset(message: str, text: str) -> int:
    if found := _UNEXPECTED.search(message):
        return int(found.group(1))
    return max(0, text.find("=")) if "got '='" in message else 0


def _syntax(message: str) -> str:
    for sign, word in (("=", "write == to compare"), ("|", "a filter's name follows |")):
        if f"got '{sign}'" in message:
            return f"not an expression: {word}"
    if message.startswith(("unexpected '}'", "unexpected 'end of ")) or "got 'end of " in message:
        return "not an expression: it ends too early"
    words = re.sub(r" at \d+$", "", message).replace("end of print statement", "its end")
    words = words.rstrip(".")
    return f"not an expression: {words[:200]}"
