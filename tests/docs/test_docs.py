"""The documents say what is: rules in them load, commands and links exist, no settings invented."""

import re
from pathlib import Path

import pytest

from cli.main import COMMANDS
from workers.rules.load import load

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def whole_rules(document: Path) -> list[str]:
    """The YAML blocks that are whole rules files."""
    blocks = FENCED.findall(document.read_text(encoding="utf-8"))
    return [block for block in blocks if re.search(r"^version:", block, re.MULTILINE)]


@pytest.mark.parametrize("name", ["README.md", "docs/tutorial.md"])
def test_rules_in_a_document_load_without_a_warning(name: str) -> None:
    blocks = whole_rules(ROOT / name)
    assert blocks
    for block in blocks:
        assert load(block, name).warnings == ()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_shown_exist(document: Path) -> None:
    shown = re.findall(
        r"(?:bin/|`|^ {4})gavel ([a-z]+(?:-[a-z]+)*)", document.read_text(encoding="utf-8")
    )
    assert set(shown) <= set(COMMANDS)


def test_the_readme_has_its_parts_in_order() -> None:
    heads = re.findall(r"^## (.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heads == ["Run it", "Point Plivo at it", "Write a rule", "How it is built"]


def test_the_architecture_lists_the_keys_of_redis_as_the_code_does() -> None:
    import app.store.keys

    table = [line for line in (app.store.keys.__doc__ or "").splitlines() if line.startswith("|")]
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in table if line not in architecture] == []


def test_every_key_of_redis_is_in_the_table() -> None:
    import app.store.keys

    named = [
        value
        for value in vars(app.store.keys).values()
        if str(value).startswith(app.store.keys.PREFIX)
    ]
    table = (app.store.keys.__doc__ or "").replace(", _digest", " gavel:rules_digest")
    assert [key for key in named if key != app.store.keys.PREFIX and f"{key} " not in table] == []
    elsewhere = [
        str(path.relative_to(ROOT))
        for room in ("app", "workers", "cli")
        for path in (ROOT / room).rglob("*.py")
        if "PREFIX +" in path.read_text(encoding="utf-8") and path.name != "keys.py"
    ]
    assert elsewhere == []
