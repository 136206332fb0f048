"""Signs that look like nothing, or like another: no-break spaces, zero-width signs, curly quotes.

They come with text that was pasted from a web page or a word processor.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from app.yaml.problems import Problem

NO_BREAK = "\u00a0\u2007\u202f"
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
CURLY = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
_OTHERS = {
    "\uff1a": "full-width colon",
    "\u2028": "line separator",
    "\u2029": "paragraph separator",
}
_ODD = re.compile(f"[{NO_BREAK}{ZERO_WIDTH}]")
_INDENTATION = re.compile(f"[ \\t]*[{NO_BREAK}{ZERO_WIDTH}][ \\t{NO_BREAK}{ZERO_WIDTH}]*")
_OTHER = re.compile("[\uff1a\u2028\u2029]")
_WORD = re.compile(r"[\"']?([\w.]+)")
_STRUCTURE = re.compile(r"(?:- |[\w.\"']+:(?:\s|$)|[#\r\n]|$)")
_TOKEN = re.compile(r"[^ \t\r\n,{}\[\]]*")


def name_of(sign: str) -> str:
    code = f"(U+{ord(sign):04X})"
    if sign in NO_BREAK:
        return f"a no-break space {code}"
    if sign in ZERO_WIDTH:
        return f"a zero-width sign {code}"
    return f"a {_OTHERS[sign]} {code}" if sign in _OTHERS else f"a curly quote {code}"


def look_alike(word: str) -> str | None:
    """What to say of a letter of another script in a word of Latin ones; None without one."""
    if not re.search("[A-Za-z]", word):
        return None
    found = re.search("[\u0370-\u03ff\u0400-\u04ff]", word)
    if found is None:
        return None
    script = "Greek" if found.group() < "\u0400" else "Cyrillic"
    return f"the {script} letter U+{ord(found.group()):04X}"


def plain_indentation(line: str) -> tuple[str, int, str] | None:
    """The line with plain spaces in front, the column of what was none, and what to say of it."""
    found = _INDENTATION.match(line)
    if found is None or not _STRUCTURE.match(line, found.end()):
        return None
    at = next(at for at, sign in enumerate(line) if _ODD.match(sign))
    mended = "".join(" " if sign in NO_BREAK else sign for sign in found.group())
    mended = _ODD.sub("", mended)
    message = f"{name_of(line[at])} in the indentation; use plain spaces"
    return mended + line[found.end() :], at + 1, message


def plain_key(key: str) -> tuple[str, str] | None:
    """A key without odd signs around it, and what to say of them; None when there are none."""
    odd = _ODD.search(key)
    plain = key.strip(" " + NO_BREAK + ZERO_WIDTH)
    if odd is None or plain == key.strip() or not plain:
        return None
    return plain, f"{name_of(odd.group())} beside {plain!r}; remove it"


def named(problems: Iterable[Problem], text: str) -> list[Problem]:
    """The problems, where such a sign is part of the cause with its name."""
    lines = text.splitlines()
    return [_named(problem, lines) for problem in problems]


def _named(problem: Problem, lines: list[str]) -> Problem:
    if problem.line > len(lines) or "U+" in problem.message or "straight" in problem.message:
        return problem
    found = _TOKEN.match(lines[problem.line - 1], problem.column - 1)
    token = found.group() if found else ""
    word = _WORD.match(token)
    if word and (letter := look_alike(word.group(1))):
        return replace(problem, message=f"{problem.message}; it has {letter} in it")
    if odd := _ODD.search(token) or _OTHER.search(token):
        return replace(problem, message=f"{problem.message}; it has {name_of(odd.group())} in it")
    if token[:1] in CURLY and token:
        said = f"; {name_of(token[0])} is no quote to YAML: write straight ones"
        return replace(problem, message=problem.message + said)
    return problem
