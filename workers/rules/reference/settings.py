"""The table of settings in docs/operations.md, made from `app.settings`."""

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from app.domain.durations import format_duration
from app.setting_values import AtLeast, duration
from app.settings import Settings

DOCUMENT = Path("docs/operations.md")
HEAD = "| setting | default | meaning |\n|---|---|---|\n"


def with_table(page: str) -> str:
    """The page, its table as the settings are now. Raises ValueError if it has none."""
    before, head, rest = page.partition(HEAD)
    if not head:
        raise ValueError(f"{DOCUMENT} has no table of settings")
    _, end, after = rest.partition("\n\n")
    return before + head + "\n".join(_row(field) for field in fields(Settings)) + end + after


def _row(field: "Field[Any]") -> str:
    name = f"`{field.name.upper()}`" + (" 🔑" if field.metadata["secret"] else "")
    return f"| {name} | {default_of(field)} | {field.metadata['meaning']} |"


def default_of(field: "Field[Any]") -> str:
    """As the table shows it; "" where there is none."""
    if field.default in (None, "", ()):
        return ""
    parse = field.metadata["parse"]
    if parse is duration or isinstance(parse, AtLeast):
        return f"`{format_duration(float(str(field.default)))}`"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
