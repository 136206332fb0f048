"""The worked examples of docs/architecture.md: an action, a trigger field and a setting each touch
one room of code, and what they are for works when what is generated is generated."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.diffs import apply, copy_tree, examples
from tests.architecture.tracing import ROOT

ADDED = ROOT / "tests" / "architecture" / "added"
ROOMS = {"workers/rules/vocabulary", "app/domain", "app"}
HOLD_THE_ENTRIES = (
    "tests/architecture/test_catalogue.py",
    "tests/architecture/test_rooms.py",
    "tests/workers/rules/reference",
    "tests/docs/test_settings_table.py",
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a Python program in a copy of the tree that has the examples."""
    tree = tmp_path_factory.mktemp("tree")
    copy_tree(tree)
    apply(tree)
    shutil.copyfile(ADDED / "added.py", tree / "tests" / "test_added.py")
    for rules in ADDED.glob("*.yaml"):
        shutil.copyfile(rules, tree / rules.name)

    def python(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert python("-m", "workers.rules.reference.generate").returncode == 0
    return python


def test_each_example_touches_one_room_of_code() -> None:
    assert {str(Path(path).parent) for path in examples()} == ROOMS


def test_they_work_and_what_holds_the_entries_together_asks_for_nothing_more(run: Run) -> None:
    tests = ("tests/test_added.py", *HOLD_THE_ENTRIES)
    done = run("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests)
    assert done.returncode == 0, done.stdout


def test_rules_with_them_pass_check_and_gavel_test(run: Run) -> None:
    checked = run("-m", "cli", "test", "announce_test.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_without_them_the_same_rules_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "check", str(ADDED / "announce.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "announce" in done.stdout + done.stderr
    assert "country" in done.stdout + done.stderr
