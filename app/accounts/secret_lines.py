"""Messages about lines of ACCOUNTS_FILE that have a secret: none shows a part of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.accounts.entry import KEYS
from app.yaml import odd_signs
from app.yaml.problems import Problem
from app.yaml.wrong_keys import UNKNOWN_KEY

_SECRET_KEY = re.compile(r"\w*(?:tok|pass|secre|key)\w*(?=[\"']?\s*:)", re.IGNORECASE)
_KEY = re.compile(r"[\"']?[\w.-]+[\"']?\s*:")
_SHOWN = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\(#[^)]*\)")


def told_without_secrets(
    problems: Iterable[Problem], text: str, by_parser: frozenset[Problem] | None
) -> tuple[Problem, ...]:
    """The problems, and no part of a secret in them: those of the parser (None: all are) tell what
    stands there, and an unknown key may be a piece of a secret that was not quoted."""
    lines = dict(_secret_lines(text))

    def tells(one: Problem) -> bool:
        if one.line not in lines:
            return False
        is_key = _KEY.match(lines[one.line], one.column - 1)
        by_piece = one.message.startswith(UNKNOWN_KEY) and not is_key
        return by_parser is None or one in by_parser or by_piece

    shown = [
        replace(one, message=_without_values(one.message, lines[one.line])) if tells(one) else one
        for one in problems
    ]
    return tuple(odd_signs.named(shown, text))


def _without_values(message: str, line: str) -> str:
    """Of a line with a secret only the key is shown."""
    key = _SECRET_KEY.match(line.lstrip(" -"))
    shown = {*KEYS, key[0] if key else ""}
    return _SHOWN.sub(lambda found: found[0] if found[0][1:-1] in shown else "…", message)


def _secret_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines, numbered from 1, on which a secret may stand: that of its key, and those below it
    that are further in, or a list's."""
    indent: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        body = line.lstrip(" ")
        depth = len(line) - len(body)
        if indent is not None and body and depth <= indent and not body.startswith("- "):
            indent = None
        if _SECRET_KEY.search(line):
            indent = depth
        if indent is not None:
            yield number, line
