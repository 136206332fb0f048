"""Slips of the pen that keep YAML from being read: a colon, a blank or a dash that is missing, a
quote that is not closed, a merge that was not finished.

Each is looked for only where the parser stopped, told on its own line, and mended so that the rest
of the file can be read.
"""

import re
from collections.abc import Sequence

from app.yaml.problems import Place
from app.yaml.unquoted import Slip, look

_LOOKED_AT = 1000
_HEAD = r"[ ]*(?:- +)*"
_CONFLICT = re.compile(r"<{7}(?: |$)|={7}$|>{7}(?: |$)|\|{7}(?: |$)")
_WIDE_COLON = re.compile(rf"({_HEAD}[\w.]+)\uff1a\s*")
_DASH_TOUCHES = re.compile(r"( *)-(?=[A-Za-z]\w*(?::|\s*$))")
_COLON_TOUCHES = re.compile(rf"({_HEAD}([A-Za-z_]+|[\w.]+(?=:[\[{{\"']))):(?=[^\s:/])")
_COLON_TOUCHES_IN_FLOW = re.compile(r"([{,]\s*([A-Za-z_]+)):(?=[^\s:/])")
_WORD = re.compile(rf"({_HEAD}([a-z][a-z_]*))(?=\s|$)")
_KEY = re.compile(rf"{_HEAD}([\w.]+):(?:\s|$)")
_OPENS_QUOTE = re.compile(rf"(?:^{_HEAD}|:\s+|[\[{{]\s*|,\s+)(?=[\"'])")
_BRACKETS_OPEN = re.compile(r":\s+[\[{]|- +[\[{]")
_BRACKETS = re.compile(r"[\]}]+\s*$")
_CLOSES = {'"': re.compile(r"(?:[^\"\\]|\\.)*\""), "'": re.compile(r"(?:[^']|'')*'(?!')")}
_NO_ESCAPE = re.compile(r"\\(?:([^0abt\tnvfre \"/\\N_LPxuU])|.)")
_SEPARATORS = "\x85\u2028\u2029"
_TAKE_TEXT = frozenset({"name", "description", "if", "log"})


def find(lines: Sequence[str], near: Sequence[int], first: int, problem: str) -> Slip | None:
    """The slip on one of the lines `near` (by index) where the parser stopped with `problem`; a
    quote may have been opened anywhere from the line `first` on."""
    looked_at = [n for n in sorted(set(near)) if n < len(lines) and len(lines[n]) < _LOOKED_AT]
    for number in looked_at:
        for one in (_conflict, _separator, _joined, _escape):
            if slip := one(lines, number):
                return slip
        if slip := look(lines, number, problem):
            return slip
    if near and (slip := _quote(lines, first, max(near))):
        return slip
    for number in looked_at:
        if slip := _no_colon(lines[number], number, problem):
            return slip
    return _no_dash(lines, looked_at, problem) or _too_shallow(lines, looked_at, problem)


def _parted(line: str) -> tuple[str, str]:
    """A line and its end."""
    bare = line.rstrip("\r\n" + _SEPARATORS)
    return bare, line[len(bare) :]


def _conflict(lines: Sequence[str], number: int) -> Slip | None:
    if not _CONFLICT.match(_parted(lines[number])[0]):
        return None
    marks = {at: found.group()[0] for at in range(len(lines)) if (found := _mark(lines[at]))}
    start = max((at for at, sign in marks.items() if sign == "<" and at <= number), default=number)
    middle = next((at for at, sign in marks.items() if sign in "=|" and at >= start), start)
    end = next((at for at, sign in marks.items() if sign == ">" and at >= middle), middle)
    gone = [start, *range(middle, end + 1)]
    return Slip(
        Place(start + 1, 1),
        "a git conflict marker; keep one side and remove the lines <<<<<<<, ======= and >>>>>>>",
        {at: _parted(lines[at])[1] for at in gone},
    )


def _mark(line: str) -> re.Match[str] | None:
    return _CONFLICT.match(_parted(line)[0])


def _separator(lines: Sequence[str], number: int) -> Slip | None:
    """A sign that ends a line for YAML and is not seen in an editor."""
    for at in (number - 1, number):
        bare, end = _parted(lines[at]) if at >= 0 else ("", "")
        if end and end[0] in _SEPARATORS:
            behind = lines[at + 1] if at + 1 < len(lines) else ""
            rest = {at + 1: _parted(behind)[1]} if behind and not _KEY.match(behind) else {}
            message = f"a line separator (U+{ord(end[0]):04X}) ends the line here; remove it"
            return Slip(Place(at + 1, len(bare) + 1), message, {at: bare + "\n", **rest})
    return None


def _joined(lines: Sequence[str], number: int) -> Slip | None:
    """Signs without the blank behind them, or of the wrong width."""
    line = lines[number]
    if found := _WIDE_COLON.match(line):
        at = found.end(1)
        message = "a full-width colon (U+FF1A); write a plain one and a blank"
        instead = {number: f"{found.group(1)}: {line[found.end() :]}"}
        return Slip(Place(number + 1, at + 1), message, instead, at + 1)
    if found := _DASH_TOUCHES.match(line):
        at = found.end()
        instead = {number: f"{line[:at]} {line[at:]}"}
        return Slip(Place(number + 1, at), "a blank is missing after the -", instead, at)
    if found := _COLON_TOUCHES.match(line) or _COLON_TOUCHES_IN_FLOW.search(line):
        at = found.end()
        message = f"a blank is missing after the colon: write `{found.group(2)}: ...`"
        instead = {number: f"{line[:at]} {line[at:]}"}
        return Slip(Place(number + 1, at), message, instead, at)
    return None


def _escape(lines: Sequence[str], number: int) -> Slip | None:
    """A backslash in double quotes that YAML does not know: nearly always a regular expression."""
    bare, end = _parted(lines[number])
    for quote in re.finditer(r"\"(?:[^\"\\]|\\.)*(?:\"|$)", bare):
        wrong = [sign for sign in _NO_ESCAPE.finditer(quote.group()) if sign.group(1)]
        if not wrong:
            continue
        inside = "".join(
            "x" if any(sign.start() == at for sign in wrong) else letter
            for at, letter in enumerate(quote.group())
        )
        at = quote.start() + wrong[0].start()
        message = f"{wrong[0].group()} needs single quotes ('...'): in double ones \\ is YAML's own"
        instead = {number: bare[: quote.start()] + inside + bare[quote.end() :] + end}
        return Slip(Place(number + 1, at + 1), message, instead, quote.start() + 1)
    return None


def _quote(lines: Sequence[str], first: int, last: int) -> Slip | None:
    """A quote that is not closed on its line, with keys in what it swallows."""
    for number in range(first, min(last + 1, len(lines))):
        bare, end = _parted(lines[number])
        at = _opened(bare[:_LOOKED_AT])
        if at is None:
            continue
        following = next((line for line in lines[number + 1 :] if line.strip()), "")
        if following and not _KEY.match(following):
            return None
        closing = _BRACKETS.search(bare, at + 1) if _BRACKETS_OPEN.search(bare[:at]) else None
        until = closing.start() if closing else len(bare)
        stand_in = f"'{'x' * (until - at - 2)}'" if until - at > 1 else "x"
        instead = {number: bare[:at] + stand_in + bare[until:] + end}
        return Slip(Place(number + 1, at + 1), f"this {bare[at]} is never closed", instead, at + 1)
    return None


def _opened(bare: str) -> int | None:
    """Where a quote opens that is not closed on its line."""
    at = 0
    while found := _OPENS_QUOTE.search(bare, at):
        sign = bare[found.end()]
        closed = _CLOSES[sign].match(bare, found.end() + 1)
        if closed is None:
            return found.end()
        at = closed.end()
    return None


def _no_colon(line: str, number: int, problem: str) -> Slip | None:
    """A key without its colon, where the parser says that one is missing, or above the line where
    it met one that it did not expect."""
    bare, end = _parted(line)
    found = _WORD.match(bare)
    if found is None or _KEY.match(bare) or not ("':'" in problem or "mapping values" in problem):
        return None
    at, word = found.end(1), found.group(2)
    rest = bare[at:].split(" #")[0].strip()
    if len(rest.split()) > 1 and rest[0] not in "={[\"'" and word not in _TAKE_TEXT:
        message = "this belongs to no key; indent a text that goes on further, or put it in quotes"
        return Slip(Place(number + 1, len(bare) - len(bare.lstrip()) + 1), message, {number: end})
    if rest.startswith("="):
        instead = {number: bare[:at] + bare[at:].replace("=", ":", 1) + end}
        message = f"write `{word}: ...`, with a colon"
        return Slip(Place(number + 1, bare.index("=", at) + 1), message, instead, at + 1)
    instead = {number: f"{bare[:at]}:{bare[at:]}{end}"}
    return Slip(Place(number + 1, at + 1), f"a `:` is missing after {word}", instead, at + 1)


def _no_dash(lines: Sequence[str], near: Sequence[int], problem: str) -> Slip | None:
    """An entry of a list without its dash."""
    number = near[-1] if near else 0
    if "mapping values" in problem and len(near) == 2:
        number = near[0]
    elif "expected '-'" not in problem:
        return None
    found = _KEY.match(lines[number])
    if found is None or "-" in lines[number][: found.start(1)]:
        return None
    if "mapping values" in problem and found.group(1) != "name":
        return None
    at = found.start(1)
    instead = {number: f"{lines[number][:at]}- {lines[number][at:]}"}
    message = f"a - is missing before {found.group(1)}"
    return Slip(Place(number + 1, at + 1), message, instead, at + 1)


def _too_shallow(lines: Sequence[str], near: Sequence[int], problem: str) -> Slip | None:
    """A key too far to the left between others, which ends what they belong to."""
    if "expected key" not in problem or len(near) != 2:
        return None
    number, behind = near
    key = _KEY.match(lines[number])
    before = next((line for line in reversed(lines[:number]) if line.strip()), "")
    left = key.start(1) if key else 0
    if key is None or not left < _indent(lines[behind]) or not left < _indent(before):
        return None
    message = f"{key.group(1)} is not indented as the lines around it"
    return Slip(Place(number + 1, left + 1), message, {number: _parted(lines[number])[1]})


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
