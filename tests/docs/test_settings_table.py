"""docs/operations.md lists every setting as app/settings.py has it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from app.setting_values import duration
from app.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def default(field: "dataclasses.Field[Any]") -> str:
    if field.default in (None, "", ()):
        return ""
    if field.metadata["parse"] is duration:
        return f"`{field.default:g}s`"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def row(field: "dataclasses.Field[Any]") -> str:
    name = f"`{field.name.upper()}`" + (" 🔑" if field.metadata["secret"] else "")
    return f"| {name} | {default(field)} | {field.metadata['meaning']} |"


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_a_setting_has_its_row(field: "dataclasses.Field[Any]") -> None:
    assert row(field) in DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_no_row_is_about_a_setting_that_does_not_exist() -> None:
    known = {row(field) for field in dataclasses.fields(Settings)}
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index("| setting | default | meaning |") + 2
    table = lines[start : lines.index("", start)]
    assert set(table) == known
