"""What people write in an expression who come from another language: what to write here instead.

It is asked only of a text that the parser refused, so a name may well be called `contains`.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from app.domain.durations import parse_duration

_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_MARK = "\x01"  # stands for each sign of a text in quotes
_OPERAND = rf"({_MARK}{{1,60}}|[\w.]{{1,60}})"
_WORD, _END = r"(?<![\w.])", r"(?![\w.(])"

_SIGNS: Mapping[str, str] = {
    **dict.fromkeys(("eq", "equal", "equals"), "=="),
    **dict.fromkeys(("ne", "neq"), "!="),
    **dict.fromkeys(("gt", "greater", "more", "bigger", "higher"), ">"),
    **dict.fromkeys(("lt", "less", "fewer", "lower", "smaller"), "<"),
    **dict.fromkeys(("gte", "ge", "at least", "=>"), ">="),
    **dict.fromkeys(("lte", "le", "at most", "=<"), "<="),
    **dict.fromkeys(("===", "="), "=="),
    **dict.fromkeys(("!==", "<>"), "!="),
}

_Advice = str | Callable[[Sequence[str]], str]


def _sign(found: Sequence[str]) -> str:
    written = f"`{found[0]}`" if found[0][0].isalpha() else found[0]
    return f"write {_SIGNS[found[1]]}, not {written}"


def _small(found: Sequence[str]) -> str:
    return f"write `{found[0].lower()}`, not {found[0]}"


def _with(found: Sequence[str]) -> str:
    end = "ending" if found[1].startswith("end") else "starting"
    return f"write `is {end}_with({found[2] or '...'})`"


def _contains(found: Sequence[str]) -> str:
    word = "not in" if "not" in found[2] else "in"
    return f"write `{found[3]} {word} {found[1]}`"


def _ternary(found: Sequence[str]) -> str:
    return f"write `{found[3]} if {found[1].strip()} else {found[4]}`"


def _clock(found: Sequence[str]) -> str:
    return f"a time of day stands in quotes: '{found[1]:0>2}:{found[2]}'"


def _seconds(found: Sequence[str]) -> str:
    try:
        seconds = parse_duration(found[1] + found[2][0] if found[2] else found[0])
    except ValueError:
        return ""
    return f"write {seconds:g} for {found[0]} (seconds)"


_HABITS: tuple[tuple[str, _Advice], ...] = (
    (rf"{_WORD}(?:AND|And|OR|Or|NOT|Not|IN|In|IS|Is|IF|ELSE){_END}", _small),
    (r"&&?", lambda found: f"write `and`, not {found[0]}"),
    (r"\|\|", "write `or`, not ||"),
    (r"(===|!==|=>|=<|<>)", _sign),
    (r"=~|~=", "there are no patterns here; under `match` stand globs and {regex: ...}"),
    (r"(?:\+\+|--)\s*$|[+*/-]=", "nothing is changed here, that is the action `set`"),
    (r"!(?!=)", "write `not`, not !"),
    (r"(?<![=!<>])=(?!=)", "write == to compare"),
    ("[\u201c\u201d\u2018\u2019\u00ab\u00bb\u201e`]", "write straight quotes"),
    (r"\?\?", "write `| default(...)`, not ??"),
    (r"\?\.", "write a plain point, not ?."),
    (rf"([^?:|&\"']{{1,60}})(?P<at>\?)\s*{_OPERAND}\s*:\s*{_OPERAND}", _ternary),
    (r"\?", "write `a if condition else b`"),
    (rf"{_WORD}(?:is )?(eq|equals?|neq?|gte?|ge|lte?|le){_END}(?: to\b)?", _sign),
    (rf"{_WORD}(?:is )?(greater|more|bigger|higher|less|fewer|lower|smaller) than\b", _sign),
    (rf"{_WORD}(?:is )?(at least|at most)\b", _sign),
    (rf"{_WORD}(?:is )?(start|begin|end)s?[ _]?[Ww]ith\b\s*{_OPERAND}?", _with),
    (
        rf"{_WORD}{_OPERAND}\s+(?P<at>(?:does not |not )?(?:contains?|includes?|has))\s+{_OPERAND}",
        _contains,
    ),
    (
        rf"{_WORD}(?:matches|match|like){_END}",
        "there are no patterns here; under `match` stand globs and {regex: ...}",
    ),
    (
        rf"{_WORD}{_OPERAND}\s+(?P<at>between)\s+{_OPERAND}\s+and\s+{_OPERAND}",
        lambda found: f"write `{found[3]} <= {found[1]} <= {found[4]}`",
    ),
    (rf"{_WORD}(?:exists?|present){_END}", lambda found: f"write `is defined`, not {found[0]}"),
    (rf"{_WORD}is not(?=\s*[{_MARK}\d])", "write != to compare, not `is not`"),
    (rf"{_WORD}is(?=\s*[{_MARK}\d])", "write == to compare, not `is`"),
    (r"(?<![\w:.])(\d{1,2}):(\d\d)(?::\d\d)?(?![\w:])", _clock),
    (r"(?<![\w-])\d{4}-\d\d-\d\d(?![\w-])", lambda found: f"a date stands in quotes: '{found[0]}'"),
    (r"(?<![\w.])(\d+) ?(seconds?|minutes?|hours?|days?|secs?|mins?)\b", _seconds),
    (r"(?<![\w.])(?:\d+(?:ms|[smhd]))+(?!\w)()()", _seconds),
    (
        rf"(?P<at>\|\s*([a-z_0-9]+)\s*:)\s*{_OPERAND}?",
        lambda found: (
            f"what a filter takes stands in brackets: `| {found[2]}({found[3] or '...'})`"
        ),
    ),
    (
        rf"\|\s*([a-z_0-9]+)\s+({_MARK}+|\d[\d.]*)",
        lambda found: f"what a filter takes stands in brackets: `| {found[1]}({found[2]})`",
    ),
    (
        rf"{_WORD}[fFrRbBuU](?={_MARK})",
        "a text has no letter before its quote; ~ joins texts and values",
    ),
    (r"^\s*[#/]?(?P<at>if)\b", "`if` stands behind its value: `a if condition else b`"),
    (
        r"^\s*[#/]?(?P<at>else|elif|elsif|endif|end|for|endfor|range|set|unless|each|with)\b(?= )",
        "only a value stands here, no statement",
    ),
    (r"^\s*(?P<at>\{)", "leave out the inner braces"),
    (r"(?<![\w.\])])\.(?=[A-Za-z_])", "a name begins without a point, as in member.id"),
    (r"[$@](?=[\w{(])", lambda found: f"a name is written without the {found[0]}"),
    (r";\s*$", "leave out the ;"),
    ("[\"']", "this quote is never closed"),
)
_COMPILED = tuple((re.compile(pattern), advice) for pattern, advice in _HABITS)


def habit(text: str) -> tuple[str, int] | None:
    """What to write instead, and where it stands; of several the first in the text."""
    bare = _STRING.sub(lambda found: _MARK * len(found.group()), text)
    all_found = [
        (found.start("at") if "at" in pattern.groupindex else found.start(), number, found)
        for number, (pattern, _) in enumerate(_COMPILED)
        if (found := pattern.search(bare))
    ]
    for at, number, found in sorted(all_found, key=lambda one: one[:2]):
        advice = _COMPILED[number][1]
        parts = [text[slice(*found.span(part))] for part in range(found.re.groups + 1)]
        if said := advice if isinstance(advice, str) else advice(parts):
            return said, at
    return _brackets(bare)


def _brackets(bare: str) -> tuple[str, int] | None:
    """A bracket without its partner."""
    opened: list[int] = []
    for at, sign in enumerate(bare):
        if sign in "([":
            opened.append(at)
        elif sign in ")]" and (not opened or bare[opened.pop()] + sign not in ("()", "[]")):
            return f"this {sign} closes no bracket", at
    return (f"this {bare[opened[-1]]} is never closed", opened[-1]) if opened else None
