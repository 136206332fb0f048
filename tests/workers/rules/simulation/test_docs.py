import re
from pathlib import Path

from tests.workers.rules.simulation.books import standup
from workers.rules.reference.testing import filled
from workers.rules.simulation.timeline import run_text

TEXT = (Path(__file__).parents[4] / "docs" / "testing-rules.md").read_text()


def test_the_tables_are_as_the_catalogue_has_them() -> None:
    assert filled(TEXT) == TEXT, "run: python -m workers.rules.reference.generate"


def test_the_example_can_be_played() -> None:
    example = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
    assert run_text(example, "rules_test.yaml", standup()).passed
