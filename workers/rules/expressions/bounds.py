"""How large anything may become that an expression makes.

What comes from outside is small, but a text can be put in the place of each letter of another one,
and be written into a list a hundred times. So the size of a result is known before it is made, or
is at most twelve times that of what is known to be small (`urlencode`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from workers.rules.vocabulary.comparing.values import LIMIT, MAX_TEXT, is_number, joined
from workers.rules.vocabulary.model import Unknown

MAX_VALUE = 1_000_000
"""Of a value that keeps its type (`json`, `data`): characters of all its texts, and items."""

TEXT = "the text grows too long"
NUMBER = "the number grows too large"


def bounded(value: Any) -> Any:
    """What a filter or a test made, unless it is too large: then `Unknown`."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise Unknown(TEXT)
    elif isinstance(value, list | tuple):
        if len(value) > MAX_TEXT:
            raise Unknown("the list grows too long")
    elif is_number(value) and not abs(value) <= LIMIT:
        raise Unknown(NUMBER)
    return value


def check_size(value: Any, most: int = MAX_TEXT) -> None:
    """That a value has at most so many characters and items in all. Raises `Unknown`."""
    if isinstance(value, str) and len(value) <= most:
        return
    if _left(value, most) < 0:
        raise Unknown(TEXT if most == MAX_TEXT else "the value grows too large")


def joined_within(texts: Sequence[str], between: str = "") -> str:
    """`joined`, if that is no longer than a text may be. Raises `Unknown`."""
    if sum(map(len, texts)) + len(between) * (len(texts) - 1) > MAX_TEXT:
        raise Unknown(TEXT)
    return joined(texts, between)


def check_replaced(value: str, old: str, new: str) -> None:
    """That `value` stays a text of sensible length with `new` for every `old`. Raises `Unknown`."""
    longer = len(new) - len(old)
    if longer > 0 and len(value) + value.count(old) * longer > MAX_TEXT:
        raise Unknown(TEXT)


def _left(value: Any, most: int) -> int:
    """What is left of `most` after this value; below 0 as soon as nothing is."""
    most -= len(value) if isinstance(value, str) else 1
    if isinstance(value, Mapping):
        for key, item in value.items():
            most = _left(item, most - len(str(key))) if most >= 0 else most
    elif isinstance(value, list | tuple):
        for item in value:
            most = _left(item, most) if most >= 0 else most
    return most
