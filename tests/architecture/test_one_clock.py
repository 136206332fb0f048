"""All hosts go by Redis' clock: who asks the host's own, and why that does no harm.

A host's clock may be an hour off (`python -m bench.chaos hosts`). What is compared with an instant
that another host may have written, or told to others, comes from `app.store.server.clock`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_no_clock import name_of

ROOT = Path(__file__).parents[2]
OWN_CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today"}

MAY = {
    "app/doctor/store.py": "compares both clocks",
    "app/store/server/clock.py": "before Redis was ever heard of",
    "cli/commands/check.py": "which changes of the clock are near, without Redis",
    "cli/commands/explain.py": "an answer out of a file, without Redis",
    "cli/event_input.py": "an event out of a file, without Redis",
    "cli/since.py": "what people call now is what their machine shows",
    "workers/plivo/responses.py": "an answer that does not say when it was given",
    "workers/rules/explanation/asked.py": "an event out of options, without Redis",
}
"""Files of `app`, `workers` and `cli` that ask the host's own clock."""


def asks_own_clock(tree: ast.AST) -> Iterator[int]:
    """The lines that do; a function that is handed on counts, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and name_of(node) in OWN_CLOCKS:
            yield node.lineno


def test_who_asks_the_own_clock_is_known() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for house in ("app", "workers", "cli")
        for path in (ROOT / house).rglob("*.py")
        if (lines := list(asks_own_clock(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found.keys() - MAY.keys() == set(), found
    assert MAY.keys() - found.keys() == set()


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("now = time.time()", True),
        ("field(default_factory=time.time)", True),
        ("datetime.now(UTC)", True),
        ("time.monotonic()", False),
        ("redis.time()", False),
    ],
)
def test_asking_the_own_clock_is_seen(body: str, *, seen: bool) -> None:
    assert bool(list(asks_own_clock(ast.parse(body)))) is seen
