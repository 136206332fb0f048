"""The shipped rules and every recipe do what their timelines say, and are listed."""

import re
from pathlib import Path

import pytest

from cli.rules_file import load_rules
from workers.rules.load import load
from workers.rules.simulation.timeline import run_tests, run_text
from workers.rules.simulation.timeline_text import render_report

ROOT = Path(__file__).parents[2]
COOKBOOK = ROOT / "docs" / "cookbook"
RECIPES = [path for path in sorted(COOKBOOK.glob("*.yaml")) if not path.stem.endswith("_test")]


def timelines_of(rules: Path) -> Path:
    return rules.with_stem(rules.stem + "_test")


@pytest.mark.parametrize("rules", [ROOT / "rules.yaml", *RECIPES], ids=lambda path: path.stem)
def test_rules_do_what_their_timelines_say(rules: Path) -> None:
    loaded = load_rules(str(rules))
    assert loaded.warnings == ()
    report = run_tests(timelines_of(rules), loaded)
    assert report.results
    assert report.passed, render_report(report)


@pytest.mark.parametrize("rules", [ROOT / "rules.yaml", *RECIPES], ids=lambda path: path.stem)
def test_the_timelines_can_fail(rules: Path) -> None:
    """With the rules all switched off, something that is expected does not come; a recipe whose
    timeline expects nothing has its dry run taken away instead."""
    text = rules.read_text(encoding="utf-8")
    tests = timelines_of(rules).read_text(encoding="utf-8")
    if "dry_run: true" in text:
        changed = text.replace("dry_run: true", "dry_run: false")
    else:
        changed = re.sub(r"(\n  - name: .*)", r"\1\n    enabled: false", text)
    assert not run_text(tests, str(timelines_of(rules)), load(changed, str(rules))).passed


def test_there_are_at_least_twenty_and_all_are_listed() -> None:
    listed = re.findall(r"\(([a-z-]+)\.yaml\)", (COOKBOOK / "README.md").read_text("utf-8"))
    assert sorted(listed) == [path.stem for path in RECIPES]
    assert len(RECIPES) >= 20
