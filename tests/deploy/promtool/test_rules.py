"""Rules and alerts for Prometheus, tested by promtool: `make alerts`."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.deploy.files import run
from tests.deploy.test_prometheus import EVERY, FOLDER, RULES, TESTS


def promtool(*arguments: str | Path) -> str:
    """Runs promtool, of .venv/bin or of the system; .ci/run brings it (Debian's `prometheus`)."""
    own = Path(sys.executable).parent / "promtool"
    found = str(own) if own.exists() else shutil.which("promtool")
    assert found, "promtool is missing: .ci/run brings it, out of Debian's package `prometheus`"
    return run(found, *arguments)


def test_promtool_reads_every_rule() -> None:
    assert f"SUCCESS: {len(EVERY)} rules found" in promtool("check", "rules", RULES)
    assert "valid" in promtool("check", "config", "--syntax-only", FOLDER / "prometheus.yaml")


def test_alerts_fire_when_they_must_and_never_else() -> None:
    assert "SUCCESS" in promtool("test", "rules", TESTS)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("max without (instance, job, pod)", "sum without (instance, job, pod)"),
        ("> 50", "> 0"),
        (" * 0.001", " * 1"),
        ("gavel_workers_alive) == 0", "gavel_workers_alive) == 7"),
    ],
)
def test_the_tests_find_rules_that_are_wrong(tmp_path: Path, wrong: str, right: str) -> None:
    text = RULES.read_text()
    assert wrong in text
    (tmp_path / RULES.name).write_text(text.replace(wrong, right))
    shutil.copy(TESTS, tmp_path)
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", tmp_path / TESTS.name)
