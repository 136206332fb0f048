"""Habits of other languages in texts that are compared: what is read as plain letters here."""

import re

from app.domain.suggest import quoted

_BEGIN, _END = re.compile(r"\^"), re.compile(r".*\$", re.DOTALL)
_ANYTHING = re.compile(r"(?:^|[^A-Za-z0-9_])\.[*+]")
_SET = re.compile(r"\[[^\]]*[^\]\s]-[^\]\s][^\]]*\]|\[[^\]]+\][+*?{]|\\[dws]")
_CHOICE = re.compile(r"\S\|\S")
_SLASHES = re.compile(r"/(.+)/[a-z]*")
_LIST = re.compile(r"[\w*?-]+(?:,\s*[\w*?-]+)+")
_WORD = re.compile(r"\w+")
_LATIN = re.compile(r"[A-Za-z]")
_ALIKE = re.compile("[\u0370-\u03ff\u0400-\u04ff]")
_STAR = re.compile(r"[A-Za-z][\w.-]*\*|\*[\w.-]*[A-Za-z]")

_GLOBS = "globs know * and ? only; for a regular expression write {regex: ...}"


def doubt_of_glob(text: str, *, is_name: bool) -> str | None:
    """What is hardly meant in a text that is matched as a glob; `is_name` of a conference's."""
    if text != text.strip():
        return f"the blanks around {quoted(text.strip())} count; leave them out"
    parts = (_ANYTHING.search(text), _SET.search(text), _CHOICE.search(text))
    if _BEGIN.match(text) or _END.fullmatch(text) or any(parts):
        return _GLOBS
    if is_name and _LIST.fullmatch(text):
        names = ", ".join(part.strip() for part in text.split(","))
        return f"a comma is part of the name; for several write a list: [{names}]"
    return doubt_of_letters(text)


def doubt_of_literal(text: str) -> str | None:
    """A glob where a text is compared letter by letter."""
    if _STAR.search(text):
        return "* is a plain letter here, no glob; globs stand in `match` without an operator"
    return doubt_of_letters(text)


def doubt_of_regex(text: str) -> str | None:
    """Slashes around a regular expression, as some languages write them."""
    if found := _SLASHES.fullmatch(text):
        return f"the slashes count; write it without: '{found.group(1)}'" + (
            " ((?i) in front ignores case)" if text.endswith("i") else ""
        )
    return None


def doubt_of_letters(text: str) -> str | None:
    """A letter of another script in a word of Latin ones, which looks like one of them."""
    for word in _WORD.findall(text):
        if _LATIN.search(word) and (other := _ALIKE.search(word)):
            return f"the letter U+{ord(other.group()):04X} in {quoted(word)} is no Latin one"
    return None
