"""The diffs of docs/architecture.md, and a copy of the tree that they are applied to."""

import re
import shutil
from pathlib import Path

from tests.architecture.tracing import ROOT

BLOCK = re.compile(r"^```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"^ # (\S+)$", re.MULTILINE)


def examples() -> dict[str, list[tuple[str, str]]]:
    """Every file that a worked example changes, with what is replaced in it and by what."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    found: dict[str, list[tuple[str, str]]] = {}
    for block in BLOCK.findall(page):
        _, *parts = PATH.split(block)
        for path, lines in zip(parts[::2], parts[1::2], strict=True):
            found.setdefault(path, []).append((_side(lines, " -"), _side(lines, " +")))
    return found


def _side(lines: str, marks: str) -> str:
    kept = [line for line in lines.splitlines() if line]
    return "".join(f"{line[1:]}\n" for line in kept if line[0] in marks)


def copy_tree(to: Path) -> None:
    """Code, tests and documents as they are in the working tree."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules", ".venv")
    for folder in ("app", "bench", "cli", "docs", "sandbox", "tests", "workers"):
        shutil.copytree(ROOT / folder, to / folder, ignore=ignore)
    for file in ("pyproject.toml", "README.md", "rules.yaml", "rules.schema.json"):
        shutil.copyfile(ROOT / file, to / file)


def apply(tree: Path) -> None:
    """Every example. Raises AssertionError where one does not fit, or fits twice."""
    for path, changes in examples().items():
        text = (tree / path).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{path}: {old}"
            text = text.replace(old, new)
        (tree / path).write_text(text, encoding="utf-8")
