"""docs/tutorial.md as steps: what a reader types, writes, clicks, and what is printed then."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
CALL_IN = re.compile(r"^- \*\*Call in\*\* with (.*)$", re.MULTILINE)
FIELD = re.compile(r"\*([^*]+)\* `([^`]+)`")
PRESS = re.compile(r"^- \*\*Press\*\* `([^`]+)` in the row of \*(\w+)\*$", re.MULTILINE)
FILE = re.compile(r"(Change in|Replace|Add to) `([\w.]+)`(?: by)?:\s*$")


@dataclass(frozen=True)
class Typed:
    """A command in the second terminal, and the lines that it prints."""

    command: str
    printed: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """Lines that the first terminal, where `gavel up` runs, says next."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A file is changed: `how` is `Change in`, `Replace` or `Add to`."""

    how: str
    file: str
    text: str


@dataclass(frozen=True)
class CalledIn:
    """The form "Call in" of the sandbox's page, by the names of its fields."""

    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pressed:
    """Digits, in the row of this caller."""

    digits: str
    caller: str


Step = Typed | Told | Written | CalledIn | Pressed


def steps(text: str) -> Iterator[Step]:
    """In the order of the page. A block of another kind (`sh`) is nothing that can be compared."""
    end = 0
    for block in BLOCK.finditer(text):
        before = text[end : block.start()]
        end = block.end()
        yield from _clicks(before)
        kind, content = block[1], block[2]
        if kind == "console":
            yield from _typed(content)
        elif kind == "text":
            yield Told(tuple(content.splitlines()))
        elif kind in {"yaml", "diff"}:
            how, file = FILE.findall(before)[-1]
            yield Written(how, file, content)


def _clicks(text: str) -> Iterator[Step]:
    for line in text.splitlines():
        if found := CALL_IN.match(line):
            yield CalledIn(tuple(FIELD.findall(found[1])))
        if found := PRESS.match(line):
            yield Pressed(found[1], found[2])


def _typed(content: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
        command, *printed = part.splitlines()
        yield Typed(command, tuple(printed))


def changed(before: str, diff: str) -> str:
    """A text after a change that is shown as a diff; what is replaced is there exactly once."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] != "+")
    new = "".join(line[1:] for line in lines if line[0] != "-")
    assert before.count(old) == 1, old
    return before.replace(old, new)


NORMAL = (
    (r"\b20\d\d-\d\d-\d\d\b", "DATE"),
    (r"(?<=DATE) (?:UTC|[+-]\d\d:\d\d)$|(?<=\d\d:\d\d:\d\d) (?:UTC|[+-]\d\d:\d\d)\b", " ZONE"),
    (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "TIME"),
    (r"\b(?:\d+[hms])+(?=\s+townhall-1)", "SOON"),
    (r"\b[\d.]+ ms\b", "N ms"),
    (r"member \d+\b", "member N"),
    (r"\bevt-[\w…-]+", "evt-ID"),
    (r"\bonce=[\w…-]+", "once=ID"),
    (r"\s+api_id [\w-]+$", ""),
)


def normal(line: str) -> str:
    """A line without times, ids and the width of its columns."""
    for pattern, name in NORMAL:
        line = re.sub(pattern, name, line)
    return " ".join(line.split())
