"""docs/operations.md lists every setting as app/settings.py has it."""

import dataclasses
from pathlib import Path

from app.settings import Settings
from workers.rules.reference.settings import DOCUMENT, with_table

PAGE = (Path(__file__).parents[2] / DOCUMENT).read_text(encoding="utf-8")


def test_the_table_is_as_the_settings_are() -> None:
    assert with_table(PAGE) == PAGE, "run: python -m workers.rules.reference.generate"


def test_every_setting_has_its_row() -> None:
    missing = [
        field.name
        for field in dataclasses.fields(Settings)
        if f"| `{field.name.upper()}`" not in PAGE
    ]
    assert missing == []


def test_a_row_that_is_wrong_is_made_right() -> None:
    assert with_table(PAGE.replace("| `WEB_THREADS` | `4` |", "| `WEB_THREADS` | `3` |")) == PAGE
