"""Habits of other languages in texts that are compared: what is read as plain letters here."""

import re
from collections.abc import Callable

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
_PATH = r"[a-z_]+\.[a-z_]+"
_OTHER_NOTATION = re.compile(
    rf"(?<!\{{)[$#%]?\{{\s*({_PATH})\s*\}}(?!\}})|(?:\$|<%?=?\s*)({_PATH})(?:\s*%?>)?"
)
_DOLLAR = re.compile(rf"\$\{{\{{-?\s*({_PATH})")
_ENVIRONMENT = re.compile(r"\$\{[A-Z][A-Z0-9_]*\}|\$[A-Z][A-Z0-9]*_[A-Z0-9_]*")
_JSON = re.compile(r"\{\s*\"[^\"]*\"\s*:.*\}|\[\s*\{\s*\"[^\"]*\"\s*:.*\]", re.DOTALL)
_EITHER = re.compile(r"[\w*?-]+(?: or [\w*?-]+)+")
_STAR = re.compile(r"[A-Za-z][\w.-]*\*|\*[\w.-]*[A-Za-z]")

_GLOBS = "globs know * and ? only; for a regular expression write {regex: ...}"


def doubt_of_glob(text: str, *, is_name: bool) -> str | None:
    """What is hardly meant in a text that is matched as a glob; `is_name` of a conference's."""
    if text != text.strip():
        return f"the blanks around {quoted(text.strip())} count; leave them out"
    if said := _not_a_glob(text, is_name=is_name):
        return said
    parts = (_ANYTHING.search(text), _SET.search(text), _CHOICE.search(text))
    if _BEGIN.match(text) or _END.fullmatch(text) or any(parts):
        return _GLOBS
    if is_name and _LIST.fullmatch(text):
        names = ", ".join(part.strip() for part in text.split(","))
        return f"a comma is part of the name; for several write a list: [{names}]"
    return doubt_of_letters(text)


def _not_a_glob(text: str, *, is_name: bool) -> str | None:
    """What other tools would read otherwise than letter by letter."""
    if "{{" in text or "${" in text:
        return "nothing is replaced in `match`: this is compared as it stands; use `if`"
    if text in ("null", "~"):
        return f"this is the text {quoted(text)}; whether a field is there is asked in `if`"
    if text.startswith("!") and len(text) > 1:
        return f"the ! is a plain sign here; write {{not: {text[1:60]}}}"
    if text.startswith(tuple("\u201c\u201d\u2018")):
        return "a curly quote is no quote to YAML: write straight ones"
    if is_name and text.lower() in ("all", "any", "every"):
        return f'only a conference called {quoted(text)} is meant; every one is "*"'
    if is_name and (_EITHER.fullmatch(text) or re.search(r"\{[^{}]+,[^{}]+\}", text)):
        return "this is one name; for several write a list: [sales, support]"
    return None


def doubt_of_notation(text: str, known: Callable[[str], bool]) -> tuple[str, int] | None:
    """A name in the notation of another language, `{member.id}` or `${member.id}`, which is told
    as it stands, and where; `known` says whether there is such a name. And `${{ }}` of GitHub; but
    a price may well be in a var."""
    for found in _OTHER_NOTATION.finditer(text):
        name = found.group(1) or found.group(2)
        if known(name):
            written = quoted(found.group())
            return f"{written} is told as it stands; write {{{{ {name} }}}}", found.start()
    for found in _DOLLAR.finditer(text):
        if known(found.group(1)) and not found.group(1).startswith("vars."):
            return "the $ is told as it stands; write {{ ... }} without it", found.start()
    return None


def doubt_of_environment(text: str) -> tuple[str, int] | None:
    """`${TOKEN}`, which a shell would replace, and where it stands."""
    if found := _ENVIRONMENT.search(text):
        return f"{quoted(found.group())} is told as it stands: no environment is read here", (
            found.start()
        )
    return None


def doubt_of_name(text: str, known: Callable[[str], bool]) -> str | None:
    """A text that is nothing but the name of a field; `known` says whether there is such a one."""
    if re.fullmatch(_PATH, text) and known(text):
        return f"this is the text {quoted(text)}; write {{{{ {text} }}}} for its value"
    return None


def doubt_of_json(text: str) -> str | None:
    """JSON as a text where a mapping can be written."""
    if _JSON.fullmatch(text.strip()):
        return "this is sent as one text, with its quotes escaped; write a mapping without quotes"
    return None


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
