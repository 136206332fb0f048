"""What YAML makes of values that somebody forgot to quote, said in the words of the author.

`#1` is a comment to YAML, `*1` an alias, `{{ x }}` a mapping inside a mapping. Each of these
gets its own message, with the quotes in place.
"""

import re
from collections.abc import Sequence

import yaml

from app.domain.suggest import quoted
from app.yaml.problems import Place
from app.yaml.unquoted import starts_with_sign

_LOOKED_AT = 500  # characters of a line; a hostile one may be long
_LINES = 100
_COMMENT_AS_VALUE = re.compile(r"(?:(?<=[:\[,{])|(?<=[:\-\[,{]\s))\s*(#[^\s,\]}]*)")
_COMMENT_IN_TEXT = re.compile(r"[:,]\s+[^\s\"'#{\[][^\"'#{}\[\]]*\s(#[^#]*[}\]])")
_CUT_OFF = re.compile(r"[ \t]+(#[\w{(*+\"'&].*?)\s*$")
_NO_PROSE = re.compile(r"[+-]?[\d.:]+[a-z]{0,2}(?:\d+[a-z]+)*|true|false|yes|no|on|off|null")
_AFTER_QUOTE = re.compile(r":\s+(\"[^\"]*\"|'[^']*')\s*$")
_AFTER_QUOTE_IN_FLOW = re.compile(r"[:,\[{]\s*(\"[^\"]*\"|'[^']*')\s*$")
_KEY_ALONE = re.compile(r"\s*(?:- +)*[\w.\"']+")
_BRACES = re.compile(r"(?:^|[:\-,\[])\s*(\{\{.*)")
_COLON_IN_TEXT = re.compile(r"^\s*(?:- +)?[\w.\"']+:\s+[^\"'{\[|>&*!#\s].*:\s")
_KEY_HERE = re.compile(r" *([\w.]+):(?:\s|$)")
_KEY_WITH_VALUE = re.compile(r"(\s*(?:- +)*)([\w.]+):\s+[^\s\"'{\[|>&*!#]")

NO_SHARING = "anchors and merge keys are not supported here; write it out where it is needed"


class Shared:
    """The names of the anchors and aliases that a text seems to have."""

    def __init__(self, text: str) -> None:
        self.anchors = frozenset(_ANCHORS.findall(text))
        self.aliases = frozenset(_ALIASES.findall(text))


_ANCHORS = re.compile(r"(?:^|[\s\[{,])&([^\s,\[\]{}]+)")
_ALIASES = re.compile(r"(?:^|[\s\[{,])\*([^\s,\[\]{}]+)")


def unquoted(sign: str, name: str) -> str:
    what = "an alias" if sign == "*" else "an anchor"
    return f'quote a value that starts with {sign}: "{sign}{name}" (YAML takes it for {what})'


_SECRET_TAGS = frozenset({"!secret", "!vault", "!env", "!env_var", "!ref", "!sops"})


def tagged(tag: str, written: str) -> str:
    """What to say of a tag, which is `written` there."""
    short = quoted(tag.replace("tag:yaml.org,2002:", "!!"))
    if tag.lower() in _SECRET_TAGS:
        return f"the tag {short} does nothing here; a secret is written as `{{env: NAME}}`"
    if tag.startswith("!include") or tag == "!import":
        return f"the tag {short} does nothing here: there is one file, so write it out"
    if not tag.startswith("!"):
        return f"the tag {short} does nothing here; leave it out"
    value = re.split(r"[,}\]]|\s#", written, maxsplit=1)[0]
    return starts_with_sign(value)


def collection_as_key(lines: Sequence[str], place: Place) -> str:
    """A mapping or list where a key should be: nearly always an unquoted `{{ }}`."""
    line = _line(lines, place.line - 1)[:_LOOKED_AT]
    if line[max(0, place.column - 2) :].startswith("{{"):
        return _braces_message(line)
    return "a key must be a text"


def swallowed_by_comment(lines: Sequence[str], place: Place) -> tuple[Place, str] | None:
    """What was written, and where, when an empty value at `place` is followed by `#...`."""
    if place.line > len(lines):
        return None
    line = lines[place.line - 1][: place.column + _LOOKED_AT]
    found = re.compile(r"\s*(#\S+)").match(line, place.column - 1)
    if found is None:
        return None
    return Place(place.line, found.start(1) + 1), found.group(1)


def cut_by_comment(line: str, text: str, start: int) -> tuple[int, str] | None:
    """The column of a `#` directly behind a plain text that begins at `start`, and what to say of
    it, when it looks like a part of the text: behind a plain number, a flag or a duration it does
    not, nor with a space behind it."""
    found = _CUT_OFF.match(line, start + len(text))
    if found is None or _NO_PROSE.fullmatch(text):
        return None
    rest = found.group(1)[:20].rstrip() + ("…" if len(found.group(1)) > 20 else "")
    message = f"YAML takes the rest ({rest}) for a comment; quote the text"
    if not rest[1].isdigit() and rest[1] != "{":
        message += ", or write `# ` before a comment"
    return found.start(1) + 1, message


def explain(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> tuple[Place, str]:
    """Where and what a syntax error is, in our words where we know the cause."""
    problem, context = error.problem_mark, error.context_mark
    last = problem.line if problem else 0
    first = context.line if context else last
    for number in range(max(first, last - _LINES), min(last, len(lines) - 1) + 1):
        if found := _trap_in(lines[number][:_LOOKED_AT], flow="flow" in (error.context or "")):
            return Place(number + 1, found[0] + 1), found[1]
    if problem and (message := _in_flow(error, _line(lines, problem.line), problem)):
        return Place(problem.line + 1, problem.column + 1), message
    if context and (message := _not_closed(error, _line(lines, context.line)[context.column :])):
        return Place(context.line + 1, context.column + 1), message
    if problem and "mapping values" in (error.problem or "") and (told := _deeper(lines, last)):
        return told
    place = Place(problem.line + 1, problem.column + 1) if problem else Place(1, 1)
    return place, _plain_words(error, _line(lines, place.line - 1)[:_LOOKED_AT], place)


def near(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> tuple[int, ...]:
    """The lines, by index, on which the cause of an error is likely to stand."""
    problem, context = error.problem_mark, error.context_mark
    if problem is None:
        return ()
    found = [problem.line]
    if context and ("simple key" in (error.context or "") or "scalar" in (error.context or "")):
        found.append(context.line)
    if context is None or "block" in (error.context or ""):
        above = (n for n in range(min(problem.line, len(lines)) - 1, -1, -1) if lines[n].strip())
        found.append(next(above, problem.line))
    return tuple(found)


def _line(lines: Sequence[str], number: int) -> str:
    """A line by its index; nothing past the end, where the parser may point."""
    return lines[number] if number < len(lines) else ""


def _trap_in(line: str, *, flow: bool) -> tuple[int, str] | None:
    if braces := _BRACES.search(line):
        return braces.start(1), _braces_message(line)
    if flow and (comment := _COMMENT_AS_VALUE.search(line)):
        return comment.start(1), comment_message(comment.group(1))
    if flow and (comment := _COMMENT_IN_TEXT.search(line)):
        return comment.start(1), 'quote a text that contains " #" (YAML takes it for a comment)'
    return None


def _braces_message(line: str) -> str:
    inside = re.search(r"\{\{.*?\}\}", line)
    shown = inside.group() if inside else "{{ ... }}"
    quote = "'" if '"' in shown else '"'
    return f"quote a text with {{{{ }}}}: {quote}{shown}{quote} (YAML takes it for a mapping)"


def comment_message(written: str) -> str:
    return f'quote a value that starts with #: "{written[:40]}" (YAML takes it for a comment)'


def _in_flow(error: yaml.MarkedYAMLError, line: str, problem: yaml.Mark) -> str | None:
    """A value inside { } or [ ] that is to be quoted."""
    column = problem.column
    if "flow" not in (error.context or "") or "did not find expected" not in (error.problem or ""):
        return None
    if line[column : column + 2] in (": ", ":"):
        begun = error.context_mark.line if error.context_mark else 0
        is_key = begun != problem.line and _KEY_ALONE.fullmatch(line[:column])
        return None if is_key else _COLON
    if _AFTER_QUOTE_IN_FLOW.search(line[:column][-_LOOKED_AT:]):
        return _BEHIND_QUOTE
    return None


_COLON = 'quote a text that contains ": "'
_BEHIND_QUOTE = "a text goes on behind its closing quote; put the whole value in quotes"


def _deeper(lines: Sequence[str], number: int) -> tuple[Place, str] | None:
    """A key that is indented under one that has a value already."""
    key = _KEY_HERE.match(_line(lines, number)[:_LOOKED_AT])
    at = next((n for n in range(number - 1, -1, -1) if lines[n].strip()), None)
    above = None if at is None else _KEY_WITH_VALUE.match(lines[at][:_LOOKED_AT])
    if key is None or at is None or above is None or above.start(2) >= key.start(1):
        return None
    message = f"{key.group(1)} is indented too far: {above.group(2)} above it has a value already"
    return Place(number + 1, key.start(1) + 1), message


def _not_closed(error: yaml.MarkedYAMLError, opening: str) -> str | None:
    if "quoted scalar" in (error.context or "") or "flow" in (error.context or ""):
        return f"this {opening[:1]} is never closed, or what is in it is not separated by commas"
    return None


def _plain_words(error: yaml.MarkedYAMLError, line: str, place: Place) -> str:
    problem = error.problem or "not YAML"
    here = line[place.column - 1 : place.column]
    if "\t" in line[: place.column]:
        return "a tab; indent with spaces"
    if "alias" in (error.context or "") or "anchor" in (error.context or ""):
        sign = "*" if "alias" in (error.context or "") else "&"
        return f"quote a value that starts with {sign} (YAML takes it for an alias or anchor)"
    if "tag" in (error.context or ""):
        return tagged("!", line[line.find("!") :])
    before = re.sub(r"\"[^\"]*\"|'[^']*'", "", line[: place.column - 1])
    is_open = sum(before.count(sign) for sign in "[{") > sum(before.count(sign) for sign in "]}")
    if here and here in "}]" and "block" in (error.context or "") and not is_open:
        return f"this {here} closes nothing; remove it"
    if "cannot start any token" in problem:
        return f"quote a value that starts with {here}"
    if "mapping values are not allowed" in problem:
        if _COLON_IN_TEXT.match(line):
            return _COLON
        return 'unexpected ":"; is the indentation right, and is a text with ": " in quotes?'
    if "did not find expected" in problem and _AFTER_QUOTE.search(line[: place.column - 1]):
        return _BEHIND_QUOTE
    if "block sequence entries are not allowed" in problem:
        return "a list begins on a line of its own, below its key"
    if "did not find expected" in problem and "block" in (error.context or ""):
        return "the indentation does not fit the lines above"
    context = f" {error.context}" if error.context else ""
    return f"not YAML: {problem}{context}"
