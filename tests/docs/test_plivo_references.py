"""Every reference to the wire contract leads to a section of docs/plivo.md, and has one form."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plivo.md").read_text(encoding="utf-8")
HERE = "tests/docs/test_plivo_references.py"
ROOMS = ("app", "workers", "cli", "sandbox", "bench", "tests", "docs")
SUFFIXES = {".py", ".lua", ".md", ".yaml", ".toml", ".html"}

GAP = r"[\s#]+"  # a reference may go on in the next line of a comment
NUMBER = r"\d+(?:\.\d+)*(?: [a-z](?=[).,;]))?"
REMARK = rf"(?:{GAP}\([^()]*\))?"
NEXT = rf"(?:,{GAP}|{GAP}(?:to|and|or){GAP})(?=\d)"
REFERENCE = re.compile(rf"docs/plivo\.md{GAP}({NUMBER}{REMARK}(?:{NEXT}{NUMBER}{REMARK})*)")
HOMELESS = re.compile(
    rf"\bcontract(?:'s|,)?{GAP}(?:sections?{GAP})?\d[\d.]*|\bsections?{GAP}\d[\d.]*|§ ?\d[\d.]*",
    re.IGNORECASE,
)


def places(page: str) -> Iterator[str]:
    """What can be cited: headings (`7.2`), numbered rows and items (`11.9`), letters (`2.2 b`)."""
    inside = ""
    for line in page.splitlines():
        if heading := re.match(r"#+ (\d+(?:\.\d+)?)\b", line):
            inside = heading[1]
            yield inside
        elif item := re.match(r"(?:\| )?(\d+)(?: \||\. )", line):
            yield f"{inside}.{item[1]}"
        elif letter := re.match(r"\(([a-z])\) ", line):
            yield f"{inside} {letter[1]}"


def cited(text: str) -> list[str]:
    """The places that a text cites."""
    found = []
    for reference in REFERENCE.finditer(text):
        bare = re.sub(r"\([^()]*\)", "", reference[1])
        found += re.findall(NUMBER, f"{bare})")
    return found


def texts() -> Iterator[tuple[str, str]]:
    """The path and text of what may cite the page."""
    inside = (path for room in ROOMS for path in (ROOT / room).rglob("*"))
    for path in sorted([*ROOT.glob("*"), *inside]):
        name = path.relative_to(ROOT).as_posix()
        if {"node_modules", ".venv"} & {*path.parts}:  # installed beside the bench's adapters
            continue
        if path.suffix in SUFFIXES and path.is_file() and name not in {HERE, "docs/plivo.md"}:
            yield name, path.read_text(encoding="utf-8")


def test_no_two_places_of_the_page_have_the_same_number() -> None:
    known = list(places(PAGE))
    assert sorted(known) == sorted(set(known))


def test_every_reference_leads_to_a_place_of_the_page() -> None:
    known = set(places(PAGE))
    found = [(name, place) for name, text in texts() for place in cited(text)]
    assert found
    assert [where for where in found if where[1] not in known] == []


def test_the_page_refers_to_places_of_its_own() -> None:
    known = set(places(PAGE))
    found = re.findall(r"(?:§|\bsection )(\d+(?:\.\d+)?)(?: no\. (\d+))?", PAGE)
    assert [
        (section, row)
        for section, row in found
        if (f"{section}.{row}" if row else section) not in known
    ] == []


def test_nothing_cites_a_section_without_its_page() -> None:
    lost = [(name, match[0]) for name, text in texts() for match in HOMELESS.finditer(text)]
    assert lost == []


def test_the_switches_of_the_sandbox_cite_places_of_the_page() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    table = page[page.index("| switch | positions") :]
    found = re.findall(r"\((\d+(?:\.\d+)?(?: [a-z])?)\)", table)
    assert found
    assert [place for place in found if place not in set(places(PAGE))] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(docs/plivo.md 7.2).", ["7.2"]),
        ("(docs/plivo.md 2, 5, 6)", ["2", "5", "6"]),
        ("docs/plivo.md 7.1 to 7.4 (rows, ids), 11.15 (kick\nor `all`)", ["7.1", "7.4", "11.15"]),
        ("# docs/plivo.md 6 and\n# 11.13: a second try", ["6", "11.13"]),
        ("no proof (docs/plivo.md 2.2 b).", ["2.2 b"]),
        ("docs/plivo.md 6 does not list it", ["6"]),
        ("as docs/plivo.md says", []),
    ],
)
def test_all_numbers_of_a_reference_are_followed(text: str, expected: list[str]) -> None:
    assert cited(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "contract section 7.2",
        "contract, section 7",
        "contract 7.2",
        "the contract's sections 2 to 4",
        "contract\n# sections 6 and 11",
        "(section 3.2)",
        "docs/plivo.md, section 7.2",
        "see §7.2",
    ],
)
def test_a_section_without_its_page_is_seen(text: str) -> None:
    assert HOMELESS.search(text)
