"""Lines that YAML cannot read since a sign in them means something to it: a value that begins with
a bracket, `>` or `|`, a comment of another language, a template, a text that is not indented.

They are slips (`app.yaml.slips`): looked for only where the parser stopped, and mended.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.suggest import quoted
from app.yaml.odd_signs import NO_BREAK
from app.yaml.problems import Place

FAR = 1_000_000  # a column behind every line
_LINES = 200
_HEAD = r"[ ]*(?:- +)*"
_KEY = re.compile(rf"{_HEAD}[\"']?[\w.]+[\"']?:(?:\s|$)")
_FOLDED = re.compile(rf"(?:{_HEAD}[\w.\"']+:\s+| *(?:- +)+)(?=([>|]))")
_HEADER = re.compile(r"[>|](?:[+-]?[1-9]?|[1-9][+-])\s*(?:#.*)?$")
_OPENS_BLOCK = re.compile(rf"{_HEAD}[\w.\"']+:\s+([>|][+-]?)\s*$")
_COMMENT = re.compile(r"^\s*(//|/\*)|[,{\[]\s*(//)")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_QUOTES = "\"'"
_TAG_IN_FLOW = re.compile(r"(?<=[:,\[{]) *(![^\s,\]}]*)(?=[,\]}])")
_TEMPLATE = re.compile(r"\s*\{[%#]")
_BRACKET = re.compile(r"(?:: +|- +|[\[{,] *)(?=([\[{]))")
_COMMA_WANTED = re.compile(
    r"(?<=[\"'\]}])\s+(?=[\"']?[\w.]+[\"']?\s*:(?:\s|$)|[\"'][^\"']*[\"']\s*(?:[,\]}]|$))"
    r"|(?<=[\]}])\s+(?=[\[{])"
)
_BEGINS_WITH_KEY = re.compile(r"\s*[\"']?[\w.]+[\"']?\s*:(?:\s|$)")
_BULLET = re.compile("( *)([\u2013\u2014\u2022\u00b7\u2212])(?= +\\S)")
_WIDE_BLANK = re.compile(rf"{_HEAD}[\w.]+:([{NO_BREAK}])")
_LONE_TEXT = re.compile(r" +([\"'].*[\"']|[+\w.-]+)\s*$")


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong, where, and the lines (by index) to read instead; of the first of them nothing
    is to be said from `unsaid` (a column) on."""

    place: Place
    message: str
    instead: dict[int, str]
    unsaid: int = FAR


def look(lines: Sequence[str], number: int, problem: str) -> Slip | None:
    """The slip on that line (by its index) where the parser stopped with `problem`."""
    if number and "expected ','" in problem and (slip := _comment(lines[number - 1], number - 1)):
        return slip
    for one in (_comment, _bullet, _wide_blank, _folded, _bracket, _tag):
        if slip := one(lines[number], number):
            return slip
    if template := _templates(lines, number):
        return template
    return _shallow_text(lines, number) or _comma(lines, number, problem) or _dash(lines, number)


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _stand_in(length: int) -> str:
    return f"'{'x' * (length - 2)}'" if length > 2 else "x" * length


def shown(text: str) -> str:
    """The text in quotes, as it could be written; cut when it is long."""
    cut = text.strip()
    cut = cut if len(cut) <= 40 else cut[:37] + "..."
    if "'" in cut and ('"' in cut or "\\" in cut):
        return '"..."'
    return f"'{cut}'" if '"' in cut or "\\" in cut else f'"{cut}"'


def _templates(lines: Sequence[str], number: int) -> Slip | None:
    """Lines of a template language; all of the file are left out at once."""
    found = _TEMPLATE.match(lines[number])
    if found is None:
        return None
    sign = found.group().strip()
    gone = [at for at, line in enumerate(lines) if _TEMPLATE.match(line)]
    message = f"nothing is made of {sign} {sign[1]}}} here: write out what the lines stand for"
    return Slip(Place(gone[0] + 1, found.end() - 1), message, {at: _end(lines[at]) for at in gone})


def _comment(line: str, number: int) -> Slip | None:
    bare = _QUOTED.sub(lambda quoted: "x" * len(quoted.group()), _bare(line))
    found = _COMMENT.search(bare)
    if found is None:
        return None
    at = found.start(1 if found.group(1) else 2)
    message = f"a comment begins with #, not with {found.group(1) or found.group(2)}"
    return Slip(Place(number + 1, at + 1), message, {number: line[:at] + _end(line)}, at + 1)


def _bullet(line: str, number: int) -> Slip | None:
    found = _BULLET.match(line)
    if found is None:
        return None
    at = found.start(2)
    message = f"an entry of a list begins with a plain -, not with U+{ord(found.group(2)):04X}"
    return Slip(
        Place(number + 1, at + 1), message, {number: f"{line[:at]}-{line[at + 1 :]}"}, at + 1
    )


def _wide_blank(line: str, number: int) -> Slip | None:
    found = _WIDE_BLANK.match(line)
    if found is None:
        return None
    at = found.start(1)
    message = f"a no-break space (U+{ord(found.group(1)):04X}) behind the colon; use a plain one"
    return Slip(Place(number + 1, at + 1), message, {number: f"{line[:at]} {line[at + 1 :]}"})


def _folded(line: str, number: int) -> Slip | None:
    """A value that begins with `>` or `|` and goes on, on the same line."""
    bare = _bare(line)
    found = _FOLDED.match(bare)
    if found is None or _HEADER.match(bare, found.end()):
        return None
    at, sign = found.end(), found.group(1)
    message = (
        f"quote a value that starts with {sign}: {shown(bare[at:])} "
        f"(YAML takes {sign} for a text on the lines below)"
    )
    instead = {number: bare[:at] + _stand_in(len(bare) - at) + _end(line)}
    return Slip(Place(number + 1, at + 1), message, instead, at + 1)


def _bracket(line: str, number: int) -> Slip | None:
    """A text that begins with what YAML takes for a list or mapping and goes on behind it."""
    bare = _bare(line)
    hidden = _QUOTED.sub(lambda quoted: "x" * len(quoted.group()), bare)
    for found in _BRACKET.finditer(hidden):
        at = found.end()
        closed = _closed(hidden, at)
        if closed is None or not re.match(r"\s*[^\s,\]}#:]", hidden[closed:]):
            continue
        if hidden.startswith("{{", at) or _BEGINS_WITH_KEY.match(bare, closed):
            continue
        if re.match(r"\s+[\[{]", hidden[closed:]):
            continue
        until = _until(hidden, closed) if _is_open(hidden[:at]) else len(bare.rstrip())
        kind = "a list" if found.group(1) == "[" else "a mapping"
        message = (
            f"quote a value that starts with {found.group(1)}: {shown(bare[at:until])} "
            f"(YAML takes it for {kind})"
        )
        instead = {number: bare[:at] + _stand_in(until - at) + bare[until:] + _end(line)}
        return Slip(Place(number + 1, at + 1), message, instead, at + 1)
    return None


def _tag(line: str, number: int) -> Slip | None:
    """A `!` inside { } or [ ] that nothing follows but a comma or bracket."""
    found = _TAG_IN_FLOW.search(_QUOTED.sub(lambda quoted: "x" * len(quoted.group()), line))
    if found is None:
        return None
    at, until = found.span(1)
    instead = {number: line[:at] + _stand_in(until - at) + line[until:]}
    return Slip(Place(number + 1, at + 1), starts_with_sign(found.group(1)), instead, at + 1)


def starts_with_sign(written: str) -> str:
    return f"quote a value that starts with !: {shown(written)} (YAML takes it for a tag)"


def _closed(line: str, start: int) -> int | None:
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(line)):
        depth += (line[at] in "[{") - (line[at] in "]}")
        if depth == 0:
            return at + 1
    return None


def _until(line: str, start: int) -> int:
    """Where an unquoted text ends inside { } or [ ]."""
    depth = 0
    for at in range(start, len(line)):
        depth += (line[at] in "[{") - (line[at] in "]}")
        if depth < 0 or (line[at] == "," and depth == 0):
            return at
    return len(line)


def _is_open(before: str) -> bool:
    return sum(before.count(sign) for sign in "[{") > sum(before.count(sign) for sign in "]}")


def _comma(lines: Sequence[str], number: int, problem: str) -> Slip | None:
    """Between two keys inside { }, on one line or at the end of the one above."""
    line = lines[number]
    if "expected ','" not in problem:
        return None
    hidden = _QUOTED.sub(lambda quoted: f'"{"x" * (len(quoted.group()) - 2)}"', line)
    for found in _COMMA_WANTED.finditer(hidden):
        if _is_open(hidden[: found.start()]) or not _KEY.match(line):
            at = found.start()
            key = line[found.end() :]
            key = re.split(r"\s*[:,\]}]", key.strip(), maxsplit=1)[0].strip(_QUOTES)
            instead = {number: f"{line[:at]},{line[at + 1 :]}"}
            before = "here" if key[:1] in "[{" else f"before {quoted(key)}"
            return Slip(Place(number + 1, at + 1), f"a comma is missing {before}", instead)
    above = next((at for at in range(number - 1, -1, -1) if lines[at].strip()), None)
    if above is None or not _BEGINS_WITH_KEY.match(line) or "#" in lines[above]:
        return None
    opening = _opening(lines, number)
    if opening is None or _indent(line) <= _indent(lines[opening], _HEAD):
        return None  # it is the bracket that is missing
    bare = lines[above].rstrip()
    if bare[-1] in ",{[":
        return None
    message = "a comma is missing at the end of this line"
    return Slip(Place(above + 1, len(bare) + 1), message, {above: f"{bare},{_end(lines[above])}"})


def _opening(lines: Sequence[str], number: int) -> int | None:
    """The line above on which the bracket was opened that a line stands in."""
    depth = 0
    for at in range(number - 1, max(-1, number - _LINES), -1):
        for sign in reversed(_QUOTED.sub("", lines[at])):
            depth += (sign in "]}") - (sign in "[{")
            if depth < 0:
                return at
    return None


def _indent(line: str, before: str = " *") -> int:
    found = re.match(before, line)
    return found.end() if found else 0


def _shallow_text(lines: Sequence[str], number: int) -> Slip | None:
    """A text below `|` or `>` that is not indented."""
    above = next((at for at in range(number - 1, -1, -1) if lines[at].strip()), None)
    opens = None if above is None else _OPENS_BLOCK.match(_bare(lines[above]))
    bare = _bare(lines[number])
    if opens is None or above is None or not bare.strip() or _KEY.match(bare):
        return None
    key_at = _indent(lines[above], _HEAD)
    if _indent(bare) > key_at:
        return None
    sign, at = opens.group(1), opens.start(1)
    instead = {above: lines[above][:at] + "x" + _end(lines[above])}
    for below in range(number, len(lines)):
        if _KEY.match(lines[below]) or re.match(r" *- ", lines[below]):
            break
        instead[below] = _end(lines[below])
    message = f"indent the text below this {sign} further than this line"
    return Slip(Place(above + 1, at + 1), message, instead, at + 1)


def _dash(lines: Sequence[str], number: int) -> Slip | None:
    """A line without key and dash below an entry of a list."""
    found = _LONE_TEXT.match(_bare(lines[number]))
    above = next((at for at in range(number - 1, -1, -1) if lines[at].strip()), None)
    if found is None or above is None or _KEY.match(lines[number]):
        return None
    at = found.start(1)
    entry = re.match(r"( *)- +(.*)", lines[above])
    if entry is None or len(entry.group(1)) != at:
        return None
    place = Place(number + 1, at + 1)
    if not _KEY.match(entry.group(2)):
        instead = {number: f"{lines[number][:at]}- {lines[number][at:]}"}
        message = f"a - is missing before {quoted(found.group(1).strip(_QUOTES))}"
        return Slip(place, message, instead, at + 1)
    message = "this belongs to no key; begin it with `- `, or indent a text that goes on further"
    return Slip(place, message, {number: _end(lines[number])})
