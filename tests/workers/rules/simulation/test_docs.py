import re
from pathlib import Path

import pytest

from tests.workers.rules.simulation.books import standup
from workers.rules.simulation.timeline import run_text
from workers.rules.simulation.timeline_values import EVENTS
from workers.rules.vocabulary.actions import VERBS

TEXT = (Path(__file__).parents[4] / "docs" / "testing-rules.md").read_text()


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_of_a_timeline_is_documented_with_its_fields(kind: str) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{kind}` |")]
    for name in EVENTS[kind]:
        assert f"`{name}" in row


@pytest.mark.parametrize("verb", [verb for verb in VERBS if not verb.startswith("hang_up_")])
def test_every_expectation_is_documented(verb: str) -> None:
    assert f"`{verb}" in TEXT.partition("## What is expected")[2]


def test_the_example_can_be_played() -> None:
    example = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
    assert run_text(example, "rules_test.yaml", standup()).passed
