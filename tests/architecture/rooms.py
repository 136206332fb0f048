"""The rooms of the house: folders of modules, and which room imports which."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSES = ("app", "workers", "cli", "sandbox")


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file."""
    files = [file for house in HOUSES for file in sorted((ROOT / house).rglob("*.py"))]
    return {_dotted(file).removesuffix(".__init__"): file for file in files}


def rooms() -> frozenset[str]:
    """A room is a folder of modules."""
    return frozenset(map(_room, modules().values()))


@cache
def imports() -> dict[str, frozenset[str]]:
    """Room -> the rooms that its modules import, without itself."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in modules().values():
        room = _room(file)
        found[room] |= {_room(modules()[name]) for name in _imported(file)} - {room}
    return {room: frozenset(others) for room, others in found.items()}


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            below = {f"{node.module}.{alias.name}" for alias in node.names} & modules().keys()
            names |= below or {node.module or ""}
    return names & modules().keys()


def _dotted(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def _room(file: Path) -> str:
    return str(file.parent.relative_to(ROOT))
