"""Operations on typed values: the same for `match` and for expressions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.callers import phones
from app.callers.phones import Phone, WithPhone
from workers.rules.vocabulary.model import Unknown

LIMIT = 1e15
MAX_TEXT = 100_000
MAX_COMPARED = 1_000_000
"""Pairs of items that one `-` of two lists may compare."""
MAPPINGS = (dict, Mapping)
"""For `isinstance`, which answers sooner when `dict` comes first."""


def is_number(value: Any) -> bool:
    """A number, and not one of true and false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare_equal(left: Any, right: Any, phone: bool = False) -> bool:
    """Telephone numbers are equal with and without their `+`: when one side is a `Phone`, or when
    the caller says by `phone` that one is meant."""
    if isinstance(left, str) and isinstance(right, str):
        if phone or isinstance(left, Phone) or isinstance(right, Phone):
            return phones.same_phone(left, right)
        return left == right
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, tuple) or isinstance(right, tuple):
        return (
            isinstance(left, list | tuple)
            and isinstance(right, list | tuple)
            and len(left) == len(right)
            and all(map(compare_equal, left, right))
        )
    return bool(left == right)


def in_collection(value: Any, collection: Any, phone: bool = False) -> bool:
    """Whether it is an item of a list, a part of a text or a key of a mapping; telephone numbers
    as in `compare_equal`. Raises `Unknown` where that is no question."""
    if isinstance(collection, str):
        if not isinstance(value, str):
            raise Unknown("only a text can be in a text")
        if phone or isinstance(value, Phone) or isinstance(collection, Phone):
            return phones.contains(collection, value)
        return value in collection
    if isinstance(collection, Mapping):
        if isinstance(value, Phone):
            return any(compare_equal(value, key) for key in collection)
        return value in collection if isinstance(value, str) else False
    if not isinstance(collection, list | tuple):
        raise Unknown("`in` needs a list or a text behind it")
    return any(compare_equal(value, item, phone) for item in collection)


def add(left: Any, right: Any) -> Any:
    """Two numbers, texts or lists as one. Raises `Unknown` when it grows too large."""
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_TEXT:
            raise Unknown("the text grows too long")
        return joined((left, right))
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) + len(right) > MAX_TEXT:
            raise Unknown("the list grows too long")
        return (*left, *right)
    return bounded(lambda one, two: one + two, left, right)


def subtract(left: Any, right: Any) -> Any:
    """A difference; of two lists, what is in the first and equals nothing in the second."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) * len(right) > MAX_COMPARED:
            raise Unknown("the lists are too long to be compared")
        return tuple(item for item in left if not in_collection(item, right))
    return bounded(lambda one, two: one - two, left, right)


def joined(texts: Sequence[str], between: str = "") -> str:
    """Texts as one, which stays a `Phone` for comparisons when one of them is."""
    text = between.join(texts)
    return WithPhone(text) if any(isinstance(one, Phone) for one in texts) else text


def bounded(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Arithmetic on two numbers whose result stays a sensible number."""
    if not is_number(left) or not is_number(right):
        raise Unknown("arithmetic needs numbers")
    try:
        result = apply(left, right)
    except ZeroDivisionError:
        raise Unknown("division by zero") from None
    except OverflowError:
        raise Unknown("the number grows too large") from None
    if not abs(result) <= LIMIT:  # nor is infinity, nor what is no number
        raise Unknown("the number grows too large")
    return result
