"""Reading on behind an error of form: what cannot be read is replaced, and nothing is said of it.

Every replacement keeps lines and columns. A value that somebody forgot to quote becomes a quoted
stand-in of the same length; where that does not help, the whole rule (or what the file is a list
of) is blanked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from app.yaml.odd_signs import plain_indentation
from app.yaml.problems import Place
from app.yaml.slips import find
from app.yaml.unquoted import Slip

MAX_ROUNDS = 20
_LARGE, _ROUNDS_OF_LARGE = 100_000, 3  # each round reads the whole file again
_LOOKED_AT = 1000
_END = 1_000_000  # a column behind every line
_SIGNS = "@%*&!`#"
_OPENS_VALUE = re.compile(r":\s+|^\s*(?:- +)+")
_OPENS_IN_FLOW = re.compile(r":\s+|[\[{,]\s*|^\s*(?:- +)+")
_OPENS_QUOTE = re.compile(r"(?::\s+|[\[{,]\s*|- +)(?=[\"'])")
_KEY_FOLLOWS = re.compile(r",\s*[\"']?[\w.]+[\"']?:(?:\s|$)")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")


class Mending:
    """The text of a file and what was replaced in it so far."""

    def __init__(self, text: str, entries: str = "rules") -> None:
        self.lines = text.splitlines(keepends=True)
        self._list = f"{entries}:"
        self.hidden: list[tuple[int, int, int]] = []
        """Spans of which nothing is to be said: line, first and last column."""
        self._rounds = MAX_ROUNDS if len(text) < _LARGE else _ROUNDS_OF_LARGE
        self._rules_with_errors: set[int] = set()

    def indent_plainly(self) -> Iterator[tuple[Place, str]]:
        """Puts plain spaces into indentation; each place where that was needed and why."""
        for number, line in enumerate(self.lines):
            if found := plain_indentation(line):
                self.lines[number], column, message = found
                yield Place(number + 1, column), message

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def is_new(self, place: Place) -> bool:
        """Whether an error there is one of the author's, and not of what was replaced."""
        if self._is_hidden(place):
            return False
        rule = self._rule(place.line - 1)
        again = rule is not None and rule[0] in self._rules_with_errors
        return not again or self._span(place) is not None

    def _is_hidden(self, place: Place) -> bool:
        return any(line == place.line and a <= place.column <= b for line, a, b in self.hidden)

    def slip(self, near: Sequence[int], problem: str) -> Slip | None:
        """The slip of the pen on the lines `near` where the parser stopped, mended; None when it
        is none. It has no message where it only follows from what was replaced."""
        rule = self._rule(min(near)) if near else None
        first = rule[0] if rule else 0
        found = find(self.lines, near, first, problem) if self._rounds > 0 else None
        if found is None or (rule and rule[0] in self._rules_with_errors):
            return None
        self._rounds -= 1
        for number, line in found.instead.items():
            self.lines[number] = line
        is_told = self._is_hidden(found.place)
        self.hidden.append((found.place.line, found.unsaid, _END))
        return replace(found, message="") if is_told else found

    def mend(self, place: Place) -> bool:
        """Replaces what cannot be read there; False when nothing can be done."""
        self._rounds -= 1
        if self._rounds < 0 or place.line > len(self.lines):
            return False
        rule = self._rule(place.line - 1)
        span = self._span(place)
        if span is not None:
            if rule is not None:
                self._rules_with_errors.add(rule[0])
            self._hide(place.line - 1, *span)
            return True
        return rule is not None and self._blank(*rule)

    def _hide(self, number: int, start: int, end: int) -> None:
        line, length = self.lines[number], end - start
        stand_in = "x" if length == 1 else f"'{'x' * (length - 2)}'"
        self.lines[number] = line[:start] + stand_in + line[end:]
        self.hidden.append((number + 1, start + 1, end))
        opened = _opened_at(line[:start])
        if opened is not None and ":" in line[start:end]:  # a key may be in what is hidden
            self.hidden.append((number + 1, opened + 1, opened + 1))

    def _blank(self, start: int, end: int) -> bool:
        """A whole rule; False when none would be left."""
        others = [one for one in self._rules() if one != (start, end)]
        for number in range(start, end):
            line = self.lines[number]
            self.lines[number] = line[len(line.rstrip("\r\n\x85\u2028\u2029")) :]
        return bool(others)

    def _rule(self, number: int) -> tuple[int, int] | None:
        """The lines of the rule in which a line stands, from its dash to before the next."""
        return next(((a, b) for a, b in self._rules() if a <= number < b), None)

    def _rules(self) -> list[tuple[int, int]]:
        first = next((n for n, line in enumerate(self.lines) if line.startswith(self._list)), None)
        if first is None:
            return []
        starts: list[int] = []
        indent = None
        end = len(self.lines)
        for number in range(first + 1, len(self.lines)):
            line = self.lines[number]
            if re.match(r"[\w.\"']", line):
                end = number
                break
            dash = re.match(r"( *)- ", line)
            if dash and indent in (None, len(dash.group(1))):
                indent = len(dash.group(1))
                starts.append(number)
        return list(pairwise([*starts, end]))

    def _span(self, place: Place) -> tuple[int, int] | None:
        """Where the value stands that was to be quoted; None when it is no such mistake."""
        line = self.lines[place.line - 1].rstrip() if place.line <= len(self.lines) else ""
        at = place.column - 1
        if len(line) > _LOOKED_AT or not 0 < at < len(line):
            return None
        if line[at - 1] in "*&" and not line[at].isalnum():
            at -= 1  # of an alias without a name the parser points behind its sign
        if line[at] == "{" and line[at - 1 : at + 1] == "{{":
            at -= 1
        flow = _is_flow(line[:at])
        if line.startswith("{{", at) or line[at] in _SIGNS:
            return at, _end(line, at, flow)
        if line[at] == ":":
            opens = _OPENS_IN_FLOW if flow else _OPENS_VALUE
            starts = [found.end() for found in opens.finditer(line[:at])]
            return (starts[-1], _end(line, starts[-1], flow)) if starts else None
        starts = [found.end() for found in _OPENS_QUOTE.finditer(line[:at])]
        if starts and _QUOTED.fullmatch(line[starts[-1] : at].rstrip()):
            return starts[-1], _end_of_quote(line, starts[-1], at, flow)
        return None


def _is_flow(before: str) -> bool:
    bare = _QUOTED.sub("", before)
    return sum(bare.count(sign) for sign in "{[") > sum(bare.count(sign) for sign in "}]")


def _end(line: str, start: int, flow: bool) -> int:
    """Where an unquoted value ends that begins at `start`."""
    if not flow:
        return len(line)
    in_list = _innermost(line[:start]) == "["
    depth = 0
    for at in range(start, len(line)):
        if line[at] in "{[":
            depth += 1
        elif line[at] in "}]":
            depth -= 1
            if depth < 0:
                return at
        elif line[at] == "," and depth == 0 and (in_list or _KEY_FOLLOWS.match(line, at)):
            return at
    return len(line)


def _end_of_quote(line: str, start: int, behind: int, flow: bool) -> int:
    """Where a quoted value ends that has its own quote in it."""
    if not flow:
        return len(line)
    closing = re.compile(line[start] + r"(?=\s*(?:[}\]]|,|$))").search(line, behind)
    return closing.end() if closing else _end(line, start, flow)


def _innermost(before: str) -> str:
    at = _opened_at(before)
    return "" if at is None else before[at]


def _opened_at(before: str) -> int | None:
    """Where the innermost bracket stands that is open."""
    opened: list[int] = []
    for at, sign in enumerate(_QUOTED.sub(lambda quoted: "x" * len(quoted.group()), before)):
        if sign in "{[":
            opened.append(at)
        elif sign in "}]" and opened:
            opened.pop()
    return opened[-1] if opened else None
