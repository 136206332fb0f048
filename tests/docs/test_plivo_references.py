"""Every reference to the wire contract leads to a section of docs/plivo.md."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plivo.md").read_text(encoding="utf-8")
REFERENCE = re.compile(
    r"docs/plivo\.md\s+(\d+(?:\.\d+)?)(?:\s+(?:to|and|or)\s+(\d+(?:\.\d+)?))?", re.MULTILINE
)
HOMELESS = re.compile(r"\bcontract,? (?:sections? )?\d|\(sections? \d", re.IGNORECASE)


def sections() -> set[str]:
    """The numbers of headings, and of the rows or items of those that number their content."""
    found: set[str] = set()
    inside = ""
    for line in PAGE.splitlines():
        if heading := re.match(r"#+ (\d+(?:\.\d+)?)\b", line):
            inside = heading[1]
            found.add(inside)
        elif item := re.match(r"(?:\| )?(\d+)(?: \||\. )", line):
            found.add(f"{inside}.{item[1]}")
    return found


def texts() -> Iterator[tuple[str, str]]:
    for room in ("app", "workers", "cli", "sandbox", "bench", "tests", "docs"):
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in {".py", ".lua", ".md"} and ".venv" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_every_reference_leads_to_a_section() -> None:
    known = sections()
    lost = [
        f"{name}: docs/plivo.md {number}"
        for name, text in texts()
        for reference in REFERENCE.finditer(text)
        for number in reference.groups()
        if number and number not in known
    ]
    assert lost == []


def test_nothing_cites_a_contract_that_is_not_there() -> None:
    here = "tests/docs/test_plivo_references.py"
    lost = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name not in {here, "docs/plivo.md"} and not name.startswith("docs/rules")
        for match in HOMELESS.finditer(text)
    ]
    assert lost == []


def test_the_switches_of_the_sandbox_cite_sections_that_are_there() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    table = page[page.index("| switch | positions") :]
    cited = re.findall(r"\((\d+(?:\.\d+)?)(?: [a-z])?\) \|$", table, re.MULTILINE)
    assert cited
    assert [number for number in cited if number not in sections()] == []
