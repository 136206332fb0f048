"""Telephone numbers: one number has two spellings, with and without its `+`.

Plivo's callbacks send either. Whatever a rule asks of a number has the same answer for both: a test
holds when it holds of one of them. What authors write may have blanks, dashes, dots, brackets,
`tel:` and `00`. Anything else (a SIP address, `anonymous`) is a text and compared as it is.
"""

import re
from functools import lru_cache
from typing import Any

from app.domain.suggest import quoted

SHORTEST, LONGEST = 7, 15
"""Digits of an international number with its country code; the longest is of E.164."""

_REMEMBERED = 100
"""No number is longer; what is, may be as long as it likes and is not kept in memory."""

_SEPARATORS = re.compile("[\\s\u00a0\u2007\u2009\u202f().\u2010-\u2015\u2212/-]+")
_TRUNK_ZERO = re.compile(r"(?<=\d)\s*\(0\)")
_FRAGMENT = re.compile(r"\+*[0-9*?]+", re.ASCII)
_NUMBER = re.compile(r"\+?[0-9]+", re.ASCII)
_BEGINNING = re.compile(r"\A(?:\++|00)(?=[1-9])")
_LIKE_A_NUMBER = re.compile(r"(?:tel:|\+|00|\(?[0-9])", re.IGNORECASE)


class Phone(str):
    """A text of a field that holds telephone numbers, as it came."""

    __slots__ = ()


class WithPhone(Phone):
    """A text into which a number was joined."""

    __slots__ = ()


def plain_phone(text: Any) -> Any:
    """A number, or a glob of numbers, as digits alone; anything else as it is."""
    if not isinstance(text, str) or (text.isdigit() and text[0] != "0"):
        return text
    if isinstance(text, WithPhone):
        return _plain(re.sub(r"\++(?=[0-9])", "", text))
    if text[:1] == "+" and text[1:].isdigit() and text[1] != "0":
        return text[1:]
    return _plain(str(text))


def _plain(text: str) -> str:
    return _plain_again(text) if len(text) <= _REMEMBERED else _plain_once(text)


def _plain_once(text: str) -> str:
    return _BEGINNING.sub("", _bare(text), count=1) if _is_fragment(text) else text


_plain_again = lru_cache(maxsize=4096)(_plain_once)


def without_separators(text: str) -> str:
    """A number, or a part of one, without blanks and what else makes it easier to read."""
    return _bare(text) if _is_fragment(text) else text


def spellings(text: str) -> tuple[str, ...]:
    """A number without and with its `+`; any other text as it is."""
    plain = str(plain_phone(text))
    if _NUMBER.fullmatch(plain):
        return (plain, "+" + plain)
    return (str(text),) if plain == text else (str(text), plain)


def same_phone(left: str, right: str) -> bool:
    if isinstance(left, WithPhone) or isinstance(right, WithPhone):
        left, right = WithPhone(left), WithPhone(right)
    return bool(plain_phone(left) == plain_phone(right))


def starts(text: str, start: str) -> bool:
    """Whether a number in one of its spellings starts so."""
    if isinstance(text, WithPhone):
        return bool(plain_phone(text).startswith(plain_phone(WithPhone(start))))
    wanted = re.sub(r"^00(?=[1-9])", "+", without_separators(start))
    return any(one.startswith((wanted, str(start))) for one in spellings(text))


def ends(text: str, end: str) -> bool:
    """Whether a number in one of its spellings ends so."""
    if isinstance(text, WithPhone):
        return bool(plain_phone(text).endswith(plain_phone(WithPhone(end))))
    wanted = without_separators(end)
    return any(one.endswith((wanted, str(end))) for one in spellings(text))


def contains(text: str, part: str) -> bool:
    """Whether a number in one of its spellings has that in it."""
    if isinstance(text, WithPhone) or isinstance(part, WithPhone):
        return bool(plain_phone(WithPhone(part)) in plain_phone(WithPhone(text)))
    wanted = without_separators(part)
    return any(wanted in one or part in one for one in spellings(text))


def never_a_number(text: str) -> str | None:
    """Why a text that looks like a number (or a glob of numbers) can equal none; None when it can,
    or looks like something else."""
    if "@" in text or not _LIKE_A_NUMBER.match(text):
        return None
    bare = _bare(text)
    if not _FRAGMENT.fullmatch(bare):
        return f"{quoted(text)} is no telephone number: it has more than digits and its +"
    plain = _BEGINNING.sub("", bare, count=1)
    digits = sum(sign.isdigit() for sign in plain)
    if digits > LONGEST:
        return f"{quoted(text)} is no telephone number: it has more than {LONGEST} digits"
    if "*" in plain or "?" in plain:
        return None
    if plain != bare and digits < SHORTEST:
        return f"{quoted(text)} is no whole telephone number: it has fewer than {SHORTEST} digits"
    if plain.startswith("0") and digits >= SHORTEST:
        return f"{quoted(text)}: a number is compared with its country code, such as +49301234567"
    return None


def _is_fragment(text: str) -> bool:
    return _FRAGMENT.fullmatch(_bare(text)) is not None


def _bare(text: str) -> str:
    text = text[4:] if text[:4].lower() == "tel:" else text
    return _SEPARATORS.sub("", _TRUNK_ZERO.sub("", text.strip()) if "(0)" in text else text)
