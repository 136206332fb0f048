"""What varies in a log line is a field of it, never a part of its message: in `LOG_FORMAT=json` a
question for `threads` or `error` finds it then. Read off the syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("app", "workers", "cli")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
OF_LOGS = ROOT / "app" / "logs.py"
"""Where a step becomes a line."""

BAD = [
    'log.info("worker started threads=%d", threads)',
    'log.info("worker started threads=7")',
    'log.warning(f"could not register: {error}")',
    'log.error("waiting: %s" % sentence)',
    'log.log(level, "[%s]", kind)',
    "self.redis_log.log(level, sentence)",
    'step(log, f"{what} set aside", unit=key)',
    'step(log, "set aside: " + error)',
    "log.exception(str(error))",
    'log.exception("decide failed", events[0].id)',
    'logging.getLogger("x").warning(sentence)',
]
GOOD = [
    'log.warning("all limits are gone: no conference has a time limit any more")',
    'step(log, "accept" if new else "duplicate", event=id)',
    "step(log, words, level=logging.WARNING, error=error)",
    'log.exception("decide failed", extra=fields(event=id))',
    "parser.step(node)",
    "math.log(level)",
]


def findings(tree: ast.AST) -> Iterator[int]:
    """The lines whose message is not fixed."""
    fixed = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_fixed(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (said := message(node)) is not None:
            arguments, names = said
            if len(arguments) != 1 or names or not is_fixed(arguments[0], fixed):
                yield node.lineno


def message(call: ast.Call) -> tuple[list[ast.expr], bool] | None:
    """What a call says in a log and whether more is mixed into it; None when it is no log's."""
    function = call.func
    if isinstance(function, ast.Name) and function.id == "step" and len(call.args) > 1:
        return call.args[1:], False
    if isinstance(function, ast.Attribute) and function.attr in LEVELS and is_log(function.value):
        return call.args[1 if function.attr == "log" else 0 :], any(
            word.arg not in ("extra", "exc_info") for word in call.keywords
        )
    return None


def is_log(owner: ast.expr) -> bool:
    if isinstance(owner, ast.Call):
        return ast.unparse(owner.func) == "logging.getLogger"
    name = ast.unparse(owner).rpartition(".")[2]
    return name == "log" or name.endswith("_log")


def is_fixed(said: ast.expr, known: set[str]) -> bool:
    if isinstance(said, ast.IfExp):
        return is_fixed(said.body, known) and is_fixed(said.orelse, known)
    if isinstance(said, ast.Name):
        return said.id in known
    text = said.value if isinstance(said, ast.Constant) else None
    return isinstance(text, str) and not set("%={") & set(text)


FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path != OF_LOGS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_holds_what_varies(path: Path) -> None:
    lines = sorted(findings(ast.parse(path.read_text(encoding="utf-8"))))
    assert not lines, f"{path}: make it a field, step(log, …, name=value), in lines {lines}"


@pytest.mark.parametrize("code", BAD)
def test_what_is_mixed_in_is_found(code: str) -> None:
    assert list(findings(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", GOOD)
def test_fixed_words_are_let_through(code: str) -> None:
    assert not list(findings(ast.parse(f"words = 'trying again'\n{code}")))
