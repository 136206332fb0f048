"""The syntax of expressions: Jinja2's parser, which only parses here; its errors in our words."""

from jinja2 import Environment, TemplateSyntaxError, nodes

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
