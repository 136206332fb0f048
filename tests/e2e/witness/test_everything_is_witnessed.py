"""Nothing is offered that no test has seen work at the far side."""

import importlib
from pathlib import Path

import pytest

from tests.e2e.witness.catalogue import everything
from tests.e2e.witness.witnesses import DRIVEN

for _path in Path(__file__).parent.glob("test_*_seen_outside.py"):
    importlib.import_module(f"{__package__}.{_path.stem}")


@pytest.mark.parametrize("name", sorted(everything()))
def test_it_was_driven_to_the_far_side(name: str) -> None:
    assert name in DRIVEN, f"no test drives it through real processes: {name}"


def test_nothing_is_driven_that_is_not_offered() -> None:
    assert DRIVEN.keys() - everything() == set()
