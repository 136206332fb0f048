"""No test depends on how fast the machine is: read off the syntax trees of `tests/`.

An assertion may not look at a difference of clock readings, and nobody pauses for a fixed time to
let something happen: `tests.waiting.until` waits for it. See docs/decisions/0102.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

CLOCKS = {
    f"{module}{name}{unit}"
    for module in ("time.", "")
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
    for unit in ("", "_ns")
} | {"datetime.now", "datetime.utcnow", "datetime.datetime.now"}
PAUSES = {"time.sleep", "sleep", "asyncio.sleep", "threading.Timer"}

PAUSES_THAT_ARE_MEANT = {
    "simulation/__main__.py": "looks again whether its Valkey is there",
    "waiting.py": "`until` looks again",
    "doubles/redis_line.py": "a slow line to Redis",
    "e2e/witness/test_settings_seen_outside.py": "a Redis that says nothing for a while",
    "sandbox/service.py": "a slow answer of the service",
    "workers/plivo/test_transport.py": "an answer that drips",
    "workers/webhooks/test_sender.py": "an answer that drips",
}
"""Files in which a pause is the stimulus, and what it is for."""


def name_of(node: ast.AST) -> str:
    """`time.sleep` for the expression `time.sleep`, "" for what is no dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := name_of(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def reads_clock(node: ast.AST, readings: set[str]) -> bool:
    """Is there a clock reading, or a name that holds one, in this expression?"""
    return any(
        (isinstance(part, ast.Call) and name_of(part.func) in CLOCKS)
        or (isinstance(part, ast.Name) and part.id in readings)
        for part in ast.walk(node)
    )


def is_duration(node: ast.AST, readings: set[str], durations: set[str]) -> bool:
    """Is there a difference of clock readings, or a name that holds one, in this expression?"""
    return any(
        (
            isinstance(part, ast.BinOp)
            and isinstance(part.op, ast.Sub)
            and reads_clock(part, readings)
        )
        or (isinstance(part, ast.Name) and part.id in durations)
        or (isinstance(part, ast.Attribute) and part.attr == "elapsed")
        for part in ast.walk(node)
    )


def tells_time(node: ast.AST) -> bool:
    """Without such a node no expression of a function is a clock reading or a duration."""
    if isinstance(node, ast.Call):
        return name_of(node.func) in CLOCKS
    return isinstance(node, ast.Attribute) and node.attr == "elapsed"


def timed_assertions(function: ast.AST) -> Iterator[int]:
    """The lines of a function's assertions that look at a duration."""
    readings, durations = set[str](), set[str]()
    nodes = list(ast.walk(function))
    if not any(map(tells_time, nodes)):
        return
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            kept = name_of(node.targets[0])
            if is_duration(node.value, readings, durations):
                durations.add(kept)
            elif isinstance(node.value, ast.Call) and name_of(node.value.func) in CLOCKS:
                readings.add(kept)
    for node in nodes:
        if isinstance(node, ast.Assert) and is_duration(node.test, readings, durations):
            yield node.lineno


def pauses(tree: ast.AST) -> Iterator[int]:
    """The lines that pause; `sleep(0)` only lets others run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in PAUSES:
            first = node.args[0] if node.args else None
            if not (isinstance(first, ast.Constant) and first.value == 0):
                yield node.lineno


def functions(tree: ast.AST) -> Iterator[ast.AST]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    yield from (node for node in ast.walk(tree) if isinstance(node, kinds))


def trees() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(TESTS.rglob("*.py")):
        if "node_modules" not in path.parts:
            yield path.relative_to(TESTS).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_no_assertion_looks_at_how_long_something_took() -> None:
    found = {
        f"tests/{name}:{line}"
        for name, tree in trees()
        for function in functions(tree)
        for line in timed_assertions(function)
    }
    assert not found


def test_nobody_pauses_to_let_something_happen() -> None:
    found = {name: list(pauses(tree)) for name, tree in trees()}
    pausing = {name for name, lines in found.items() if lines}
    assert pausing - PAUSES_THAT_ARE_MEANT.keys() == set(), found
    assert PAUSES_THAT_ARE_MEANT.keys() - pausing == set()


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("began = time.monotonic(); work(); assert time.monotonic() - began < 1", True),
        ("began = time.time(); took = time.time() - began; assert took < 1", True),
        ("took = clock() - perf_counter(); assert took", True),
        ("assert answer.elapsed.total_seconds() > 1", True),
        ("began = time.time(); assert began <= stamp <= time.time()", False),
        ("assert wait(budget, 5 - 3) > 0", False),
    ],
)
def test_assertions_on_durations_are_seen(body: str, *, seen: bool) -> None:
    assert bool(list(timed_assertions(ast.parse(body)))) is seen


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("time.sleep(0.5)", True),
        ("await asyncio.sleep(delay)", True),
        ("threading.Timer(0.7, roomy).start()", True),
        ("await asyncio.sleep(0)", False),
        ("process.wait(PATIENCE)", False),
    ],
)
def test_pauses_are_seen(body: str, *, seen: bool) -> None:
    assert bool(list(pauses(ast.parse(body)))) is seen
