"""Operations on typed values: the same for `match` and for expressions.

Telephone numbers compare without their leading `+`, because callbacks come without it as often
as with it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from workers.rules.vocabulary.model import Unknown

LIMIT = 1e15
MAX_TEXT = 100_000
MAPPINGS = (dict, Mapping)
"""For `isinstance`, which answers sooner when `dict` comes first."""


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain_phone(text: Any) -> Any:
    """A number without its `+`; anything else (a SIP address) as it is."""
    if isinstance(text, str) and text.startswith("+") and text[1:2].isdigit():
        return text[1:]
    return text


def compare_equal(left: Any, right: Any, phone: bool = False) -> bool:
    if phone:
        left, right = plain_phone(left), plain_phone(right)
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, tuple) or isinstance(right, tuple):
        return (
            isinstance(left, list | tuple)
            and isinstance(right, list | tuple)
            and list(left) == list(right)
        )
    return bool(left == right)


def in_collection(value: Any, collection: Any, phone: bool = False) -> bool:
    if isinstance(collection, str):
        if not isinstance(value, str):
            raise Unknown("only a text can be in a text")
        return value in collection
    if isinstance(collection, Mapping):
        return value in collection if isinstance(value, str) else False
    if not isinstance(collection, list | tuple):
        raise Unknown("`in` needs a list or a text behind it")
    return any(compare_equal(value, item, phone) for item in collection)


def add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_TEXT:
            raise Unknown("the text grows too long")
        return left + right
    return bounded(lambda one, two: one + two, left, right)


def bounded(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Arithmetic on two numbers whose result stays a sensible number."""
    if not is_number(left) or not is_number(right):
        raise Unknown("arithmetic needs numbers")
    try:
        result = apply(left, right)
    except ArithmeticError:
        raise Unknown("division by zero") from None
    if not math.isfinite(result) or abs(result) > LIMIT:
        raise Unknown("the number grows too large")
    return result
