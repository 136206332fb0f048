"""The directions of house and code: who imports whom, and what is done in one place only."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "app": {"app"},
    "workers": {"app", "workers"},
    "sandbox": {"sandbox"},
    "cli": {"app", "workers", "sandbox", "cli"},
}
ONLY_IN = {
    "yaml": ("app/yaml/", "sandbox/scenarios/"),
    "urllib3": (
        *("workers/plivo/", "app/fetching/"),
        *("sandbox/control/client.py", "sandbox/scenarios/player.py"),
    ),
    "fsspec": ("workers/recordings/",),
    "rq": ("workers/", "bench/"),
    "flask": ("app/",),
    "ctypes": ("cli/up/supervised_process.py",),
}
"""Packages from outside, and the beginnings of the paths that may import them."""


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Those of a file that are looked at here."""
    kinds = (ast.Import, ast.ImportFrom, ast.Attribute)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, kinds))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, anywhere in it."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def known_modules(path: Path, known: set[str]) -> set[str]:
    """Those of the `known` modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            below = {f"{node.module}.{alias.name}" for alias in node.names} & known
            found |= below or {node.module or ""}
    return found & known


def reads_environment(path: Path) -> bool:
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}:
            owner = node.value
            if isinstance(owner, ast.Name) and owner.id == "os":
                return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(alias.name in {"environ", "getenv"} for alias in node.names)
    return False


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_import_in_one_direction(room: str) -> None:
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name in imported(path)
        if name.partition(".")[0] in MAY_IMPORT.keys() - MAY_IMPORT[room]
    }
    assert not found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_module_imports_one_that_imports_it(room: str) -> None:
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules(room)
    }
    graph = {name: known_modules(path, set(names)) - {name} for name, path in names.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("package", ONLY_IN)
def test_what_is_done_in_one_place_is_done_there_only(package: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for room in MAY_IMPORT
        for path in modules(room)
        if any(name.partition(".")[0] == package for name in imported(path))
    }
    assert {path for path in found if not path.startswith(ONLY_IN[package])} == set()


def test_the_environment_is_read_in_the_settings_only() -> None:
    found = [
        str(path.relative_to(ROOT))
        for room in MAY_IMPORT
        for path in modules(room)
        if reads_environment(path)
    ]
    assert found == ["app/settings.py"]


IMPORT_ALL = """
import importlib, logging, pathlib, sys
touched = []
def watch(event, arguments):
    if event in ("socket.connect", "subprocess.Popen"):
        touched.append(event)
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(sys.argv[1]):
        if "/.venv/" not in arguments[0] and not arguments[0].endswith((".py", ".pyc")):
            if "__pycache__" not in arguments[0]:
                touched.append(arguments[0])
names = [
    ".".join(path.relative_to(sys.argv[1]).with_suffix("").parts)
    for room in sys.argv[2:] for path in pathlib.Path(sys.argv[1], room).rglob("*.py")
    if path.name != "__main__.py"
]
sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
assert not touched, touched
assert not logging.getLogger().handlers, "logging was started"
"""


def test_nothing_connects_or_reads_a_file_or_starts_logging_when_it_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(ROOT), *MAY_IMPORT],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
